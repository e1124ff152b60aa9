/**
 * A test file of this folder, run by root as another user. It runs on a copy, since an ordinary user may not enter
 * root's checkout.
 */

import { execFile } from 'node:child_process';
import { chmod, chown, cp, link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { PATIENCE_MS } from '../until.ts';

/** A suite that has told nothing for so long hangs: each of its own waits has given up by then. */
const SILENCE_MS = 2 * PATIENCE_MS;

export interface User {
  readonly uid: number;
  readonly gid: number;
  /** Further groups. */
  readonly groups: readonly number[];
}

export async function runSuiteAs(
  t: TestContext,
  user: User,
  file: string,
): Promise<{ readonly failed: boolean; readonly output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'bellhop-nonroot-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  // As deep as in the checkout, where the agent image is found by its place.
  const root = join(import.meta.dirname, '../../../..');
  for (const part of [
    'packages/host/src/sandboxes',
    'packages/host/src/mounts',
    'packages/host/src/time-zone.ts',
    'packages/mailbox/src',
    'packages/mailbox/package.json',
    'packages/host/test/sandboxes',
    'packages/host/test/until.ts',
    'images/agent',
  ]) {
    await cp(join(root, part), join(folder, part), { recursive: true });
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  // As npm links a workspace.
  await mkdir(join(folder, 'node_modules/@bellhop'), { recursive: true });
  await symlink(join(folder, 'packages/mailbox'), join(folder, 'node_modules/@bellhop/mailbox'));
  await link(process.execPath, join(folder, 'node')).catch(() => cp(process.execPath, join(folder, 'node')));
  const scratch = join(folder, 'tmp');
  await mkdir(scratch);
  await chown(scratch, user.uid, user.gid);
  await chmod(folder, 0o755);

  const groups = user.groups.length === 0 ? ['--clear-groups'] : ['--groups', user.groups.join()];
  const become = ['--reuid', `${user.uid}`, '--regid', `${user.gid}`, ...groups];
  const path = join(folder, 'packages/host/test/sandboxes', file);
  const suite = ['--test', '--test-reporter=tap', path];
  const env = { PATH: process.env.PATH, TMPDIR: scratch, HOME: scratch };
  const done = Promise.withResolvers<{ failed: boolean; output: string }>();
  // A group of its own, so that a suite that hangs ends with all of its processes, and shows how far it came. What it
  // tells is passed on at once: the run sees that it moves.
  const child = execFile(
    'setsid',
    ['setpriv', ...become, join(folder, 'node'), ...suite],
    { env, cwd: folder, maxBuffer: 1 << 26 },
    (error, output) => {
      clearTimeout(silent);
      done.resolve({ failed: error !== null, output });
    },
  );
  const silent = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), SILENCE_MS);
  child.stdout?.on('data', (words) => {
    silent.refresh();
    process.stdout.write(words);
  });
  return done.promise;
}
