/**
 * The runner and the page, built once for a whole run of tests: each host would build its own, for 0.4 s of a core.
 * A test file that is run alone has none, and its hosts build.
 */
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sandboxUser } from '../../packages/host/src/folders.ts';
import { ensurePage } from '../../packages/host/src/page-bundle.ts';
import { ensureRunner } from '../../packages/host/src/runner-bundle.ts';

/** Tells the test files where: a folder with what a data folder has of them. */
const BUILT = 'BELLHOP_TEST_BUILT';
const FOLDERS = ['runner', 'web'] as const;

/** Builds both and tells all processes that are started from now on. Returns how to remove them. */
export async function buildOnce(): Promise<() => void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bh-built-'));
  const folders = { dataDir, user: sandboxUser(process.getuid?.() ?? -1) };
  await Promise.all([ensureRunner(folders, () => undefined), ensurePage(folders, () => undefined)]);
  process.env[BUILT] = dataDir;
  return () => rmSync(dataDir, { recursive: true });
}

/** The page's folder, when the run has built it. */
export function pageBuiltOnce(): string | null {
  const built = process.env[BUILT];
  if (built === undefined) return null;
  const [hash = ''] = readdirSync(join(built, 'web'));
  return join(built, 'web', hash);
}

/** Gives a data folder what the run has built; the host finds it as it finds that of its last start. */
export function giveBuilt(dataDir: string): void {
  const built = process.env[BUILT];
  if (built === undefined) return;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (FOLDERS.some((name) => readdirSync(dataDir).includes(name))) return;
  for (const name of FOLDERS) {
    for (const entry of readdirSync(join(built, name), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const to = join(dataDir, entry.parentPath.slice(built.length));
      mkdirSync(to, { recursive: true, mode: 0o711 });
      linkSync(join(entry.parentPath, entry.name), join(to, entry.name));
    }
  }
}
