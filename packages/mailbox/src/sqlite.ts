/**
 * Opening a mailbox file, and what SQLite's error numbers mean here.
 *
 * M2: DELETE journal on both files; a handle lives for one operation and is closed before anything is awaited.
 */
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { SCHEMA_VERSION } from './schema.ts';

export type SqlRow = Record<string, SQLOutputValue>;

const SQLITE_BUSY = 5;
const SQLITE_READONLY_ROLLBACK = 776;

/** The writer is at work, or died in mid-commit and must recover first: later, not corruption. */
export function isLater(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === 'number' && ((code & 0xff) === SQLITE_BUSY || code === SQLITE_READONLY_ROLLBACK);
}

/** A file of a newer Bellhop; it is left as it is. */
export class NewerSchema extends Error {
  override readonly name = 'NewerSchema';
}

/**
 * Opens one of our own files for writing, makes its tables when it is new. Opening rolls a hot journal back.
 * @param waitMs how long a lock is waited for, blocking; the host passes 0 (M2).
 */
export function openWritable(
  path: string,
  ddl: readonly string[],
  synchronous: 'FULL' | 'EXTRA',
  waitMs: number,
): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: waitMs });
  try {
    db.exec(`PRAGMA synchronous = ${synchronous}`);
    const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
    if (version > SCHEMA_VERSION) {
      throw new NewerSchema(`the file has version ${version}, this program knows ${SCHEMA_VERSION}`);
    }
    if (version < SCHEMA_VERSION) create(db, ddl);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function create(db: DatabaseSync, ddl: readonly string[]): void {
  db.exec('PRAGMA journal_mode = DELETE');
  transaction(db, () => {
    // Another opener may have been first.
    if (Number(db.prepare('PRAGMA user_version').get()?.user_version) === SCHEMA_VERSION) return;
    for (const statement of ddl) db.exec(statement);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}

/** All or nothing; the lock is taken at once so that what is read inside stays true until the commit. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

export function text(value: SQLOutputValue | undefined): string {
  return typeof value === 'string' ? value : String(value ?? '');
}

export function textOrNull(value: SQLOutputValue | undefined): string | null {
  return value === null || value === undefined ? null : text(value);
}

export function int(value: SQLOutputValue | undefined): number {
  return typeof value === 'number' ? value : Number(value ?? 0);
}
