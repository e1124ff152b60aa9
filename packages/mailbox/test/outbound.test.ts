/**
 * The runner's side: claims, tool rows, the commit of a turn, and what is left to a retry. Pruning: outbound-prune.test.ts;
 * kill -9 and two writers: outbound-crash.test.ts.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NewerSchema, readOutbound } from '../src/host/index.ts';
import { OutboundMailbox } from '../src/runner/index.ts';
import {
  type Folder,
  folderFor,
  inboundRow,
  LIMITS,
  mid,
  outRow,
  START,
  sql,
  T0,
  tid,
  turnCommit,
} from './support.ts';

function opened(t: TestContext, generation = 1): { folder: Folder; outbound: OutboundMailbox } {
  const folder = folderFor(t);
  const outbound = OutboundMailbox.open(folder.outDir, generation);
  t.after(() => outbound.close());
  return { folder, outbound };
}

const seqs = (folder: Folder) =>
  sql(folder.outbound, 'SELECT id, seq FROM messages_out ORDER BY seq').map((r) => Object.values(r));

test('a claim names attempt, generation and turn, and the host sees it as a claim', (t) => {
  const { folder, outbound } = opened(t, 4);
  outbound.claim(tid('T'), [inboundRow('a', { attempt: 3 })], T0);
  const read = readOutbound(folder.outDir, START, LIMITS);
  assert.ok(read.kind === 'ok');
  assert.deepEqual(read.snapshot.acks, []);
  assert.deepEqual(read.snapshot.claims, [
    {
      messageId: 'a',
      status: 'processing',
      attempt: 3,
      generation: 4,
      turnId: 'T',
      ackSeq: 0,
      errorClass: null,
      error: null,
      retryAfterMs: null,
    },
  ]);
});

test('a fresh generation that claims anew takes the message over from the dead one', (t) => {
  const { folder, outbound } = opened(t, 1);
  outbound.commitTurn(
    turnCommit('T', {
      acks: [
        { message: inboundRow('a'), status: 'released', errorClass: 'rate', error: 'later', retryAfterMs: 9 },
      ],
    }),
  );
  const fresh = OutboundMailbox.open(folder.outDir, 2);
  t.after(() => fresh.close());
  fresh.claim(tid('T'), [inboundRow('a', { attempt: 2 })], T0);
  assert.deepEqual(fresh.acks().get(mid('a')), {
    messageId: 'a',
    status: 'processing',
    attempt: 2,
    generation: 2,
    turnId: 'T',
    ackSeq: 0,
    errorClass: null,
    error: null,
    retryAfterMs: null,
  });
});

for (const [inbound, before, expected] of [
  [0, [], 1],
  [2, [], 3],
  [3, [], 5],
  [10, [], 11],
  [2, [7], 9],
  [8, [7], 9],
  [20, [7], 21],
] as const) {
  test(`the runner's number after ${inbound} in and ${before.length ? before : 'none'} out is ${expected}: odd, after both files`, (t) => {
    const { folder, outbound } = opened(t);
    for (const seq of before) outbound.addRow(tid('T'), outRow(`old${seq}`), seq - 1, T0);
    assert.equal(outbound.addRow(tid('T'), outRow('new'), inbound, T0).seq, expected);
    assert.equal(seqs(folder).at(-1)?.[1], expected);
  });
}

test('D2: a tool call repeated by a retry writes nothing and is told the number of the first', (t) => {
  const { folder, outbound } = opened(t);
  const first = outbound.addRow(tid('T'), outRow('call'), 2, T0);
  outbound.addRow(tid('T'), outRow('other'), 2, T0);
  const again = outbound.addRow(tid('T'), outRow('call', { content: '{"text":"changed"}' }), 40, T0 + 1);
  assert.deepEqual(
    [first, again],
    [
      { seq: 3, fresh: true },
      { seq: 3, fresh: false },
    ],
  );
  assert.deepEqual(seqs(folder), [
    ['call', 3],
    ['other', 5],
  ]);
  assert.equal(outbound.sent(tid('T'))[0]?.content, outRow('call').content);
});

test('a row of a tool call is there for the host before the turn has ended', (t) => {
  const { folder, outbound } = opened(t);
  outbound.claim(tid('T'), [inboundRow('a')], T0);
  outbound.addRow(tid('T'), outRow('call', { inReplyTo: mid('a'), dueMs: T0 + 1 }), 2, T0);
  const read = readOutbound(folder.outDir, START, LIMITS);
  assert.ok(read.kind === 'ok');
  assert.deepEqual(
    read.snapshot.rows.map((r) => [r.id, r.inReplyTo, r.turnId, r.dueMs]),
    [['call', 'a', 'T', T0 + 1]],
  );
});

test('a retry is shown what its turn has sent, in order, and nothing of other turns', (t) => {
  const { outbound } = opened(t);
  for (const [turn, id] of [
    ['T', 'x'],
    ['U', 'y'],
    ['T', 'w'],
  ] as const)
    outbound.addRow(tid(turn), outRow(id), 2, T0);
  assert.deepEqual(
    outbound.sent(tid('T')).map((row) => row.id),
    ['x', 'w'],
  );
});

test('the end of a turn is rows, acks and continuation at once, and the tool in flight is gone', (t) => {
  const { folder, outbound } = opened(t);
  outbound.setTool({ name: 'shell', timeoutMs: 9_000 }, T0);
  const during = readOutbound(folder.outDir, START, LIMITS);
  assert.ok(during.kind === 'ok');
  assert.deepEqual(during.snapshot.tool, {
    tool: 'shell',
    declaredTimeoutMs: 9_000,
    startedAt: '2026-03-01T12:00:00.000Z',
  });
  outbound.commitTurn(
    turnCommit('T', {
      rows: [outRow('T-0'), outRow('T-1')],
      acks: [
        { message: inboundRow('a'), status: 'completed' },
        { message: inboundRow('b'), status: 'failed', errorClass: 'demo', error: 'no' },
      ],
      continuation: { key: 'continuation:demo', value: 'c1' },
    }),
  );
  const after = readOutbound(folder.outDir, START, LIMITS);
  assert.ok(after.kind === 'ok');
  const { acks, rows, tool } = after.snapshot;
  assert.deepEqual(
    acks.map((a) => [a.messageId, a.status, a.ackSeq, a.error]),
    [
      ['a', 'completed', 1, null],
      ['b', 'failed', 2, 'no'],
    ],
  );
  assert.deepEqual(
    [rows.map((r) => r.id), tool, outbound.state('continuation:demo')],
    [['T-0', 'T-1'], null, 'c1'],
  );
});

test('what throws before the commit undoes the whole turn, and the turn can be committed again', (t) => {
  const { folder, outbound } = opened(t);
  outbound.claim(tid('T'), [inboundRow('a')], T0);
  const turn = turnCommit('T', {
    rows: [outRow('T-0')],
    acks: [{ message: inboundRow('a'), status: 'completed' }],
    continuation: { key: 'k', value: 'v' },
  });
  const beforeCommit = () => {
    throw new Error('stop here');
  };
  assert.throws(() => outbound.commitTurn({ ...turn, beforeCommit }), /stop here/);
  assert.deepEqual(
    [seqs(folder), outbound.acks().get(mid('a'))?.status, outbound.state('k')],
    [[], 'processing', null],
  );
  outbound.commitTurn(turn);
  assert.deepEqual(
    [seqs(folder), outbound.acks().get(mid('a'))?.status, outbound.state('k')],
    [[['T-0', 3]], 'completed', 'v'],
  );
});

test('L2: claims and releases of messages that are over are dropped, what is acked stays', (t) => {
  const { outbound } = opened(t);
  const status = { a: 'completed', b: 'failed', c: 'released' } as const;
  const acks = Object.entries(status).map(([id, s]) => ({ message: inboundRow(id), status: s }));
  outbound.commitTurn(turnCommit('T', { acks }));
  outbound.claim(tid('U'), [inboundRow('d'), inboundRow('e')], T0);
  outbound.dropClaims(['a', 'b', 'c', 'd'].map(mid));
  assert.deepEqual([...outbound.acks().keys()], ['a', 'b', 'e']);
});

test('H10: an outbox of a newer Bellhop is refused and left as it is', (t) => {
  const folder = folderFor(t);
  OutboundMailbox.open(folder.outDir, 1).close();
  sql(folder.outbound, 'PRAGMA user_version = 99');
  assert.throws(() => OutboundMailbox.open(folder.outDir, 1), NewerSchema);
  assert.equal(sql(folder.outbound, 'PRAGMA user_version')[0]?.user_version, 99);
});
