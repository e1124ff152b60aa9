/**
 * How long the audit was and what its last row was, noted beside the data and not in its folder: so that a piece cut off
 * its end is missed. Whoever can write both can write it anew; against that a head helps that somebody keeps elsewhere.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Head } from './egress/audit/chain.ts';

const NAME = 'audit.head';

export async function noteHead(dataDir: string, head: Head): Promise<void> {
  const path = join(dataDir, NAME);
  await writeFile(`${path}.new`, `${headWords(head)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Null when none was noted. */
export async function notedHead(dataDir: string): Promise<Head | null> {
  const text = await readFile(join(dataDir, NAME), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return readHead(text.trim());
}

/** `1234:` and the hash in hex. */
export function headWords({ n, hash }: Head): string {
  return `${n}:${hash}`;
}

export function readHead(words: string): Head | null {
  const [, n, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(words) ?? [];
  return n === undefined || hash === undefined ? null : { n: Number(n), hash };
}
