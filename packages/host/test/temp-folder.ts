/** A folder below the system's temporary one, gone after the test. Short: sockets may lie in it (107 bytes). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whatever has an end at which things are put away: a test, or a suite's hook that collects them. */
export interface Ending {
  after(putAway: () => unknown): void;
}

export function tempFolder(t: Ending): string {
  const dir = mkdtempSync(join(tmpdir(), 'bh-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
