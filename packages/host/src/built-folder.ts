/**
 * Things that are built from this checkout into `DATA/<name>/<hash of sources>/` when they are not there yet.
 *
 * Named by its content, so that an upgrade of the checkout changes nothing under what is in use (H9), and whole or not
 * there: a build that was cut off is thrown away and done again.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clipToEnd } from '@bellhop/mailbox';
import { type Folders, makeFolder } from './folders.ts';

export const PACKAGES = fileURLToPath(new URL('../..', import.meta.url));

/** Neither is part of what is built. */
const LEFT_OUT: readonly string[] = ['node_modules', 'test'];

export interface BuiltFolder {
  readonly name: string;
  readonly kind: 'passage' | 'private';
  /** Folders in packages/ that it is made of. */
  readonly sources: readonly string[];
  /** A file of it, for older folders that were named before they were whole. */
  readonly marker: string;
  build(dir: string): Promise<void>;
}

/** Returns the folder. `onBuild` is called before a build. */
export async function ensureBuilt(
  folders: Folders,
  built: BuiltFolder,
  onBuild: () => void,
): Promise<string> {
  const hash = await hashSources(built.sources);
  const dir = join(folders.dataDir, built.name, hash);
  if (await exists(join(dir, built.marker))) return dir;
  onBuild();
  const partial = `${hash}.partial`;
  for (const name of [hash, partial])
    await rm(join(folders.dataDir, built.name, name), { recursive: true, force: true });
  const partialDir = await makeFolder(folders, built.kind, built.name, partial);
  await built.build(partialDir);
  await rename(partialDir, dir);
  return dir;
}

/** Removes the folders of other versions; for when nobody uses them. */
export async function removeOldBuilds(current: string): Promise<void> {
  const root = join(current, '..');
  for (const name of await readdir(root)) {
    if (join(root, name) !== current) await rm(join(root, name), { recursive: true, force: true });
  }
}

/** Runs one of our build programs; throws with its last words. */
export function runBuild(program: string, ...args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const output: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const words = clipToEnd(output.join(''), 2_000);
      if (code === 0) resolve();
      else reject(new Error(`${relative(PACKAGES, program)} failed (exit code ${code}): ${words}`));
    });
  });
}

async function hashSources(sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const source of sources) {
    const root = join(PACKAGES, source);
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries.filter((e) => e.isFile()).map((e) => relative(root, join(e.parentPath, e.name)));
    for (const file of files.sort()) {
      if (file.split(sep).some((part) => LEFT_OUT.includes(part))) continue;
      hash.update(file).update(await readFile(join(root, file)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
