/** The upgrade under kill -9: a real process dies at each of its calls that can change
 * a file, of SQLite's and of the file system's, one by one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InboundMailbox, readOutbound } from '../src/host/index.ts';
import { OutboundMailbox, upgradeOutbound } from '../src/runner/index.ts';
import { makeSession, SHAPES, type Shape } from './nanoclaw.ts';
import { type Folder, folderFor, LIMITS, START, sql, startChild } from './support.ts';

const OLDEST = SHAPES[1] as Shape;
/** Children at once: a start is most of what one costs. */
const ABREAST = 4;
/** Pages reach the file before the commit, so that some journals are hot. */
const BULK = `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300)
  INSERT INTO messages_in (id, seq, kind, timestamp, process_after, content)
  SELECT 'bulk-' || x, 100 + 2 * x, 'chat', '2026-03-01 10:00:00', '2026-03-01 12:00:00', hex(zeroblob(8000)) FROM n`;

type Child = Awaited<ReturnType<typeof startChild>>['exited'];

/** Kills at call 1, 2, 3 … until one comes through. Returns how many died. */
async function killAtEach(
  t: Parameters<typeof folderFor>[0],
  verb: string,
  folderOf: (folder: Folder) => string,
  make: (folder: Folder) => void,
  check: (folder: Folder) => void,
): Promise<number> {
  for (let at = 1; ; at += ABREAST) {
    const tries = Array.from({ length: ABREAST }, (_, n) => {
      const folder = folderFor(t);
      make(folder);
      const child: Child = startChild(t, verb, folderOf(folder), String(at + n)).exited;
      return { folder, child };
    });
    for (const [n, { folder, child }] of tries.entries()) {
      const [code, signal] = await child;
      if (code === 0) return at + n - 1;
      assert.equal(signal, 'SIGKILL');
      check(folder);
    }
  }
}

const tables = (folder: Folder) => sql(folder.inbound, 'SELECT name, sql FROM sqlite_schema ORDER BY name');
const facts = (folder: Folder) => ({
  rows: sql(folder.inbound, 'SELECT * FROM messages_in ORDER BY id'),
  integrity: sql(folder.inbound, 'PRAGMA integrity_check'),
});

test('a host killed at any call of an upgrade leaves a file that the next open upgrades as if nothing had been', async (t) => {
  const whole = folderFor(t);
  makeSession(whole, OLDEST, BULK);
  InboundMailbox.open(whole.inDir).close();
  const expected = facts(whole);
  const old = folderFor(t);
  makeSession(old, OLDEST);
  assert.equal(expected.rows.length, 308);
  const died = await killAtEach(
    t,
    'upgrade-inbound',
    (folder) => folder.inDir,
    (folder) => makeSession(folder, OLDEST, BULK),
    (folder) => {
      const isNew = sql(folder.inbound, 'PRAGMA user_version')[0]?.user_version === 1;
      assert.deepEqual(tables(folder), tables(isNew ? whole : old), 'all of it or nothing');
      InboundMailbox.open(folder.inDir).close();
      assert.deepEqual(facts(folder), expected);
    },
  );
  assert.ok(died >= 15, `${died} deaths`);
});

test("a runner killed at any call of an upgrade leaves NanoClaw's file or ours, and the next start ends it", async (t) => {
  const make = (folder: Folder) => {
    makeSession(folder, OLDEST);
    InboundMailbox.open(folder.inDir).close();
  };
  const whole = folderFor(t);
  make(whole);
  upgradeOutbound(whole.outDir, whole.inDir);
  const read = (folder: Folder) => readOutbound(folder.outDir, START, LIMITS);
  const expected = read(whole);
  assert.ok(expected.kind === 'ok' && expected.snapshot.rows.length === 2);
  const seen = { before: 0, after: 0 };
  const died = await killAtEach(
    t,
    'upgrade-outbound',
    (folder) => folder.dir,
    make,
    (folder) => {
      const left = read(folder);
      if (left.kind === 'ok') assert.deepEqual(left, expected);
      else assert.equal(left.kind, 'busy');
      seen[left.kind === 'ok' ? 'after' : 'before'] += 1;
      upgradeOutbound(folder.outDir, folder.inDir);
      const outbound = OutboundMailbox.open(folder.outDir, 1);
      outbound.close();
      assert.deepEqual(read(folder), expected);
      assert.equal(sql(`${folder.outDir}/outbound.nanoclaw.db`, 'SELECT id FROM messages_out').length, 4);
    },
  );
  assert.ok(died >= 20 && seen.before > 10 && seen.after > 0, JSON.stringify({ died, ...seen }));
});
