/**
 * The page as browsers get it: `DATA/web/<hash>/{index.html, assets/…}`, each asset also packed beside itself, so that
 * no request packs anything.
 */
import { join } from 'node:path';
import { type BuiltFolder, ensureBuilt, PACKAGES, runBuild } from './built-folder.ts';
import type { Folders } from './folders.ts';

const PAGE: BuiltFolder = {
  name: 'web',
  kind: 'private',
  sources: ['web'],
  marker: 'index.html',
  build: (dir) => runBuild(join(PACKAGES, 'web', 'build.ts'), dir),
};

export function ensurePage(folders: Folders, onBuild: () => void): Promise<string> {
  return ensureBuilt(folders, PAGE, onBuild);
}
