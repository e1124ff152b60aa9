/**
 * The fault that gave this project its start: a message that a NanoClaw runner had claimed was charged a try before any
 * sandbox was started, or was put off and charged again, until it had failed without having been tried once.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MessageId } from '@bellhop/mailbox';
import { SandboxUnavailable } from '../../src/sandboxes/port.ts';
import { deadLetters } from '../../src/store/dead-letters.ts';
import { quarantine } from '../../src/store/sessions.ts';
import { storiesOf } from '../../src/store/stories.ts';
import type { Session } from '../../src/types.ts';
import { settle, until } from '../until.ts';
import { dyingAtWork, hangingAtWork } from './behaviours.ts';
import { importSession, oldClaim, oldRow } from './import-session.ts';
import { type House, notices, openHouse } from './world.ts';

const LATER_MS = 60_000;
/** A real runner's second look; the fake one looks when the bell rings. */
const NUDGES = 20;

async function stateOf(
  house: House,
  session: Session,
  id: string,
): Promise<{ status: string; tries: number }> {
  const rows = await house.mailboxes.inbound(session, (mailbox) => mailbox.rows([id as MessageId]));
  const row = rows.get(id as MessageId);
  return { status: row?.status ?? 'gone', tries: row?.tries ?? -1 };
}

async function nudgeOften(house: House, session: Session): Promise<void> {
  for (let n = 0; n < NUDGES; n += 1) {
    house.supervisor.nudge(session.id);
    await settle();
  }
}

/** How a claimed row of NanoClaw's may wait, in both of its forms of time. */
const WAITS: readonly (readonly [string, (nowMs: number) => string | null])[] = [
  ['due now', () => null],
  ['put off, in ISO form', (nowMs) => new Date(nowMs + LATER_MS).toISOString()],
  [
    "put off, in SQLite's form",
    (nowMs) => new Date(nowMs + LATER_MS).toISOString().slice(0, 19).replace('T', ' '),
  ],
];

