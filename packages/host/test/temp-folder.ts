/** A folder below the system's temporary one, gone after the test. Short: sockets may lie in it (107 bytes). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export function tempFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'bh-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
