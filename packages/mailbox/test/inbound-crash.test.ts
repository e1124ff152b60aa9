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

test('a lock that a reader holds is told at once as "later", and the write then succeeds', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue([message('a')]);
  const reader = new DatabaseSync(folder.inbound);
  t.after(() => reader.close());
  reader.exec('BEGIN; SELECT * FROM messages_in');
  const asked = performance.now();
  assert.throws(() => mailbox.enqueue([message('b')]), isLater);
  assert.ok(performance.now() - asked < 1_000, 'the host does not stand still for a lock');
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
