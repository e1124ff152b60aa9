/**
 * What a folder is, and what lies in it. Each look is bounded: a folder too big to be looked through is not shown.
 */
import { constants, type Dirent } from 'node:fs';
import { open, readdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { judgeEntry } from './judge.ts';

/** About 0.2 s of looking. */
export const MAX_ENTRIES = 50_000;

export interface Looked {
  /** Which folder it is, as `device:inode`: whoever mounts it compares, so that nobody can put another one in its place. */
  readonly folder: string;
  /** The first thing in it that must not be shown, in words; null when there is none. */
  readonly forbidden: string | null;
}

/** Rejects when the path leads through a link by now, or a part of it cannot be read. */
export async function lookThrough(path: string, maxEntries: number): Promise<Looked> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    // By the descriptor from here on: what lies at the path may be another folder in the next moment.
    const held = `/proc/self/fd/${handle.fd}`;
    const reached = await realpath(held);
    if (reached !== path) throw new Error(`it leads to ${reached} by now`);
    const { dev, ino } = await handle.stat({ bigint: true });
    const forbidden = await findForbidden(held, maxEntries);
    return { folder: `${dev}:${ino}`, forbidden: forbidden?.replace(held, path) ?? null };
  } finally {
    await handle.close();
  }
}

/** Links are not followed: inside they lead nowhere else. */
async function findForbidden(folder: string, maxEntries: number): Promise<string | null> {
  const folders = [folder];
  let left = maxEntries;
  for (const next of folders) {
    const entries: Dirent[] = await readdir(next, { withFileTypes: true });
    left -= entries.length;
    if (left < 0) return `it holds more than ${maxEntries} files and folders: show a smaller one`;
    for (const entry of entries) {
      const path = join(next, entry.name);
      const reason = judgeEntry(path, entry.name, entry.isSocket());
      if (reason !== null) return reason;
      // The list grows while it is walked.
      if (entry.isDirectory()) folders.push(path);
    }
  }
  return null;
}

/** The fifth field of each line of mountinfo, where a space is written \040. */
export async function mountPoints(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n');
  return lines.map((line) =>
    (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    ),
  );
}

/** The real path; null when there is nothing. */
export function realOrNull(path: string): Promise<string | null> {
  return realpath(path).catch(() => null);
}
