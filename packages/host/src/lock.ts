/**
 * One host per data folder. The lock is SQLite's on a small file, held for as long as the process lives: the kernel
 * gives it back however the process ends, so there is no stale lock to clean up.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as v from 'valibot';

export interface HostNote {
  readonly pid: number;
  readonly url: string;
  /** Kind of the sandboxes. */
  readonly sandbox: 'docker' | 'bwrap' | 'none';
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

const NOTE = v.object({ pid: v.number(), url: v.string(), sandbox: v.picklist(['docker', 'bwrap', 'none']) });

/** What the running host noted; null when it has not come that far, or what it noted cannot be read: it is only told. */
export function readNote(dataDir: string): HostNote | null {
  try {
    const note = v.safeParse(NOTE, JSON.parse(readFileSync(join(dataDir, 'host.json'), 'utf8')));
    return note.success ? note.output : null;
  } catch (unreadable) {
    // Not there, cut off, somebody else's, a folder: whether a host runs is told by the lock alone.
    if (unreadable instanceof Error) return null;
    throw unreadable;
  }
}
