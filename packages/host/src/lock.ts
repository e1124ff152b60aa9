/**
 * One host per data folder. The lock is SQLite's on a small file, held for as long as the process lives: the kernel
 * gives it back however the process ends, so there is no stale lock to clean up.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface HostNote {
  readonly pid: number;
  readonly url: string;
  /** Kind of the sandboxes. */
  readonly sandbox: string;
}

export interface HostLock {
  /** Tells a second host, and people, where this one is. */
  note(note: HostNote): void;
  release(): void;
  /** As `release`, but what a dead host noted stays: for who only looks whether one runs. */
  letGo(): void;
}

/** Null when another host holds it. */
export function takeLock(dataDir: string): HostLock | null {
  const db = new DatabaseSync(join(dataDir, 'host.lock'), { timeout: 0 });
  const note = join(dataDir, 'host.json');
  try {
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if ((error as { errcode?: number }).errcode === 5) return null;
    throw error;
  }
  return {
    note: (value) => writeFileSync(note, `${JSON.stringify(value)}\n`, { mode: 0o600 }),
    letGo: () => db.close(),
    release() {
      rmSync(note, { force: true });
      db.close();
    },
  };
}

/** What the running host noted; null when it has not come that far. */
export function readNote(dataDir: string): HostNote | null {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'host.json'), 'utf8')) as HostNote;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
