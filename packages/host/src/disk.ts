/**
 * How full the disk is, and what folders hold. The folders are agents': a link in them is counted and not followed, and a
 * folder that is swapped for a link in the middle of it makes its owner's sum wrong, nothing else: names and sizes are all
 * that is looked at.
 */
import { lstat, opendir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

export interface Disk {
  /** Bytes that an ordinary user may still write where the data folder lies. */
  freeBytes(): Promise<number>;
  /** What these folders hold; may stop counting when it is more than `enough`. */
  heldBytes(folders: readonly string[], enough: number): Promise<number>;
}

/** The least that a name costs: so a million empty files count, and their counting ends. */
const LEAST_BYTES = 4_096;
const BLOCK_BYTES = 512;

export function createDisk(dataDir: string): Disk {
  return {
    async freeBytes() {
      const { bavail, bsize } = await statfs(dataDir);
      return bavail * bsize;
    },
    async heldBytes(folders, enough) {
      const queue = [...folders];
      let held = 0;
      for (const folder of queue) {
        for await (const name of namesIn(folder)) {
          const path = join(folder, name);
          // Gone again since we read its name.
          const found = await lstat(path).catch(() => null);
          if (found === null) continue;
          held += Math.max(found.blocks * BLOCK_BYTES, LEAST_BYTES);
          if (held > enough) return held;
          if (found.isDirectory()) queue.push(path);
        }
      }
      return held;
    },
  };
}

/** None for a folder that is not there, or that its owner has closed to us. */
async function* namesIn(folder: string): AsyncGenerator<string> {
  const dir = await opendir(folder).catch(() => null);
  if (dir === null) return;
  for await (const entry of dir) yield entry.name;
}
