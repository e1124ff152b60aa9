/** What is old goes, and nothing else does (H6). */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { chooseOldest } from '../../src/retention/files.ts';
import { Retention } from '../../src/retention/retention.ts';
import { hashName } from '../../src/sessions/names.ts';
import type { Settings } from '../../src/types.ts';
import { type House, openHouse } from '../supervisor/world.ts';
import { settle, until } from '../until.ts';

const DAY_MS = 86_400_000;
const FIRST_MS = 300_000;

async function housed(t: TestContext, change: Partial<Settings> = {}) {
  const house = await openHouse(t);
  const { store, mailboxes, clock, log, dir } = house;
  const settings = { ...house.settings, ...change };
  const retention = new Retention({ store, mailboxes, settings, clock, log, dataDir: dir });
  t.after(() => retention.stop());
  /** A whole pass: each rest of it is moved over. */
  const pass = async (): Promise<void> => {
    retention.start();
    house.clock.advance(FIRST_MS);
    await until('the pass is over', () => {
      house.clock.advance(200);
      return (
        house.clock.isSetFor(house.clock.now() + 6 * 3_600_000 - 200) ||
        (house.clock.nextInMs ?? 0) > 7_200_000
      );
    });
  };
  return { house, retention, pass };
}

async function answeredAndAsleep(house: House, ...ids: string[]) {
  const sessions = [];
  for (const id of ids) {
    sessions.push(await house.say(id));
    await house.end(id, 'answered');
  }
  house.runtime.last.exit(0);
  await until('all receipts are in', async () => {
    const [row] = await house.rows("SELECT count(*) AS n FROM generations WHERE state <> 'settled'");
    const [open] = await house.rows('SELECT count(*) AS n FROM deliveries WHERE mirrored = 0');
    return row?.n === 0 && open?.n === 0 && house.supervisor.summary().awake === 0;
  });
  await house.supervisor.stop();
  const [session] = sessions;
  assert.ok(session);
  return session;
}

async function count(house: House, table: string): Promise<number> {
  const [row] = await house.rows(`SELECT count(*) AS n FROM ${table}`);
  return Number(row?.n);
}

describe('retention', () => {
  test('H6: what is old goes, class by class; numbers count on', async (t) => {
    const { house, pass } = await housed(t);
    // The host answers it itself: nothing of a sandbox's life marks its end.
    await house.accept('c1', { text: '/help' });
    const session = await answeredAndAsleep(house, 'm1', 'm2', 'm3');
    const files = join(house.mailboxes.paths(session).inDir, 'files', hashName('m1'));
    const copies = join(house.dir, 'files', session.id, 'turn-1-1-0');
    for (const folder of [files, copies]) mkdirSync(folder, { recursive: true });
    house.clock.advance(91 * DAY_MS);
    await pass();
    assert.deepEqual(
      [await count(house, 'events'), await count(house, 'targets'), await count(house, 'deliveries')],
      [0, 0, 0],
    );
    assert.equal(await count(house, 'pieces'), 0);
    assert.equal(await count(house, 'generations'), 1, 'the last one stays: the next has the next number');
    assert.deepEqual([existsSync(files), existsSync(copies)], [false, false]);
    await house.mailboxes.inbound(session, (mailbox) => {
      assert.deepEqual(
        [...mailbox.rows(['m1', 'm2', 'm3'] as never[]).keys()],
        ['m3'],
        'the newest row stays',
      );
    });
    assert.deepEqual(house.log.errors, []);
  });

  test('H6: what is young stays, and what has not ended stays however old it is', async (t) => {
    const { house, pass } = await housed(t);
    const session = await answeredAndAsleep(house, 'm1');
    await house.store.transaction(async (sql) => {
      await sql.run(
        "INSERT INTO targets (session_id, message_id, channel, state) SELECT session_id, 'open', channel, 'enqueued' FROM targets",
      );
      await sql.run(
        `INSERT INTO deliveries SELECT session_id, 'open', 9, NULL, channel, chat, thread, content, 'retry', NULL, 0, 1, 0
         FROM deliveries`,
      );
    });
    house.clock.advance(29 * DAY_MS);
    await pass();
    assert.deepEqual(
      [await count(house, 'events'), await count(house, 'targets'), await count(house, 'deliveries')],
      [1, 2, 2],
    );
    house.clock.advance(200 * DAY_MS);
    await until('the old ones are gone', async () => {
      house.clock.advance(200);
      return (await count(house, 'targets')) === 1 && (await count(house, 'deliveries')) === 1;
    });
    assert.equal((await house.rows('SELECT message_id FROM targets'))[0]?.message_id, 'open');
    assert.equal((await house.rows('SELECT out_id FROM deliveries'))[0]?.out_id, 'open');
    assert.equal((await house.mailboxes.inbound(session, (m) => m.rows(['m1' as never]))).size, 1);
  });

  test('H6: a pass is many small steps with rests between them', async (t) => {
    const { house, retention } = await housed(t);
    await house.store.transaction(async (sql) => {
      for (let n = 0; n < 250; n += 1)
        await sql.run(
          'INSERT INTO events (channel, id, accepted_ms) VALUES (?, ?, ?)',
          'fake',
          `e${n}`,
          n + 1,
        );
    });
    retention.start();
    house.clock.advance(FIRST_MS);
    await until('one step was made', async () => (await count(house, 'events')) === 150);
    await settle();
    assert.equal(await count(house, 'events'), 150, 'it rests');
    house.clock.advance(200);
    await until('another was made', async () => (await count(house, 'events')) === 50);
    await retention.stop();
    assert.equal(await count(house, 'events'), 50);
    await retention.stop();
  });

  test('H6: copies of files stay below a size, the oldest go first, and what is on its way stays', async (t) => {
    const { house, pass } = await housed(t, { maxFilesBytes: 2_500 });
    const session = await answeredAndAsleep(house, 'm1');
    await house.store.transaction((sql) =>
      sql.run(
        `INSERT INTO deliveries SELECT session_id, 'row-1', 9, NULL, channel, chat, thread, content, 'queued', NULL, 0, 1, 0
         FROM deliveries`,
      ),
    );
    const paths = [1, 2, 3, 4].map((n) => join(house.dir, 'files', session.id, `row-${n}`, 'a.txt'));
    for (const [n, path] of paths.entries()) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'x'.repeat(1_000));
      utimesSync(path, n + 1, n + 1);
    }
    await pass();
    assert.deepEqual(paths.map(existsSync), [true, false, true, true]);
  });

  test('the oldest are chosen until the rest fits, and none when it fits already', () => {
    const copy = (row: string, bytes: number, atMs: number) => ({
      path: row,
      session: 's',
      row,
      bytes,
      atMs,
    });
    const all = [copy('new', 10, 3), copy('old', 10, 1), copy('middle', 10, 2)];
    const chosen = (max: number) => chooseOldest(all, max).map(({ row }) => row);
    assert.deepEqual(
      [chosen(30), chosen(29), chosen(15), chosen(0)],
      [[], ['old'], ['old', 'middle'], ['old', 'middle', 'new']],
    );
  });
});
