/**
 * `DATA/egress/usage.db`: every call to a model with what was charged for it, and the budgets that hold them. The egress
 * process is its only writer; the host reads sums of it (report.ts).
 *
 * Opened with FULL: what is committed here has happened, whatever is killed next.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const USAGE_FILE = 'usage.db';

const CALLS = `CREATE TABLE IF NOT EXISTS calls (
  id             INTEGER PRIMARY KEY,
  at_ms          INTEGER NOT NULL,
  session        TEXT NOT NULL,
  agent          TEXT NOT NULL,
  generation     INTEGER NOT NULL,
  provider       TEXT NOT NULL,
  model          TEXT NOT NULL,
  status         INTEGER NOT NULL,
  input_tokens   INTEGER,
  output_tokens  INTEGER,
  cached_tokens  INTEGER,
  cost_micros    INTEGER,
  first_byte_ms  INTEGER,
  total_ms       INTEGER NOT NULL
)`;

/** `agent` '' means all of them; `session` is '' but for budgets of a session. */
const BUDGETS = `
CREATE TABLE budgets (
  agent      TEXT NOT NULL,
  period     TEXT NOT NULL,
  cap_micros INTEGER NOT NULL,
  PRIMARY KEY (agent, period)
);
CREATE TABLE spent (
  agent        TEXT NOT NULL,
  period       TEXT NOT NULL,
  session      TEXT NOT NULL,
  start_ms     INTEGER NOT NULL,
  micros       INTEGER NOT NULL,
  added_micros INTEGER NOT NULL DEFAULT 0,
  told_percent INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (agent, period, session, start_ms)
);
CREATE TABLE stops (
  id       TEXT PRIMARY KEY,
  agent    TEXT NOT NULL,
  period   TEXT NOT NULL,
  session  TEXT NOT NULL,
  start_ms INTEGER NOT NULL,
  at_ms    INTEGER NOT NULL,
  state    TEXT NOT NULL,
  UNIQUE (agent, period, session, start_ms)
)`;

/** Marks that were passed and that nobody has been told of yet. */
const ALERTS = 'CREATE TABLE alerts (id INTEGER PRIMARY KEY AUTOINCREMENT, alert TEXT NOT NULL)';

/** Step n brings a file of version n to n + 1. */
const STEPS: readonly string[] = [
  CALLS,
  `ALTER TABLE calls ADD COLUMN charged_micros INTEGER NOT NULL DEFAULT 0;
   UPDATE calls SET charged_micros = coalesce(cost_micros, 0);
   ${BUDGETS}`,
  ALERTS,
];

export function openUsageDb(dir: string): DatabaseSync {
  const db = new DatabaseSync(join(dir, USAGE_FILE), { timeout: 2_000 });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  for (const [n, step] of STEPS.entries()) {
    if (n < version) continue;
    within(db, () => db.exec(`${step}; PRAGMA user_version = ${n + 1}`));
  }
  return db;
}

/** One transaction; nothing of it stays when `work` throws. */
export function within<T>(db: DatabaseSync, work: () => T): T {
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
