/**
 * M10, a file that is being written: by a real process beside us, and by a writer whose steps are placed between those of
 * the reader. The second one replaces three calls of node:fs by name, since no clock can be waited for: the window is a
 * few microseconds wide, once in a million reads.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { OutboundMailbox } from '../src/runner/index.ts';
import { outboxFor, PAGE_BYTES, read } from './hostile.ts';
import { folderFor, inboundRow, outRow, startChild, turnCommit } from './support.ts';

test('a thousand snapshots beside a writer that never rests: each is one committed state', async (t) => {
  const folder = folderFor(t);
  const writer = startChild(t, 'write-turns', folder.outDir);
  assert.equal(await writer.line(), 'ready');
  const seen = { ok: 0, busy: 0, last: 0, states: 0 };
  while (seen.ok < 1_000) {
    const result = read(folder);
    if (result.kind === 'busy') {
      seen.busy += 1;
      await turn();
      continue;
    }
    assert.equal(result.kind, 'ok', JSON.stringify(result));
    assert.ok(result.kind === 'ok');
    const { rows, acks } = result.snapshot;
    seen.ok += 1;
    const last = acks.at(-1)?.ackSeq ?? 0;
    if (last > seen.last) seen.states += 1;
    assert.ok(last >= seen.last, 'a later look is not an earlier state');
    seen.last = last;
    const oldest = Math.max(1, last - 19);
    const turns = Array.from({ length: last === 0 ? 0 : last - oldest + 1 }, (_, n) => oldest + n);
    assert.deepEqual(
      acks.map((ack) => ack.ackSeq),
      turns,
    );
    const ids = turns.flatMap((n) => [0, 1, 2].map((part) => `t${n}-${part}`));
    assert.deepEqual(
      rows.map((row) => row.id),
      ids,
    );
    for (const row of rows)
      assert.equal(JSON.parse(row.content).turn, Number(/\d+/.exec(row.turnId ?? '')?.[0]));
    await turn();
  }
  writer.kill();
  assert.deepEqual(await writer.exited, [null, 'SIGKILL']);
  assert.ok(seen.states >= 10, `the writer was at work: ${JSON.stringify(seen)}`);
});

/** Calls `at` after each call by which readOutbound looks at this file. */
function watchSteps(t: TestContext, path: string, at: () => void): void {
  let inside = false;
  const done = () => {
    if (inside) return;
    inside = true;
    at();
    inside = false;
  };
  const { lstatSync, readSync } = fs;
  t.mock.method(fs, 'lstatSync', (...args: Parameters<typeof lstatSync>) => {
    const result = lstatSync(...args);
    if (args[0] === path || args[0] === `${path}-journal`) done();
    return result;
  });
  t.mock.method(
    fs,
    'readSync',
    (fd: number, bytes: Buffer, offset: number, length: number, position: number) => {
      const result = readSync(fd, bytes, offset, length, position);
      done();
      return result;
    },
  );
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

/** A commit of several pages, as the steps in which SQLite puts it on disk. */
function commitInSteps(t: TestContext) {
  const folder = outboxFor(t);
  const before = fs.readFileSync(folder.outbound);
  const outbound = OutboundMailbox.open(folder.outDir, 1);
  const rows = [outRow('new', { content: JSON.stringify({ text: 'z'.repeat(9_000) }) })];
  outbound.commitTurn(turnCommit('V', { rows, acks: [{ message: inboundRow('c'), status: 'completed' }] }));
  outbound.close();
  const after = fs.readFileSync(folder.outbound);
  fs.writeFileSync(folder.outbound, before);
  const journal = `${folder.outbound}-journal`;
  const write = (from: number, to: number) => {
    const fd = fs.openSync(folder.outbound, 'r+');
    fs.writeSync(fd, after, from, to - from, from);
    fs.closeSync(fd);
  };
  return {
    folder,
    begin: () => fs.writeFileSync(journal, 'journal'),
    firstPage: () => write(0, PAGE_BYTES),
    otherPages: () => write(PAGE_BYTES, after.length),
    end: () => fs.rmSync(journal),
  };
}

/** The state is the one before the commit or the one after it; busy is always allowed. */
function assertWhole(result: ReturnType<typeof read>): void {
  assert.notEqual(result.kind, 'refused', JSON.stringify(result));
  if (result.kind !== 'ok') return;
  const { rows, acks } = result.snapshot;
  assert.ok(['r/a', 'r,new/a,c'].includes(`${rows.map((r) => r.id)}/${acks.map((a) => a.messageId)}`));
}

// Each step of the commit happens after some step of the read, in order: every way to interleave them.
const READ_STEPS = 7;
const ways: (readonly [number, number, number, number])[] = [];
for (let a = 1; a <= READ_STEPS + 1; a += 1)
  for (let b = a; b <= READ_STEPS + 1; b += 1)
    for (let c = b; c <= READ_STEPS + 1; c += 1)
      for (let d = c; d <= READ_STEPS + 1; d += 1) ways.push([a, b, c, d]);

test('a commit that lands between any steps of a read is seen whole, not at all, or as busy', (t) => {
  const commit = commitInSteps(t);
  const original = fs.readFileSync(commit.folder.outbound);
  const steps = [commit.begin, commit.firstPage, commit.otherPages, commit.end];
  const state = { way: ways[0] ?? [0, 0, 0, 0], step: 0, next: 0 };
  const advance = () => {
    state.step += 1;
    while (state.next < 4 && (state.way[state.next] ?? 99) <= state.step) {
      steps[state.next]?.();
      state.next += 1;
    }
  };
  watchSteps(t, commit.folder.outbound, advance);
  let longest = 0;
  const kinds = { ok: 0, busy: 0, refused: 0 };
  for (const way of ways) {
    fs.rmSync(`${commit.folder.outbound}-journal`, { force: true });
    fs.writeFileSync(commit.folder.outbound, original);
    Object.assign(state, { way, step: 0, next: 0 });
    const result = read(commit.folder);
    kinds[result.kind] += 1;
    longest = Math.max(longest, state.step);
    assertWhole(result);
  }
  assert.equal(longest, READ_STEPS, 'every step of a read was seen');
  assert.ok(kinds.ok > 0 && kinds.busy > 0, JSON.stringify(kinds));
});

test('attack: an outbox that is removed, or replaced, between any steps of a read is never refused for that', (t) => {
  const folder = outboxFor(t);
  const bytes = fs.readFileSync(folder.outbound);
  const other = `${folder.outbound}.other`;
  const state = { step: 0, when: 0, replace: false, reached: false };
  watchSteps(t, folder.outbound, () => {
    state.step += 1;
    if (state.step !== state.when) return;
    state.reached = true;
    if (state.replace) fs.renameSync(other, folder.outbound);
    else fs.rmSync(folder.outbound);
  });
  for (const replace of [false, true]) {
    for (let when = 1; when <= READ_STEPS; when += 1) {
      fs.rmSync(folder.outbound, { force: true });
      fs.writeFileSync(folder.outbound, bytes);
      fs.writeFileSync(other, bytes);
      Object.assign(state, { step: 0, when, replace, reached: false });
      const result = read(folder);
      assert.ok(state.reached, `step ${when}`);
      assert.notEqual(result.kind, 'refused', JSON.stringify(result));
    }
  }
});
