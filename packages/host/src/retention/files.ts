/**
 * The host's copies of files that agents sent, `DATA/files/<session>/<row>/`: kept below a size, the oldest go first
 * (H6). What a delivery still needs stays, whatever its size.
 */
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface Copies {
  readonly path: string;
  readonly session: string;
  readonly row: string;
  readonly bytes: number;
  readonly atMs: number;
}

/** The folders to remove so that the rest stays below `maxBytes`, the oldest first. */
export function chooseOldest(all: readonly Copies[], maxBytes: number): readonly Copies[] {
  const byAge = [...all].sort((a, b) => a.atMs - b.atMs);
  let excess = all.reduce((sum, { bytes }) => sum + bytes, 0) - maxBytes;
  return byAge.filter(({ bytes }) => {
    const goes = excess > 0;
    if (goes) excess -= bytes;
    return goes;
  });
}

/** One folder per row that had files. Yields after each session, so that a caller can rest in between. */
export async function* copiesBelow(root: string): AsyncGenerator<readonly Copies[]> {
  for (const session of await namesIn(root)) {
    const found: Copies[] = [];
    for (const row of await namesIn(join(root, session))) {
      const path = join(root, session, row);
      const files = await Promise.all(
        (await namesIn(path)).map((name) => lstat(join(path, name)).catch(() => null)),
      );
      const there = files.filter((file) => file !== null);
      const bytes = there.reduce((sum, file) => sum + file.size, 0);
      found.push({ path, session, row, bytes, atMs: Math.max(0, ...there.map((file) => file.mtimeMs)) });
    }
    yield found;
  }
}

export function removeCopies(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}
