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
  constructor(path: string, version: number) {
    super(
      `cannot open ${path}: it has version ${version}, this Bellhop knows ${SCHEMA_VERSION}; the file is left as it is. ` +
        'Start the newer Bellhop again',
    );
  }
}

/** What lies here is no session's file; it is left as it is. */
export class NotAMailbox extends Error {
  override readonly name = 'NotAMailbox';
  constructor(path: string, reason: string, cause?: unknown) {
    super(
      `cannot open ${path}: ${reason}; the file is left as it is. ` +
        `Restore it from a backup, or give the session up with: mv '${path}' '${path}.bad'`,
      { cause },
    );
  }
}

/** SQLite's numbers for "not what you think it is": an SQL error while tables are made, corrupt, not a database. */
const NOT_OURS: readonly number[] = [1, 11, 26];

function explained(path: string, error: unknown): unknown {
  const { errcode, message } = error as { errcode?: unknown; message?: unknown };
  const isForeign = typeof errcode === 'number' && NOT_OURS.includes(errcode & 0xff);
  return isForeign ? new NotAMailbox(path, String(message), error) : error;
}

/**
 * Opens one of our own files for writing. Opening rolls a hot journal back. Throws NewerSchema or NotAMailbox for what is
 * not ours.
 * @param waitMs how long a lock is waited for, blocking; the host passes 0 (M2).
 * @param make brings a file of version 0 (new, empty or NanoClaw's) to our schema: in one transaction with the version,
 *   so that a death in it leaves what was there. H10: it is called once in the life of a file.
 */
export function openWritable(
  path: string,
  synchronous: 'FULL' | 'EXTRA',
  waitMs: number,
  make: (db: DatabaseSync) => void,
): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: waitMs });
  try {
    db.exec(`PRAGMA synchronous = ${synchronous}`);
    const version = userVersion(db);
    if (version > SCHEMA_VERSION) throw new NewerSchema(path, version);
    if (version < SCHEMA_VERSION) {
      db.exec('PRAGMA journal_mode = DELETE');
      transaction(db, () => {
        // Another opener may have been first.
        if (userVersion(db) === SCHEMA_VERSION) return;
        make(db);
        db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
      });
    }
    return db;
  } catch (error) {
    db.close();
    throw explained(path, error);
  }
}

export function userVersion(db: DatabaseSync): number {
  return int(db.prepare('PRAGMA user_version').get()?.user_version);
}

/** Names of what is in a schema; `of` is the database's name in this connection. */
export function namesIn(db: DatabaseSync, of = 'main'): Set<string> {
  const rows = db.prepare(`SELECT name FROM ${of}.sqlite_schema`).all();
  return new Set(rows.map((row) => text(row.name)));
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
