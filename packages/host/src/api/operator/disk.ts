/**
 * How much a session takes on disk. What the agent wrote is counted, never followed or opened; a folder with more
 * entries than MAX_ENTRIES is counted up to there.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const MAX_ENTRIES = 10_000;

export async function bytesBelow(folders: readonly string[]): Promise<number> {
  const queue = [...folders];
  let bytes = 0;
  let seen = 0;
  for (const path of queue) {
    const found = await lstat(path).catch(() => null);
    // Gone meanwhile, or nobody's to look at.
    if (!found || seen > MAX_ENTRIES) continue;
    seen += 1;
    bytes += found.blocks * 512;
    if (!found.isDirectory()) continue;
    const names = await readdir(path).catch(() => []);
    queue.push(...names.slice(0, MAX_ENTRIES).map((name) => join(path, name)));
  }
  return bytes;
}