describe('an imported message that a dead runner had claimed', () => {
  for (const [waits, processAfter] of WAITS) {
    for (const tries of [0, 1, 3, 4]) {
      test(`N1: with ${tries} tries, ${waits}: it is answered, and has not been charged`, async (t) => {
        const house = await openHouse(t);
        const { clock } = house;
        const after = processAfter(clock.now());
        const session = await importSession(house, {
          inbound: [oldRow('m', { tries, process_after: after, seq: 2 })],
          outbound: [oldClaim('m')],
        });
        await house.supervisor.start();
        house.supervisor.nudge(session.id);
        if (after !== null) {
          await until('it was looked at', async () => (await house.dueMs()) === clock.now() + LATER_MS);
          await nudgeOften(house, session);
          assert.deepEqual(await stateOf(house, session, 'm'), { status: 'pending', tries });
          assert.equal(house.runtime.lives.length, 1, 'nothing is due: no sandbox');
          clock.advance(LATER_MS);
        }
        await until(
          'it is answered',
          async () => (await stateOf(house, session, 'm')).status === 'completed',
        );
        assert.deepEqual(await stateOf(house, session, 'm'), { status: 'completed', tries });
        assert.equal(house.runtime.lives.length, 2);
        assert.deepEqual(house.channel.texts.slice(1), ['re: text of m']);
      });
    }
  }

  test('N1: while no place is free it waits, however often it is looked at, and is answered when one is', async (t) => {
    const house = await openHouse(t, { maxAwake: 1 });
    const session = await importSession(house, {
      inbound: [oldRow('m', { tries: 4, seq: 2 })],
      outbound: [oldClaim('m')],
    });
    await house.supervisor.start();
    house.runtime.next = [hangingAtWork];
    await house.wire('elsewhere');
    await house.say('other', { chat: 'elsewhere' });
    await until('the one place is taken', () => house.runtime.lives.length === 2);
    await nudgeOften(house, session);
    house.clock.advance(10_000);
    await nudgeOften(house, session);
    assert.equal(house.runtime.lives.length, 2);
    assert.deepEqual(await stateOf(house, session, 'm'), { status: 'pending', tries: 4 });
    house.runtime.last.exit(0);
    await until('it is answered', async () => (await stateOf(house, session, 'm')).status === 'completed');
    assert.deepEqual(await stateOf(house, session, 'm'), { status: 'completed', tries: 4 });
  });

  test('N1, W2: while no sandbox can be started, over three hosts, it is not charged', async (t) => {
    const house = await openHouse(t);
    const session = await importSession(house, {
      inbound: [oldRow('m', { tries: 4, seq: 2 })],
      outbound: [oldClaim('m')],
    });
    for (let host = 1; host <= 3; host += 1) {
      house.runtime.refusal = new SandboxUnavailable('no engine', 'Start it.');
      await house.supervisor.start();
      const refused = house.runtime.refused;
      house.supervisor.nudge(session.id);
      await until('it was refused', () => house.runtime.refused > refused);
      for (let n = 0; n < 5; n += 1) {
        house.clock.advance(LATER_MS);
        await nudgeOften(house, session);
      }
      assert.deepEqual(await stateOf(house, session, 'm'), { status: 'pending', tries: 4 });
      house.rehouse();
    }
    house.runtime.refusal = null;
    await house.supervisor.start();
    house.supervisor.nudge(session.id);
    await until('it is answered', async () => (await stateOf(house, session, 'm')).status === 'completed');
    assert.equal((await stateOf(house, session, 'm')).tries, 4);
  });

  test('W4: a sandbox that really died on it costs it one try, once', async (t) => {
    const house = await openHouse(t);
    const session = await importSession(house, {
      inbound: [oldRow('m', { tries: 1, seq: 2 })],
      outbound: [oldClaim('m')],
    });
    house.runtime.next = [dyingAtWork];
    await house.supervisor.start();
    house.supervisor.nudge(session.id);
    await until('it was charged', async () => (await stateOf(house, session, 'm')).tries === 2);
    await nudgeOften(house, session);
    assert.deepEqual(await stateOf(house, session, 'm'), { status: 'pending', tries: 2 });
    await house.advanceToRetry();
    await until('it is answered', async () => (await stateOf(house, session, 'm')).status === 'completed');
    assert.equal((await stateOf(house, session, 'm')).tries, 2);
    assert.deepEqual(notices(house), []);
  });
});

test('N1: a claim of a life that the store has lost costs no try', async (t) => {
  const house = await openHouse(t);
  house.runtime.next = [hangingAtWork];
  const session = await house.say('m1');
  await until('it is claimed', () => house.told.includes('m1 at work'));
  house.runtime.last.exit(0);
  // A backup of before that life was put back: the mailbox is ahead of it.
  house.rehouse();
  await house.store.transaction((sql) => sql.run('DELETE FROM generations'));
  house.runtime.refusal = new SandboxUnavailable('no engine', 'Start it.');
  await house.supervisor.start();
  await nudgeOften(house, session);
  house.clock.advance(LATER_MS);
  await nudgeOften(house, session);
  assert.deepEqual(await stateOf(house, session, 'm1'), { status: 'pending', tries: 0 });
});

test('N1: a message that comes while the end of an idle sandbox is being noted is not charged for it', async (t) => {
  const house = await openHouse(t);
  const session = await house.say('m1');
  await house.end('m1', 'answered');
  for (let n = 2; n <= 6; n += 1) {
    await until('it is awake and idle', () => house.supervisor.awake().length === 1);
    house.runtime.last.exit(1);
    await house.say(`m${n}`);
    await house.end(`m${n}`, 'answered');
    assert.equal((await stateOf(house, session, `m${n}`)).tries, 0);
  }
});

const anyOf = (message: string) => ({ message, channel: null, chat: null, thread: null, session: null });

