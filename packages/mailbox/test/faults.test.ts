/** Rows of the list of NanoClaw's faults that no other file here holds by name. */
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { decideAck, InboundMailbox, readOutbound } from '../src/host/index.ts';
import { OutboundMailbox } from '../src/runner/index.ts';
import {
  folderFor,
  inboundRow,
  LIMITS,
  look,
  message,
  mid,
  outRow,
  POLICY,
  START,
  sql,
  T0,
  tid,
  turnCommit,
} from './support.ts';

test('L1: a follow-up claimed by a running turn is open until the commit of that turn, and then acked with it', (t) => {
  const folder = folderFor(t);
  const outbound = OutboundMailbox.open(folder.outDir, 1);
  t.after(() => outbound.close());
  const [first, more] = [inboundRow('first'), inboundRow('more', { seq: 4 })];
  outbound.claim(tid('T'), [first], T0);
  outbound.claim(tid('T'), [more], T0);
  const ends = () => [...outbound.acks().values()].map((ack) => [ack.messageId, ack.status, ack.turnId]);
  const both = (status: string) => [
    ['first', status, 'T'],
    ['more', status, 'T'],
  ];
  assert.deepEqual(ends(), both('processing'));
  const acks = [first, more].map((m) => ({ message: m, status: 'completed' as const }));
  const beforeCommit = () => {
    throw new Error('it died');
  };
  assert.throws(() => outbound.commitTurn(turnCommit('T', { acks, beforeCommit })), /it died/);
  assert.deepEqual(ends(), both('processing'), 'nothing is acked by a turn that did not end');
  outbound.commitTurn(turnCommit('T', { acks }));
  assert.deepEqual(ends(), both('completed'));
});

test('L4: a harness that says "later" leaves the message waiting, without a try, for as long as it asked', () => {
  const ack = {
    messageId: mid('a'),
    status: 'released',
    attempt: 1,
    generation: 1,
    turnId: tid('T'),
    ackSeq: 1,
    errorClass: 'rate_limit',
    error: 'slow down',
    retryAfterMs: 90_000,
  } as const;
  assert.deepEqual(decideAck(ack, inboundRow('a'), POLICY, T0, 0), {
    kind: 'released',
    id: 'a',
    attempt: 1,
    dueMs: T0 + 90_000,
  });
});

test('L7: another process of the sandbox finds in the file which messages the turn answers, and names them', (t) => {
  const folder = folderFor(t);
  const [runner, tools] = [1, 1].map((generation) => OutboundMailbox.open(folder.outDir, generation));
  assert.ok(runner && tools);
  t.after(() => {
    runner.close();
    tools.close();
  });
  runner.claim(tid('T'), [inboundRow('asked')], T0);
  const [claim] = [...tools.acks().values()].filter((ack) => ack.status === 'processing');
  assert.ok(claim?.turnId);
  tools.addRow(claim.turnId, outRow('call', { inReplyTo: claim.messageId }), 2, T0);
  const read = readOutbound(folder.outDir, START, LIMITS);
  assert.ok(read.kind === 'ok');
  assert.deepEqual(
    read.snapshot.rows.map((row) => [row.inReplyTo, row.turnId]),
    [['asked', 'T']],
  );
});

test('L13: a look sees what the host wrote last, and no handle on inbound.db outlives it', (t) => {
  const folder = folderFor(t);
  const write = (chat: string) => {
    const mailbox = InboundMailbox.open(folder.inDir);
    mailbox.prepare({ channel: 'telegram', chat, thread: null }, []);
    mailbox.enqueue([message(chat)]);
    mailbox.close();
  };
  for (const chat of ['first', 'second']) {
    write(chat);
    const seen = look(folder, (reader) => [reader.routing().chat, [...reader.due(T0)].at(-1)?.id]);
    assert.deepEqual(seen, [chat, chat]);
  }
  assert.throws(() => look(folder, () => assert.fail('what a look throws')));
  const open = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch (gone) {
      // The descriptor of this very listing.
      return [String(gone)];
    }
  });
  assert.deepEqual(
    open.filter((path) => path === folder.inbound),
    [],
  );
});

test('D6: an outbound row is due by its number, also when its text says another time', (t) => {
  const folder = folderFor(t);
  const outbound = OutboundMailbox.open(folder.outDir, 1);
  t.after(() => outbound.close());
  outbound.addRow(tid('T'), outRow('r', { dueMs: T0 + 7 }), 2, T0);
  assert.equal(
    sql(folder.outbound, 'SELECT deliver_after FROM messages_out')[0]?.deliver_after,
    '2026-03-01T12:00:00.007Z',
  );
  sql(folder.outbound, "UPDATE messages_out SET deliver_after = '2026-03-01 23:59:59'");
  const read = readOutbound(folder.outDir, START, LIMITS);
  assert.ok(read.kind === 'ok');
  assert.equal(read.snapshot.rows[0]?.dueMs, T0 + 7);
});

test('D7: rows come in the order of their numbers, whatever the clock said when they were written', (t) => {
  const folder = folderFor(t);
  const outbound = OutboundMailbox.open(folder.outDir, 1);
  t.after(() => outbound.close());
  for (const [n, nowMs] of [T0 + 9_000, T0, T0, T0 - 9_000].entries())
    outbound.addRow(tid('T'), outRow(`r${9 - n}`), 2, nowMs);
  const read = readOutbound(folder.outDir, START, LIMITS);
  assert.ok(read.kind === 'ok');
  assert.deepEqual(
    read.snapshot.rows.map((row) => row.id),
    ['r9', 'r8', 'r7', 'r6'],
  );
});

test('H9: what a runner makes is to the letter what the host accepts: there is one text of the schema', (t) => {
  const folder = folderFor(t);
  OutboundMailbox.open(folder.outDir, 1).close();
  assert.equal(readOutbound(folder.outDir, START, LIMITS).kind, 'ok');
  sql(folder.outbound, 'ALTER TABLE processing_ack ADD COLUMN more TEXT');
  assert.equal(readOutbound(folder.outDir, START, LIMITS).kind, 'refused');
});

for (const [what, version] of [
  ['newer', 2],
  ['of another age', 0],
] as const) {
  test(`H10: an outbox that is ${what} is not looked into by the host`, (t) => {
    const folder = folderFor(t);
    OutboundMailbox.open(folder.outDir, 1).close();
    sql(folder.outbound, `PRAGMA user_version = ${version}`);
    const read = readOutbound(folder.outDir, START, LIMITS);
    assert.ok(version === 0 ? read.kind === 'busy' : read.kind === 'refused');
    if (read.kind === 'refused') assert.match(read.reason, /newer Bellhop/);
  });
}
