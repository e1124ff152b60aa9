/**
 * The page as browsers get it: `DATA/web/<hash>/{index.html, assets/…}`, each asset also packed beside itself, so that
 * no request packs anything.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuiltFolder, ensureBuilt, PACKAGES, runBuild } from './built-folder.ts';
import type { Folders } from './folders.ts';

const PAGE: BuiltFolder = {
  name: 'web',
  kind: 'private',
  sources: ['web'],
  marker: 'index.html',
  async build(dir) {
    await runBuild(join(PACKAGES, 'web', 'build.ts'), dir);
    await packAssets(join(dir, 'assets'));
  },
};

export function ensurePage(folders: Folders, onBuild: () => void): Promise<string> {
  return ensureBuilt(folders, PAGE, onBuild);
}

export async function packAssets(dir: string): Promise<void> {
  // Not imported: a start that builds nothing need not load it.
  const { gzipSync } = process.getBuiltinModule('node:zlib');
  for (const name of await readdir(dir)) {
    if (!/\.(?:js|css|svg)$/.test(name)) continue;
    const packed = gzipSync(await readFile(join(dir, name)), { level: 9 });
    await writeFile(join(dir, `${name}.gz`), packed, { mode: 0o600 });
  }
}
