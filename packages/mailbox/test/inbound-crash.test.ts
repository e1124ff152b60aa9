/** The host's side under kill -9: a real process dies inside a transaction of inbound.db, and the next open mends it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { InboundMailbox, isLater } from '../src/host/index.ts';
import { InboundReader } from '../src/runner/index.ts';
import { folderFor, look, message, sql, startChild } from './support.ts';

test('a host killed inside a transaction leaves nothing of it: the next open rolls the hot journal back', async (t) => {
  const folder = folderFor(t);
  const first = InboundMailbox.open(folder.inDir);
  first.enqueue([message('before')]);
  first.close();
  const committed = readFileSync(folder.inbound);

  const child = startChild(t, 'die-enqueueing', folder.inDir);
  assert.deepEqual(await child.exited, [null, 'SIGKILL']);
  assert.ok(existsSync(`${folder.inbound}-journal`), 'the journal is hot');
  assert.notDeepEqual(
    readFileSync(folder.inbound),
    committed,
    'pages of the dead transaction are in the file',
  );

  const again = InboundMailbox.open(folder.inDir);
  t.after(() => again.close());
  assert.ok(!existsSync(`${folder.inbound}-journal`));
  assert.deepEqual(
    sql(folder.inbound, 'SELECT id FROM messages_in').map((row) => row.id),
    ['before'],
  );
  assert.equal(sql(folder.inbound, 'PRAGMA integrity_check')[0]?.integrity_check, 'ok');
  assert.equal(again.enqueue([message('after')]), 1);
});

test('the runner waits for a host that died in mid-commit, and reads on once the host is back', async (t) => {
  const folder = folderFor(t);
  const first = InboundMailbox.open(folder.inDir);
  first.enqueue([message('before')]);
  first.close();
  await startChild(t, 'die-enqueueing', folder.inDir).exited;
  const reader = InboundReader.open(folder.inDir);
  t.after(() => reader.close());
  assert.throws(
    () => [...reader.due(1)],
    (error) => isLater(error) && (error as { errcode?: number }).errcode === 776,
  );
  InboundMailbox.open(folder.inDir).close();
  assert.deepEqual(
    look(folder, (r) => [...r.due(1)]).map((row) => row.id),
    ['before'],
  );
});

/** How many commits long a refused write may take: none waits for the lock, which would be 2 s where a commit is 1 ms. */
const REFUSED_COMMITS = 50;

test('a lock that a reader holds is told at once as "later", and the write then succeeds', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue([message('a')]);
  const reader = new DatabaseSync(folder.inbound);
  t.after(() => reader.close());
  const commitMs = Math.max(...msOfEach(5, (n) => mailbox.enqueue([message(`free ${n}`)])));
  reader.exec('BEGIN; SELECT * FROM messages_in');
  const refusedMs = msOfEach(5, () => assert.throws(() => mailbox.enqueue([message('b')]), isLater));
  assert.ok(
    Math.min(...refusedMs) < REFUSED_COMMITS * commitMs,
    `refused after ${refusedMs.map(Math.round)} ms; the slowest of five commits took ${commitMs} ms`,
  );
  reader.exec('COMMIT');
  assert.equal(mailbox.enqueue([message('b')]), 1);
});

test('an error that is no lock is not "later"', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  sql(folder.inbound, 'DROP TABLE watermarks');
  assert.throws(
    () => mailbox.watermark('acks_through'),
    (error) => !isLater(error),
  );
});

function msOfEach(times: number, act: (n: number) => void): number[] {
  return Array.from({ length: times }, (_, n) => {
    const startedMs = performance.now();
    act(n);
    return performance.now() - startedMs;
  });
}
