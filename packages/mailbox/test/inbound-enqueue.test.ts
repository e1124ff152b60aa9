/**
 * The host's side, the way in: what is enqueued, under which number, and when it is due. Crashes: inbound-crash.test.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InboundMailbox, NewerSchema } from '../src/host/index.ts';
import type { Destination } from '../src/index.ts';
import { commitCount, folderFor, look, message, sql, stored, T0 } from './support.ts';

test('R3: the same message enqueued again changes nothing and does not fail', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  assert.equal(mailbox.enqueue([message('a'), message('b')]), 2);
  const before = sql(folder.inbound, 'SELECT * FROM messages_in ORDER BY seq');
  assert.equal(mailbox.enqueue([message('a', { content: '{"text":"other"}' }), message('b')]), 0);
  assert.deepEqual(sql(folder.inbound, 'SELECT * FROM messages_in ORDER BY seq'), before);
});

test('R3: a message that is over is not brought back by its redelivery', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue([message('a')]);
  mailbox.settle({ changes: [{ kind: 'completed', id: message('a').id, attempt: 1 }] });
  assert.equal(mailbox.enqueue([message('a')]), 0);
  assert.equal(stored(mailbox, 'a').status, 'completed');
});

test('a redelivered message in the middle of new ones takes no number and holds none of them back', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue([message('a')]);
  assert.equal(mailbox.enqueue([message('b'), message('a'), message('c'), message('c'), message('d')]), 3);
  const rows = sql(folder.inbound, 'SELECT id, seq FROM messages_in ORDER BY seq');
  assert.deepEqual(
    rows.map((row) => [row.id, row.seq]),
    [
      ['a', 2],
      ['b', 4],
      ['c', 6],
      ['d', 8],
    ],
  );
});

for (const [greatest, next] of [
  [0, 2],
  [2, 4],
  [7, 8],
  [41, 42],
]) {
  test(`the host's number after ${greatest} is ${next}: even, and the next one`, (t) => {
    const folder = folderFor(t);
    const mailbox = InboundMailbox.open(folder.inDir);
    t.after(() => mailbox.close());
    if (greatest !== 0) {
      mailbox.enqueue([message('old')]);
      sql(folder.inbound, 'UPDATE messages_in SET seq = ?', greatest ?? 0);
    }
    mailbox.enqueue([message('new')]);
    assert.equal(stored(mailbox, 'new').seq, next);
  });
}

test('D6: due times are compared as numbers, whatever the text beside them says', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue([message('noon', { dueMs: T0 })]);
  // As text, 'YYYY-MM-DDT…' is later than any 'YYYY-MM-DD …' of the same day.
  assert.equal(
    sql(folder.inbound, 'SELECT process_after FROM messages_in')[0]?.process_after,
    '2026-03-01T12:00:00.000Z',
  );
  sql(folder.inbound, "UPDATE messages_in SET process_after = '2026-03-01 23:59:59'");
  assert.deepEqual(mailbox.dueRows(T0 - 1, 10), []);
  assert.deepEqual(
    mailbox.dueRows(T0, 10).map((row) => row.id),
    ['noon'],
  );
});

test('what is due comes earliest first, ties in the order of their numbers, and not more than was asked for', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  const due = [300, 100, 100, 200, 901];
  mailbox.enqueue(due.map((dueMs, n) => message(`m${n}`, { dueMs: T0 + dueMs })));
  mailbox.enqueue([message('context', { trigger: false })]);
  const ids = (limit: number) => mailbox.dueRows(T0 + 900, limit).map((row) => row.id);
  assert.deepEqual(ids(10), ['m1', 'm2', 'm3', 'm0']);
  assert.deepEqual(ids(2), ['m1', 'm2']);
});

test('the next due time is that of the earliest waking message; context and what is over count for nothing', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  assert.equal(mailbox.nextDueMs(), null);
  mailbox.enqueue([message('context', { trigger: false }), message('done', { dueMs: T0 })]);
  mailbox.enqueue([message('later', { dueMs: T0 + 9_000 }), message('soon', { dueMs: T0 + 5_000 })]);
  mailbox.settle({ changes: [{ kind: 'completed', id: message('done').id, attempt: 1 }] });
  assert.equal(mailbox.nextDueMs(), T0 + 5_000);
  assert.equal(
    look(folder, (reader) => reader.nextDueMs(T0 + 5_000)),
    T0 + 9_000,
  );
  assert.equal(
    look(folder, (reader) => reader.nextDueMs(T0 + 9_000)),
    null,
  );
});

const place = (name: string): Destination => ({
  name,
  displayName: null,
  type: 'channel',
  channel: 'terminal',
  chat: name,
  agentId: null,
});

test('the way back is written when it differs, and costs no commit when it does not', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  const routing = { channel: 'terminal', chat: 'me', thread: null };
  mailbox.prepare(routing, [place('here'), place('there')]);
  const first = commitCount(folder.inbound);
  mailbox.prepare({ ...routing }, [place('here'), place('there')]);
  assert.equal(commitCount(folder.inbound), first);
  mailbox.prepare({ ...routing, thread: '7' }, [place('here')]);
  assert.equal(commitCount(folder.inbound), first + 1);
  assert.deepEqual(
    look(folder, (reader) => reader.routing()),
    { ...routing, thread: '7' },
  );
  assert.deepEqual(
    sql(folder.inbound, 'SELECT name FROM destinations').map((row) => row.name),
    ['here'],
  );
});

test('H10: a file of a newer Bellhop is refused and left as it is', (t) => {
  const folder = folderFor(t);
  InboundMailbox.open(folder.inDir).close();
  sql(folder.inbound, 'PRAGMA user_version = 99');
  const before = commitCount(folder.inbound);
  assert.throws(() => InboundMailbox.open(folder.inDir), NewerSchema);
  assert.equal(commitCount(folder.inbound), before);
  assert.equal(sql(folder.inbound, 'PRAGMA user_version')[0]?.user_version, 99);
});

test('the file keeps a rollback journal and no write-ahead log', (t) => {
  const folder = folderFor(t);
  InboundMailbox.open(folder.inDir).close();
  assert.equal(sql(folder.inbound, 'PRAGMA journal_mode')[0]?.journal_mode, 'delete');
});
