/**
 * The store on SQLite: WAL with FULL, one connection, on a local disk.
 *
 * Transactions queue behind each other, because one connection has one of them at a time. A commit blocks the event
 * loop for its fsync (0.2 ms here); the rejected option, a worker thread, costs a message each way for every statement.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Sql, type SqlRow, type SqlValue, type Store, StoreUnavailable } from './port.ts';
import { STORE_STEPS, STORE_VERSION } from './schema.ts';

const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const UNAVAILABLE = new Set([SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN]);
const LONGEST_STRETCH_MS = 10;
/** Oldest SQLite without the WAL-reset corruption bug. */
const MIN_SQLITE = [3, 51, 3];

/** The data folder was written by a newer Bellhop. */
export class NewerData extends Error {
  override readonly name = 'NewerData';
  readonly hint =
    'Nothing was changed. Update this checkout (git pull), or choose another folder: ./bellhop up --data DIR';
}

export function openStore(path: string): Store {
  const db = new DatabaseSync(path, { timeout: 2_000 });
  try {
    checkSqlite(db);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    migrate(db);
  } catch (error) {
    db.close();
    throw unavailable(error);
  }
  const sql = statements(db);
  const queue = { tail: Promise.resolve() };
  const turn = { atMs: performance.now() };
  // SQLite is synchronous, so a long row of transactions would be one long microtask: timers, sockets and signals get
  // their turn in between. Without it, 20,000 rows of one session held up every other request for 26 s.
  const breathe = async () => {
    if (performance.now() - turn.atMs < LONGEST_STRETCH_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    turn.atMs = performance.now();
  };
  return {
    read: sql,
    transaction(work) {
      const run = queue.tail.then(breathe).then(() => inTransaction(db, sql, work));
      queue.tail = run.then(
        () => undefined,
        // The caller gets the error; the next transaction does not depend on it.
        () => undefined,
      );
      return run;
    },
    async close() {
      await queue.tail;
      db.close();
    },
  };
}

function statements(db: DatabaseSync): Sql {
  const prepared = new Map<string, StatementSync>();
  const prepare = (sql: string) => {
    const known = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  return {
    all: async (sql: string, ...values: SqlValue[]) => prepare(sql).all(...values) as SqlRow[],
    run: async (sql: string, ...values: SqlValue[]) => Number(prepare(sql).run(...values).changes),
  };
}

async function inTransaction<T>(db: DatabaseSync, sql: Sql, work: (sql: Sql) => Promise<T>): Promise<T> {
  try {
    db.exec('BEGIN IMMEDIATE');
    const result = await work(sql);
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw unavailable(error);
  }
}

function unavailable(error: unknown): unknown {
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== 'number' || !UNAVAILABLE.has(code & 0xff)) return error;
  return new StoreUnavailable(
    `the data folder cannot be written: ${(error as Error).message}`,
    'Check free space (df -h) and who owns the data folder (ls -ld); Bellhop goes on by itself when it is writable.',
    error,
  );
}

function checkSqlite(db: DatabaseSync): void {
  const version = String(db.prepare('SELECT sqlite_version() AS v').get()?.v);
  const found = version.split('.').map(Number);
  const at = MIN_SQLITE.findIndex((wanted, i) => (found[i] ?? 0) !== wanted);
  if (at >= 0 && (found[at] ?? 0) < (MIN_SQLITE[at] ?? 0)) {
    throw new Error(
      `SQLite ${version} has a known corruption bug; ${MIN_SQLITE.join('.')} or newer is needed`,
    );
  }
}

function migrate(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version > STORE_VERSION) {
    throw new NewerData(
      `the data folder was written by a newer Bellhop (version ${version}, this program knows ${STORE_VERSION})`,
    );
  }
  if (version === STORE_VERSION) return;
  db.exec('BEGIN IMMEDIATE');
  for (const step of STORE_STEPS.slice(version)) for (const statement of step) db.exec(statement);
  db.exec(`PRAGMA user_version = ${STORE_VERSION}`);
  db.exec('COMMIT');
}
