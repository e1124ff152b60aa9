/** The page as `up` builds it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pageBuiltOnce } from '../run/built.ts';

export interface BuiltPage {
  readonly folder: string;
  remove(): void;
}

export async function builtPage(): Promise<BuiltPage> {
  const once = pageBuiltOnce();
  if (once !== null) return { folder: once, remove: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'bh-page-'));
  const build = join(import.meta.dirname, '../../packages/web/build.ts');
  await promisify(execFile)(process.execPath, [build, folder]);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
