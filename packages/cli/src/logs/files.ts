/**
 * The host's log files as one stream of bytes, oldest first, across rotation (host.jsonl -> host.jsonl.1 -> .2 …).
 *
 * A file is known by its inode, not by its name: one that is rotated while it is read is read to its end under its old
 * handle, and then the next younger one is opened, however many rotations came between two looks.
 */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../world.ts';

const POLL_MS = 250;
const BLOCK = 64 * 1024;

interface LogFile {
  readonly path: string;
  readonly inode: bigint;
}

/** Oldest first; [] when there is no such folder yet. */
async function logFiles(folder: string): Promise<LogFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const ages = names.flatMap((name) => {
    const match = /^host\.jsonl(?:\.(\d+))?$/.exec(name);
    return match ? [{ path: join(folder, name), age: Number(match[1] ?? 0) }] : [];
  });
  const found: LogFile[] = [];
  for (const { path } of ages.sort((a, b) => b.age - a.age)) {
    const stats = await stat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
      // Rotated away between the listing and now; the next look finds it under its new name.
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (stats) found.push({ path, inode: stats.ino });
  }
  return found;
}

export interface Following {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Ends at the end of the youngest file, or with `following` when its signal is aborted. */
export async function* logBytes(folder: string, following: Following | null): AsyncGenerator<Uint8Array> {
  let last: bigint | null = null;
  for (;;) {
    const next = younger(await logFiles(folder), last);
    if (next) {
      const handle = await opened(next.path);
      if (handle) {
        try {
          // Between the listing and the open a rotation may have put another file under this name.
          const { ino } = await handle.stat({ bigint: true });
          if (ino === next.inode) {
            yield* fileBytes(handle, () => isYoungest(folder, ino), following);
            last = ino;
          }
        } finally {
          await handle.close();
        }
      }
      if (following?.signal.aborted !== true) continue;
    }
    if (!following || following.signal.aborted) return;
    await following.clock.wait(POLL_MS, following.signal);
  }
}

function younger(files: readonly LogFile[], last: bigint | null): LogFile | undefined {
  // A file that is not listed any more was rotated out of existence: go on with the oldest there is.
  return files[files.findIndex((file) => file.inode === last) + 1];
}

async function isYoungest(folder: string, inode: bigint): Promise<boolean> {
  return (await logFiles(folder)).at(-1)?.inode === inode;
}

async function opened(path: string): Promise<FileHandle | null> {
  return open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

async function* fileBytes(
  handle: FileHandle,
  stillWritten: () => Promise<boolean>,
  following: Following | null,
): AsyncGenerator<Uint8Array> {
  let rotated = false;
  for (;;) {
    const block = Buffer.alloc(BLOCK);
    const { bytesRead } = await handle.read(block, 0, BLOCK);
    if (bytesRead > 0) {
      yield block.subarray(0, bytesRead);
      continue;
    }
    // Once more after it was seen rotated: its last lines may have come between the read and the look.
    if (!following || rotated || following.signal.aborted) return;
    if (await stillWritten()) await following.clock.wait(POLL_MS, following.signal);
    else rotated = true;
  }
}
