/** The page as `up` builds it, in a folder of its own. */
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export async function builtPage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bh-page-'));
  const build = join(import.meta.dirname, '../../packages/web/build.ts');
  await promisify(execFile)(process.execPath, [build, folder]);
  return folder;
}
