/**
 * The runner as its sandboxes see it: `DATA/runner/<hash>/{node, runner.mjs, runner-light.mjs}`, mounted read-only.
 * The second is for agents with a model; what it loads for that would double the size of those without.
 *
 * Named by its content, so that an upgrade of the checkout changes nothing under a running sandbox (H9). The pinned
 * Node lies beside it, as a hard link where the file system allows: the checkout may be in a place that the sandbox's
 * user cannot walk to.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, constants, copyFile, link, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Folders, makeFolder } from './folders.ts';

const PACKAGES = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = join(PACKAGES, 'runner', 'build.ts');
/** The runner's programs, and their bundles' names. */
const BUNDLES = [
  { program: 'main', file: 'runner.mjs' },
  { program: 'light', file: 'runner-light.mjs' },
] as const;

/** Returns the folder; builds it when it is not there. `onBuild` is called before a build. */
export async function ensureRunner(folders: Folders, onBuild: () => void): Promise<string> {
  const hash = await hashSources();
  const dir = await makeFolder(folders, 'passage', 'runner', hash);
  const missing = [];
  for (const bundle of BUNDLES) if (!(await exists(join(dir, bundle.file)))) missing.push(bundle);
  if (missing.length === 0) return dir;
  onBuild();
  await placeNode(join(dir, 'node'));
  await Promise.all(
    missing.map(async ({ program, file }) => {
      const partial = join(dir, `${program}.partial.mjs`);
      await build(program, partial);
      await chmod(partial, 0o644);
      await rename(partial, join(dir, file));
    }),
  );
  return dir;
}

/** Removes the bundles of other versions; for when no sandbox runs. */
export async function removeOldRunners(folders: Folders, current: string): Promise<void> {
  const root = join(folders.dataDir, 'runner');
  for (const name of await readdir(root)) {
    if (join(root, name) !== current) await rm(join(root, name), { recursive: true, force: true });
  }
}

async function hashSources(): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  // Its dependencies are bundled as well.
  hash.update(await readFile(join(PACKAGES, 'runner', 'package.json'))).update(await readFile(BUILD));
  for (const name of ['runner', 'mailbox']) {
    const root = join(PACKAGES, name, 'src');
    const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts')).sort();
    for (const file of files) hash.update(file).update(await readFile(join(root, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function placeNode(target: string): Promise<void> {
  await rm(target, { force: true });
  const linked = await link(process.execPath, target).then(
    () => true,
    // Another file system, or hard links are forbidden: a copy does as well.
    () => false,
  );
  if (!linked) await copyFile(process.execPath, target, constants.COPYFILE_FICLONE);
  await chmod(target, 0o755);
}

function build(program: string, outFile: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BUILD, program, outFile], { stdio: ['ignore', 'ignore', 'pipe'] });
    const output: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(`the runner could not be built (exit code ${code}): ${output.join('').slice(-2_000)}`),
        );
    });
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
