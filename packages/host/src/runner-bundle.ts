/**
 * The runner as its sandboxes see it: `DATA/runner/<hash>/{node, runner.mjs}`, mounted read-only.
 *
 * The pinned Node lies beside it, as a hard link where the file system allows: the checkout may be in a place that the
 * sandbox's user cannot walk to.
 */
import { chmod, constants, copyFile, link } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuiltFolder, ensureBuilt, PACKAGES, runBuild } from './built-folder.ts';
import type { Folders } from './folders.ts';

const RUNNER: BuiltFolder = {
  name: 'runner',
  kind: 'passage',
  sources: ['runner/src', 'mailbox/src'],
  marker: 'runner.mjs',
  async build(dir) {
    await placeNode(join(dir, 'node'));
    const bundle = join(dir, 'runner.mjs');
    await runBuild(join(PACKAGES, 'runner', 'build.ts'), bundle);
    await chmod(bundle, 0o644);
  },
};

export function ensureRunner(folders: Folders, onBuild: () => void): Promise<string> {
  return ensureBuilt(folders, RUNNER, onBuild);
}

async function placeNode(target: string): Promise<void> {
  const linked = await link(process.execPath, target).then(
    () => true,
    // Another file system, or hard links are forbidden: a copy does as well.
    () => false,
  );
  if (!linked) await copyFile(process.execPath, target, constants.COPYFILE_FICLONE);
  await chmod(target, 0o755);
}
