/**
 * The runner as its sandboxes see it: `DATA/runner/<hash>/{node, runner.mjs, runner-light.mjs}`, mounted read-only.
 * The second is for agents with a model; what it loads for that would double the size of those without.
 *
 * The pinned Node lies beside it, as a hard link where the file system allows: the checkout may be in a place that the
 * sandbox's user cannot walk to.
 */
import { chmod, constants, copyFile, link } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuiltFolder, ensureBuilt, PACKAGES, runBuild } from './built-folder.ts';
import type { Folders } from './folders.ts';

/** The runner's programs, and their bundles' names. */
const BUNDLES = [
  { program: 'main', file: 'runner.mjs' },
  { program: 'light', file: 'runner-light.mjs' },
] as const;

const RUNNER: BuiltFolder = {
  name: 'runner',
  kind: 'passage',
  // Its dependencies are bundled as well.
  sources: ['runner', 'mailbox'],
  marker: 'runner-light.mjs',
  async build(dir) {
    await placeNode(join(dir, 'node'));
    await Promise.all(
      BUNDLES.map(async ({ program, file }) => {
        await runBuild(join(PACKAGES, 'runner', 'build.ts'), program, join(dir, file));
        await chmod(join(dir, file), 0o644);
      }),
    );
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
