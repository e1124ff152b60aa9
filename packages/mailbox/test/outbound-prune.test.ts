/** What the runner removes once the host has it, and what it must not: H6 for one session's outbox. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { InboundMailbox, readOutbound } from '../src/host/index.ts';
import { OutboundMailbox } from '../src/runner/index.ts';
import {
  folderFor,
  inboundRow,
  LIMITS,
  look,
  message,
  mid,
  outRow,
  sql,
  T0,
  tid,
  turnCommit,
} from './support.ts';

const ALL = { acksThrough: 1_000_000, rowsThrough: 1_000_000 };
const completed = (id: string, attempt = 1) => ({
  message: inboundRow(id, { attempt }),
  status: 'completed' as const,
});
const released = (id: string, attempt = 1) => ({
  message: inboundRow(id, { attempt }),
  status: 'released' as const,
});

function opened(t: TestContext) {
  const folder = folderFor(t);
  const outbound = OutboundMailbox.open(folder.outDir, 1);
  t.after(() => outbound.close());
  const ids = () => sql(folder.outbound, 'SELECT id FROM messages_out ORDER BY seq').map((row) => row.id);
  const turn = (n: number, prune = ALL) =>
    outbound.commitTurn(turnCommit(`t${n}`, { rows: [outRow(`r${n}`)], acks: [completed(`m${n}`)], prune }));
  return { folder, outbound, ids, turn };
}

test('H6: a hundred turns leave one row and one ack behind', (t) => {
  const { outbound, ids, turn } = opened(t);
  for (let n = 0; n < 100; n += 1) turn(n, { acksThrough: n, rowsThrough: 3 + 2 * n });
  assert.deepEqual(ids(), ['r99']);
  assert.deepEqual([...outbound.acks().keys()], ['m99']);
  assert.deepEqual([...outbound.rowIds()], ['r99']);
});

test('nothing that the host has not taken over is pruned', (t) => {
  const { outbound, ids, turn } = opened(t);
  turn(1, { acksThrough: 0, rowsThrough: 0 });
  turn(2, { acksThrough: 0, rowsThrough: 0 });
  turn(3, { acksThrough: 1, rowsThrough: 3 });
  assert.deepEqual(
    [ids(), [...outbound.acks().keys()]],
    [
      ['r2', 'r3'],
      ['m2', 'm3'],
    ],
  );
});

test('the newest row stays, so that numbers go on after it', (t) => {
  const { outbound, ids, turn } = opened(t);
  turn(1);
  turn(2);
  outbound.commitTurn(turnCommit('t3', { prune: ALL }));
  assert.deepEqual(ids(), ['r2']);
  assert.equal(outbound.addRow(tid('t4'), outRow('r4'), 0, T0).seq, 7);
});

test('D2: rows of a turn that is not over stay, or its retry would send them again', (t) => {
  const { outbound, ids, turn } = opened(t);
  outbound.claim(tid('T'), [inboundRow('a')], T0);
  outbound.addRow(tid('T'), outRow('call'), 2, T0);
  turn(1);
  turn(2);
  assert.deepEqual(ids(), ['call', 'r2']);
  outbound.commitTurn(turnCommit('T', { acks: [released('a')], prune: ALL }));
  turn(3);
  assert.deepEqual(ids(), ['call', 'r3'], 'put off is not over');
  assert.equal(outbound.addRow(tid('T'), outRow('call'), 2, T0).fresh, false);
  outbound.commitTurn(turnCommit('T', { acks: [completed('a', 2)], prune: ALL }));
  turn(4);
  assert.deepEqual(ids(), ['r4']);
});

test('rows of a turn whose message was put off and then ended by the host do not stay for ever', (t) => {
  const { outbound, ids, turn } = opened(t);
  outbound.addRow(tid('T'), outRow('call'), 2, T0);
  outbound.commitTurn(turnCommit('T', { acks: [released('a')] }));
  outbound.dropClaims([mid('a')]);
  turn(1);
  assert.deepEqual(ids(), ['r1']);
});

test('ack numbers never run backwards, over claims of released messages, pruning and a new generation', (t) => {
  const { folder, outbound } = opened(t);
  const numbers: number[] = [];
  let cursor = 0;
  const takeOver = () => {
    const read = readOutbound(folder.outDir, { ackSeq: cursor, rowSeq: 0 }, LIMITS);
    assert.ok(read.kind === 'ok');
    numbers.push(...read.snapshot.acks.map((ack) => ack.ackSeq));
    cursor = numbers.at(-1) ?? 0;
  };
  outbound.commitTurn(turnCommit('T', { acks: [released('a')] }));
  takeOver();
  outbound.claim(tid('T'), [inboundRow('a', { attempt: 2 })], T0);
  outbound.commitTurn(
    turnCommit('T', { acks: [released('a', 2)], prune: { acksThrough: cursor, rowsThrough: 0 } }),
  );
  takeOver();
  outbound.claim(tid('T'), [inboundRow('a', { attempt: 3 })], T0);
  const next = OutboundMailbox.open(folder.outDir, 2);
  t.after(() => next.close());
  next.claim(tid('T'), [inboundRow('a', { attempt: 4 })], T0);
  next.commitTurn(
    turnCommit('T', { acks: [completed('a', 4)], prune: { acksThrough: cursor, rowsThrough: 0 } }),
  );
  takeOver();
  next.commitTurn(
    turnCommit('U', { acks: [completed('b')], prune: { acksThrough: cursor, rowsThrough: 0 } }),
  );
  assert.deepEqual([...next.acks().keys()], ['b'], 'what was taken over is pruned');
  next.commitTurn(turnCommit('V', { acks: [completed('c')] }));
  takeOver();
  assert.deepEqual(numbers, [1, 2, 3, 4, 5]);
});

test('an outbox that an agent wiped numbers on behind what the host has taken over', (t) => {
  const { folder, outbound } = opened(t);
  outbound.commitTurn(
    turnCommit('T', { acks: [completed('a')], prune: { acksThrough: 41, rowsThrough: 0 } }),
  );
  const read = readOutbound(folder.outDir, { ackSeq: 41, rowSeq: 0 }, LIMITS);
  assert.ok(read.kind === 'ok');
  assert.deepEqual(
    read.snapshot.acks.map((ack) => ack.ackSeq),
    [42],
  );
});

test('rows of an outbox that an agent wiped are numbered behind those that the host has read', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue([message('a')]);
  mailbox.settle({ changes: [], watermarks: { rows_through: 81 } });
  const outbound = OutboundMailbox.open(folder.outDir, 9);
  t.after(() => outbound.close());
  const inboundSeq = look(folder, (reader) => reader.greatestSeq());
  assert.equal(outbound.addRow(tid('T'), outRow('r'), inboundSeq, T0).seq, 83);
});