describe('a failed message that no channel brought', () => {
  const failed = async (house: House) =>
    (await deadLetters(house.store.read, 10)).map(({ message, reason }) => `${message}: ${reason}`);

  test('N2: of an imported session is a failed message, is told why, and is answered when a person tries it again', async (t) => {
    const house = await openHouse(t);
    const session = await importSession(house, {
      inbound: [
        oldRow('dead', { status: 'failed', tries: 5, seq: 2 }),
        oldRow('over', { status: 'completed', seq: 4 }),
        oldRow('context', { trigger: 0, seq: 6 }),
        oldRow('dying', { tries: 4, seq: 8 }),
      ],
      outbound: [oldClaim('dying')],
    });
    house.runtime.next = [dyingAtWork];
    await house.supervisor.start();
    house.supervisor.nudge(session.id);
    await until('it has failed', async () => (await stateOf(house, session, 'dying')).status === 'failed');
    await until('both are known', async () => (await failed(house)).length === 2);
    const [dead, dying] = (await failed(house)).sort();
    assert.equal(dead, 'dead: it had failed before its session came here');
    assert.match(dying ?? '', /^dying: its sandbox died .*\(5 tries\)$/);
    for (const id of ['dead', 'dying']) {
      const [story] = await storiesOf(house.store.read, anyOf(id));
      assert.equal(story?.state, 'failed');
      assert.ok(await house.supervisor.retry(session.id, id as MessageId));
      await until(`${id} is answered`, async () => (await house.stateOf(id)) === 'answered');
      assert.equal((await stateOf(house, session, id)).status, 'completed');
    }
    assert.deepEqual(await failed(house), []);
    assert.deepEqual(await storiesOf(house.store.read, anyOf('over')), []);
    assert.deepEqual(await storiesOf(house.store.read, anyOf('context')), []);
  });

  test('N2: of 3,000 imported rows each is found in its step, and waiting ones fail in words with their session', async (t) => {
    const house = await openHouse(t);
    const session = await importSession(house, {
      inbound: [
        'BEGIN',
        ...Array.from({ length: 3_000 }, (_, n) =>
          oldRow(`m${n}`, { status: n % 1_000 === 999 ? 'failed' : 'completed', seq: 2 * n + 2 }),
        ),
        oldRow('waits', { seq: 6_002, process_after: '2099-01-01 00:00:00' }),
        'COMMIT',
      ],
      outbound: [],
    });
    await house.supervisor.start();
    house.supervisor.nudge(session.id);
    await until('all of them are known', async () => (await failed(house)).length === 3);
    await until('what waits is enqueued', async () => (await house.stateOf('waits')) === 'enqueued');
    await house.store.transaction((sql) => quarantine(sql, session.id, 'a test'));
    house.supervisor.nudge(session.id);
    await house.end('waits', 'failed');
    assert.equal((await failed(house)).length, 4);
  });

  test('N2: of the clock is one as well: a reminder whose sandbox always dies', async (t) => {
    const house = await openHouse(t, { maxTries: 1 });
    const session = await house.say('m1');
    await house.end('m1', 'answered');
    house.runtime.next = [dyingAtWork];
    house.runtime.last.exit(0);
    await until('its life is settled', async () => (await house.generations())[0]?.state === 'settled');
    const { channel, chat, thread } = session;
    const task = {
      id: 'task:1' as MessageId,
      kind: 'task',
      timestampMs: 0,
      content: '{"prompt":"stretch"}',
    } as const;
    const plain = { trigger: true, dueMs: 0, recurrence: null, seriesId: null, channel, chat, thread };
    await house.mailboxes.inbound(session, (mailbox) => mailbox.enqueue([{ ...task, ...plain }]));
    house.supervisor.nudge(session.id);
    await until('it is known', async () => (await failed(house)).length === 1);
    assert.match((await failed(house))[0] ?? '', /^task:1: its sandbox died/);
    assert.ok(await house.supervisor.retry(session.id, task.id));
    await house.end('task:1', 'answered');
    assert.equal(house.channel.texts.at(-1), 're: stretch');
  });
});
