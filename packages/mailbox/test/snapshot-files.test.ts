/** M10, what lies at the place of the outbox: attacks by the kind of file, its size, and what lies beside it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { assertRefused, outboxFor, read, SECRET } from './hostile.ts';
import { folderFor, LIMITS } from './support.ts';

test('a missing outbox is an empty one', (t) => {
  const result = read(folderFor(t));
  assert.deepEqual(result, {
    kind: 'ok',
    snapshot: { acks: [], claims: [], rows: [], tool: null, more: false },
  });
});

test('an outbox of no bytes is an empty one: a runner that has just made it', (t) => {
  const folder = folderFor(t);
  writeFileSync(folder.outbound, '');
  assert.equal(read(folder).kind, 'ok');
});

test('attack: a symlink to the mailbox of another session', (t) => {
  const folder = outboxFor(t);
  rmSync(folder.outbound);
  symlinkSync(folder.bait, folder.outbound);
  assertRefused(t, folder, /ELOOP/);
});

test('attack: a symlink to nothing', (t) => {
  const folder = outboxFor(t);
  rmSync(folder.outbound);
  symlinkSync('/nonexistent', folder.outbound);
  assertRefused(t, folder, /ELOOP/);
});

test('attack: a hard link to the mailbox of another session', (t) => {
  const folder = outboxFor(t);
  rmSync(folder.outbound);
  linkSync(folder.bait, folder.outbound);
  assertRefused(t, folder, /second name/);
});

test('attack: a FIFO that nobody writes to does not hang the host', (t) => {
  const folder = outboxFor(t);
  rmSync(folder.outbound);
  execFileSync('mkfifo', [folder.outbound]);
  assertRefused(t, folder, /not a regular file/);
});

test('attack: a directory', (t) => {
  const folder = outboxFor(t);
  rmSync(folder.outbound);
  mkdirSync(folder.outbound);
  assertRefused(t, folder, /not a regular file/);
});

const isRoot = process.getuid?.() === 0;
test('attack: a device', { skip: isRoot ? false : 'only root can make a device' }, (t) => {
  const folder = outboxFor(t);
  rmSync(folder.outbound);
  try {
    execFileSync('mknod', [folder.outbound, 'c', '1', '5'], { stdio: 'ignore' });
  } catch (error) {
    t.skip(`this machine does not let root make a device: ${(error as Error).message}`);
    return;
  }
  assertRefused(t, folder, /not a regular file/);
});

test('attack: a sparse file of 100 GB costs no memory', (t) => {
  const folder = outboxFor(t);
  truncateSync(folder.outbound, 100 * 2 ** 30);
  const before = process.memoryUsage().rss;
  assertRefused(t, folder, /107374182400 bytes, the limit is/);
  assert.ok(process.memoryUsage().rss - before < 100 * 2 ** 20);
});

test('a file of just the limit is read, one byte more is not', (t) => {
  const folder = outboxFor(t);
  const { length } = readFileSync(folder.outbound);
  assert.equal(read(folder, { maxFileBytes: length }).kind, 'ok');
  assert.equal(read(folder, { maxFileBytes: length - 1 }).kind, 'refused');
});

for (const [what, make] of [
  ['a file', (path: string) => writeFileSync(path, 'x')],
  ['an empty file', (path: string) => writeFileSync(path, '')],
  ['a directory', (path: string) => mkdirSync(path)],
  ['a symlink to nothing', (path: string) => symlinkSync('/nonexistent', path)],
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
] as const) {
  test(`attack: ${what} as journal: nothing is read and nothing is followed, with an outbox and without`, (t) => {
    const folder = outboxFor(t);
    make(`${folder.outbound}-journal`);
    assert.deepEqual(read(folder), { kind: 'busy' });
    rmSync(folder.outbound);
    assert.deepEqual(read(folder), { kind: 'busy' });
  });
}

test('attack: a write-ahead log beside the file is not read', (t) => {
  const folder = outboxFor(t);
  writeFileSync(`${folder.outbound}-wal`, Buffer.alloc(4_128, 7));
  writeFileSync(`${folder.outbound}-shm`, Buffer.alloc(32_768, 7));
  assert.equal(read(folder).kind, 'ok');
});

test('attack: a file swapped for another one between two reads is read as the other one, or refused, never as a mix', (t) => {
  const folder = outboxFor(t);
  const other = outboxFor(t);
  assert.equal(read(folder).kind, 'ok');
  renameSync(other.outbound, `${folder.outbound}.new`);
  renameSync(`${folder.outbound}.new`, folder.outbound);
  const result = read(folder);
  assert.ok(result.kind === 'ok');
  assert.equal(result.snapshot.rows[0]?.content, '{"text":"hello"}');
});

test('the bait is a mailbox that could be read, were it the right one', (t) => {
  const folder = outboxFor(t);
  const result = read({ ...folder, outDir: folder.inDir });
  assert.ok(result.kind === 'ok');
  assert.equal(result.snapshot.rows[0]?.content, SECRET);
  assert.ok(LIMITS.maxFileBytes > 0);
});
