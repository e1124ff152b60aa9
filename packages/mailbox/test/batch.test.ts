/**
 * Which messages a turn takes: selectBatch over rows in memory, and over the reader that feeds it. The faults are those
 * of a selector that cut first and filtered afterwards.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InboundMailbox } from '../src/host/index.ts';
import type { Ack, InboundRow, MessageId } from '../src/index.ts';
import { type Batch, selectBatch } from '../src/runner/index.ts';
import { folderFor, inboundRow, look, message, mid, T0, tid } from './support.ts';

const SIZE = { batchSize: 10, contextRows: 50 };

const due = (...ids: readonly string[]) => ids.map((id, n) => inboundRow(id, { seq: 2 * n + 2 }));

function acks(...list: readonly Partial<Ack & { id: string }>[]): Map<MessageId, Ack> {
  const made = list.map(
    ({ id, ...change }): Ack => ({
      messageId: mid(id ?? 'a'),
      status: 'processing',
      attempt: 1,
      generation: 1,
      turnId: tid('T'),
      ackSeq: 0,
      errorClass: null,
      error: null,
      retryAfterMs: null,
      ...change,
    }),
  );
  return new Map(made.map((ack) => [ack.messageId, ack]));
}

const select = (rows: Iterable<InboundRow>, seen = acks(), context: readonly InboundRow[] = []) =>
  selectBatch(rows, (seq) => context.filter((row) => row.seq < seq).reverse(), seen, 2, SIZE);
const ids = (batch: Batch | null) => batch?.messages.map((row) => row.id);

test('L5: a burst is served oldest first, and only as much as a turn takes is read', () => {
  let read = 0;
  const burst = function* () {
    for (const row of due(...Array.from({ length: 25 }, (_, n) => `m${n}`))) {
      read += 1;
      yield row;
    }
  };
  assert.deepEqual(
    ids(select(burst())),
    Array.from({ length: 10 }, (_, n) => `m${n}`),
  );
  assert.equal(read, 10);
});

test('L5: acked rows that the host has not taken over yet do not eat the window', () => {
  const rows = due(...Array.from({ length: 30 }, (_, n) => `m${n}`));
  const seen = acks(
    ...rows.slice(0, 25).map((row) => ({ id: row.id, status: 'completed' as const, ackSeq: 1 })),
  );
  assert.deepEqual(ids(select(rows, seen)), ['m25', 'm26', 'm27', 'm28', 'm29']);
});

test('L5: newer context never hides an older message that is due', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue([message('old task', { kind: 'task', dueMs: T0 })]);
  mailbox.enqueue(Array.from({ length: 400 }, (_, n) => message(`c${n}`, { trigger: false })));
  const batch = look(folder, (r) => selectBatch(r.due(T0), (seq) => r.context(seq), acks(), 1, SIZE));
  assert.deepEqual(ids(batch), ['old task']);
  assert.deepEqual(batch?.context, []);
});

test('L5: a message that became due later keeps its place in the order of numbers', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue([
    message('first', { dueMs: T0 + 5 }),
    message('second'),
    message('future', { dueMs: T0 + 6 }),
  ]);
  const taken = look(folder, (r) => ids(selectBatch(r.due(T0 + 5), () => [], acks(), 1, SIZE)));
  assert.deepEqual(taken, ['first', 'second']);
});

test('L3: context alone wakes nobody', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue([message('c', { trigger: false, dueMs: 0 })]);
  assert.equal(
    look(folder, (r) => selectBatch(r.due(T0), (seq) => r.context(seq), acks(), 1, SIZE)),
    null,
  );
  assert.equal(mailbox.nextDueMs(), null);
  assert.deepEqual(mailbox.dueRows(T0, 10), []);
});

test('the last fifty context rows before the message come with it in order, older ones are skipped', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue(Array.from({ length: 60 }, (_, n) => message(`c${n}`, { trigger: false })));
  mailbox.enqueue([message('m'), message('after', { trigger: false })]);
  const batch = look(folder, (r) => selectBatch(r.due(T0), (seq) => r.context(seq), acks(), 1, SIZE));
  assert.deepEqual(
    batch?.context.map((row) => row.id),
    Array.from({ length: 50 }, (_, n) => `c${n + 10}`),
  );
  assert.deepEqual(
    batch?.skipped.map((row) => row.id),
    Array.from({ length: 10 }, (_, n) => `c${9 - n}`),
  );
});

test('context that was used is not shown again, and makes room for older', () => {
  const context = Array.from({ length: 55 }, (_, n) =>
    inboundRow(`c${n}`, { seq: 2 * n + 2, trigger: false }),
  );
  const seen = acks(
    ...context.slice(-5).map((row) => ({ id: row.id, status: 'completed' as const, ackSeq: 1 })),
  );
  const batch = select([inboundRow('m', { seq: 500 })], seen, context);
  assert.deepEqual([batch?.context.at(0)?.id, batch?.context.at(-1)?.id], ['c0', 'c49']);
  assert.deepEqual(batch?.skipped, []);
});

test('a turn acks no more than 200 rows of old context', () => {
  const context = Array.from({ length: 400 }, (_, n) =>
    inboundRow(`c${n}`, { seq: 2 * n + 2, trigger: false }),
  );
  assert.equal(select([inboundRow('m', { seq: 5_000 })], acks(), context)?.skipped.length, 200);
});

test('a retry takes exactly the messages of its turn, under its id', () => {
  const seen = acks({ id: 'b' }, { id: 'd' });
  const rows = due('b', 'c', 'd', 'e').map((row) => ({ ...row, attempt: seen.has(row.id) ? 2 : 1 }));
  const batch = select(rows, seen);
  assert.deepEqual([batch?.turnId, ids(batch)], ['T', ['b', 'd']]);
});

test('a turn of its own takes no message of an unfinished turn', () => {
  const seen = acks({ id: 'b', attempt: 0 });
  const batch = select(due('a', 'b', 'c'), seen);
  assert.deepEqual([batch?.turnId, ids(batch)], [null, ['a', 'c']]);
});

test('only a part of an unfinished turn is due: it becomes a turn of its own, so that both parts are answered', () => {
  const seen = acks({ id: 'a' }, { id: 'b' });
  const batch = select([inboundRow('b', { attempt: 2 })], seen);
  assert.deepEqual([batch?.turnId, ids(batch)], [null, ['b']]);
});

for (const [title, ack, attempt, isTaken] of [
  ['claimed by this generation', { status: 'processing', generation: 2 }, 1, true],
  ['claimed by a dead generation', { status: 'processing', generation: 1 }, 1, false],
  ['completed at this attempt', { status: 'completed' }, 1, true],
  ['failed at this attempt', { status: 'failed' }, 1, true],
  ['released, and the host does not know yet', { status: 'released', generation: 1 }, 1, true],
  ['released, and handed out anew', { status: 'released', generation: 2 }, 2, false],
  ['completed at an older attempt', { status: 'completed', generation: 2 }, 2, false],
] as const) {
  test(`a message that is ${title} is ${isTaken ? 'left alone' : 'taken'}`, () => {
    const batch = select([inboundRow('a', { attempt })], acks({ id: 'a', ...ack }));
    assert.equal(batch === null, isTaken);
  });
}

test('an ack of an attempt that was never handed out keeps no message from its turn', () => {
  const forged = acks({ id: 'm', status: 'completed', attempt: 8, ackSeq: 1 });
  assert.deepEqual(ids(select(due('m'), forged)), ['m']);
});
