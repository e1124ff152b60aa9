/** The runner's side under kill -9, and under two writers: real processes on a real file. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { readOutbound } from '../src/host/index.ts';
import { OutboundMailbox } from '../src/runner/index.ts';
import {
  folderFor,
  inboundRow,
  LIMITS,
  outRow,
  START,
  sql,
  startChild,
  T0,
  tid,
  turnCommit,
} from './support.ts';

for (const size of ['small', 'big']) {
  test(`a runner killed before the commit of a ${size} turn leaves nothing of it but its claims`, async (t) => {
    const folder = folderFor(t);
    const first = OutboundMailbox.open(folder.outDir, 1);
    first.commitTurn(turnCommit('S', { continuation: { key: 'continuation:demo', value: 'first' } }));
    first.close();
    assert.deepEqual(await startChild(t, 'die-committing', folder.outDir, 'inside', size).exited, [
      null,
      'SIGKILL',
    ]);
    assert.equal(
      readOutbound(folder.outDir, START, LIMITS).kind,
      'busy',
      'the host does not read past the journal',
    );

    const outbound = OutboundMailbox.open(folder.outDir, 2);
    t.after(() => outbound.close());
    outbound.recover(T0);
    assert.ok(!existsSync(`${folder.outbound}-journal`));
    const read = readOutbound(folder.outDir, START, LIMITS);
    assert.ok(read.kind === 'ok');
    assert.deepEqual([read.snapshot.rows, read.snapshot.acks], [[], []]);
    assert.deepEqual(
      read.snapshot.claims.map((claim) => claim.messageId),
      ['a', 'b'],
    );
    assert.equal(outbound.state('continuation:demo'), 'first');
    assert.equal(sql(folder.outbound, 'PRAGMA integrity_check')[0]?.integrity_check, 'ok');
  });

  test(`a runner killed after the commit of a ${size} turn leaves all of it, to be delivered`, async (t) => {
    const folder = folderFor(t);
    assert.deepEqual(await startChild(t, 'die-committing', folder.outDir, 'after', size).exited, [
      null,
      'SIGKILL',
    ]);
    const read = readOutbound(folder.outDir, START, LIMITS);
    assert.ok(read.kind === 'ok');
    assert.equal(read.snapshot.rows.length, size === 'big' ? 60 : 2);
    assert.deepEqual(
      read.snapshot.acks.map((ack) => [ack.messageId, ack.status]),
      [
        ['a', 'completed'],
        ['b', 'completed'],
      ],
    );
    assert.deepEqual(read.snapshot.claims, []);
    assert.equal(
      sql(folder.outbound, 'SELECT value FROM session_state WHERE key = ?', 'continuation:demo')[0]?.value,
      'second',
    );
  });
}

test('recovery leaves no journal, also of a writer that died before its first sync', (t) => {
  const folder = folderFor(t);
  const first = OutboundMailbox.open(folder.outDir, 1);
  first.claim(tid('T'), [inboundRow('a')], T0);
  first.close();
  writeFileSync(`${folder.outbound}-journal`, Buffer.alloc(512));
  assert.equal(readOutbound(folder.outDir, START, LIMITS).kind, 'busy');
  const outbound = OutboundMailbox.open(folder.outDir, 2);
  t.after(() => outbound.close());
  outbound.recover(T0);
  assert.ok(!existsSync(`${folder.outbound}-journal`));
  const read = readOutbound(folder.outDir, START, LIMITS);
  assert.ok(read.kind === 'ok');
  assert.equal(read.snapshot.claims.length, 1);
});

/** Both write at the same time, row by row; a writer that throws has no line to say. */
async function writeTogether(t: TestContext, outDir: string, names: readonly string[], rows: number) {
  const writers = names.map((name) => startChild(t, 'insert', outDir, name));
  for (const writer of writers) assert.equal(await writer.line(), 'ready');
  for (let n = 0; n < rows; n += 1) {
    for (const writer of writers) writer.tell('go');
    for (const writer of writers) assert.equal(await writer.line(), 'done', `row ${n}`);
  }
}

test('L6: two processes that write at the same time lose no row and share no number', async (t) => {
  const folder = folderFor(t);
  OutboundMailbox.open(folder.outDir, 1).close();
  await writeTogether(t, folder.outDir, ['p', 'q'], 100);
  const rows = sql(folder.outbound, 'SELECT turn_id, seq FROM messages_out ORDER BY seq');
  assert.deepEqual(
    rows.map((row) => row.seq),
    Array.from({ length: 200 }, (_, n) => 41 + 2 * n),
  );
});

test('L6, M7: two processes that make the same tool call write one row', async (t) => {
  const folder = folderFor(t);
  const outbound = OutboundMailbox.open(folder.outDir, 1);
  t.after(() => outbound.close());
  await writeTogether(t, folder.outDir, ['same', 'same'], 40);
  assert.equal(outbound.rowIds().size, 40);
  assert.equal(outbound.addRow(tid('same'), outRow('same-39'), 0, T0).fresh, false);
});
