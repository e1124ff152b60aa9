/**
 * A file that an agent sends, from the runner's copy to the host's: what the runner takes, the host takes under the same
 * name; what cannot be sent is said where it is sent from.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type OutboundId, outgoingName } from '@bellhop/mailbox';
import fc from 'fast-check';
import { copyOutgoing, findOutgoing } from '../../../runner/src/outgoing-file.ts';
import { createMailboxes } from '../../src/sessions/mailboxes.ts';
import type { AgentId, SessionId } from '../../src/types.ts';
import { tempFolder } from '../temp-folder.ts';

const MAX = 1_000;
const session = { id: 's' as SessionId, agentId: 'a' as AgentId };
const ROW = 'row' as OutboundId;

async function world(t: TestContext) {
  const dataDir = tempFolder(t);
  const mailboxes = createMailboxes(
    { dataDir, user: null },
    { maxFileBytes: 1e6, maxValueBytes: 1e6, maxRows: 9 },
  );
  await mailboxes.make(session);
  const { inDir, outDir } = mailboxes.paths(session);
  const workDir = join(dataDir, 'work');
  for (const dir of [workDir, join(inDir, 'files/0123')]) mkdirSync(dir, { recursive: true });
  return {
    workDir,
    inDir,
    /** Its name as the host took it, with what is in it. */
    async send(path: string): Promise<readonly [name: string, text: string]> {
      const file = await findOutgoing({ workDir, inDir, maxFileBytes: MAX }, path);
      await copyOutgoing(file, join(outDir, 'files', ROW));
      assert.deepEqual(
        readdirSync(join(outDir, 'files', ROW)).filter((name) => name.startsWith('.part')),
        [],
      );
      const taken = await mailboxes.takeFile(session, ROW, file.name, MAX);
      assert.ok(taken.kind === 'taken', JSON.stringify(taken));
      return [taken.name, readFileSync(taken.path, 'utf8')];
    },
  };
}

describe('a file that an agent sends', () => {
  for (const [what, name, seen] of [
    ['a plain name', 'report.pdf', 'report.pdf'],
    ['a name that begins with a dot', '.gitignore', '.gitignore'],
    ['a name of two dots and more', '..config', '..config'],
    ['three dots', '...', '_'],
    ['a backslash', 'a\\b.txt', 'a_b.txt'],
    ['a newline', 'two\nlines.txt', 'two_lines.txt'],
    ['a tab and an escape', '\x1b[1m\t.txt', '_[1m_.txt'],
    ['41 Chinese letters', `${'文'.repeat(41)}.txt`, `${'文'.repeat(41)}.txt`],
    ['a name of 250 bytes', `${'x'.repeat(246)}.txt`, `${'x'.repeat(196)}.txt`],
    ['83 letters of three bytes', `${'文'.repeat(83)}.txt`, `${'文'.repeat(65)}.txt`],
    ['a blank at either end', ' a.txt ', 'a.txt'],
    ['a name that ends as a copy in the making does', 'a.partial', 'a.partial'],
  ] as const) {
    test(`arrives with ${what}`, async (t) => {
      const { workDir, send } = await world(t);
      writeFileSync(join(workDir, name), 'text');
      assert.deepEqual(await send(name), [seen, 'text']);
      assert.deepEqual(await send(join(workDir, name)), [seen, 'text'], 'by its absolute path');
      assert.deepEqual(await send(`./${name}`), [seen, 'text']);
    });
  }

  test('arrives although nobody may write to it, twice, and beside what a killed copy left', async (t) => {
    const { workDir, send } = await world(t);
    writeFileSync(join(workDir, 'a.txt'), 'one');
    chmodSync(join(workDir, 'a.txt'), 0o444);
    assert.deepEqual(await send('a.txt'), ['a.txt', 'one']);
    assert.deepEqual(await send('a.txt'), ['a.txt', 'one']);
  });

  test('may be one that it has received, by the path that it was shown; and through a link in the workspace', async (t) => {
    const { workDir, inDir, send } = await world(t);
    const received = join(inDir, 'files/0123/photo.png');
    writeFileSync(received, 'png');
    assert.deepEqual(await send(received), ['photo.png', 'png']);
    symlinkSync(received, join(workDir, 'link'));
    assert.deepEqual(await send('link'), ['photo.png', 'png']);
  });
});

describe('what cannot be sent is said at once', () => {
  test('a folder, a pipe, what is not there, what is too big, what leads nowhere', async (t) => {
    const { workDir, send } = await world(t);
    mkdirSync(join(workDir, 'folder'));
    execFileSync('mkfifo', [join(workDir, 'pipe')]);
    writeFileSync(join(workDir, 'big'), '');
    truncateSync(join(workDir, 'big'), MAX + 1);
    symlinkSync('loop', join(workDir, 'loop'));
    for (const [path, words] of [
      ['folder', /^folder is a folder; send its files, or make an archive of it$/],
      ['.', /outside the workspace/],
      ['pipe', /^pipe is not a regular file$/],
      ['gone', /^there is no file gone$/],
      ['big/x', /^there is no file big\/x$/],
      ['big', /^big has 1001 bytes, the limit is 1000$/],
      ['loop', /^loop cannot be opened \(ELOOP\)$/],
      [`${'x'.repeat(300)}`, /cannot be opened \(ENAMETOOLONG\)$/],
    ] as const)
      await assert.rejects(send(path), ({ message }: Error) => words.test(message), path);
  });

  test('attack: its inbox, a file of the system, by path and by link', async (t) => {
    const { workDir, inDir, send } = await world(t);
    writeFileSync(join(inDir, 'inbound.db'), 'rows');
    symlinkSync('/etc/passwd', join(workDir, 'link'));
    for (const path of [
      join(inDir, 'inbound.db'),
      '/etc/passwd',
      'link',
      '../s',
      `${workDir}/../x`,
      `${workDir}2`,
    ])
      await assert.rejects(
        send(path),
        /lies outside the workspace .*; copy it there first|there is no file/,
        path,
      );
  });
});

test('path traversal: no name at all is anything but one plain segment, and the same rule twice changes nothing', () => {
  const nasty = fc.string({
    unit: fc.constantFrom('.', '/', '\\', ' ', '\0', '\n', 'a', '文', '😀', '\u202e', '\ud800', '\u2028'),
    maxLength: 300,
  });
  fc.assert(
    fc.property(nasty, (name) => {
      const safe = outgoingName(name);
      assert.doesNotMatch(safe, /[/\\\p{Cc}\u2028]/u);
      assert.ok(!['', '.', '..'].includes(safe) && Buffer.byteLength(safe) <= 200 && safe.isWellFormed());
      assert.equal(outgoingName(safe), safe);
    }),
    { numRuns: 1_000 },
  );
});
