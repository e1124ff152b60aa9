/**
 * Brings inbound.db to our schema: a new file, an empty one, or one of NanoClaw v2, older or newer.
 *
 * In place: tables and columns that are missing are added, so every row, and every column or table that we do not know,
 * stays where it is. Runs inside the transaction of `openWritable`; does not look at files that have our version (H10).
 */
import { DatabaseSync } from 'node:sqlite';
import { INBOUND_DDL } from '../schema.ts';
import { int, NotAMailbox, namesIn, text } from '../sqlite.ts';
import { MAX_TIME_MS, parseTime } from '../time.ts';
import { noteImport } from './imported.ts';

export function makeInbound(db: DatabaseSync): void {
  const there = namesIn(db);
  const isOld = there.has('messages_in');
  if (there.size > 0 && !isOld) throw new NotAMailbox(db.location() ?? '', 'it holds other tables');
  for (const statement of INBOUND_DDL) {
    const [, type = '', name = ''] = /^CREATE (TABLE|INDEX) (\w+)/.exec(statement) ?? [];
    if (!there.has(name)) db.exec(statement);
    else if (type === 'TABLE') addColumns(db, name, statement);
  }
  if (isOld) fill(db);
}

/** What our statement has and the table has not. SQLite itself reads the statement, in a database of its own. */
function addColumns(db: DatabaseSync, table: string, statement: string): void {
  const ours = new DatabaseSync(':memory:');
  try {
    ours.exec(statement);
    const info = `PRAGMA table_info(${table})`;
    const there = new Set(
      db
        .prepare(info)
        .all()
        .map((column) => column.name),
    );
    for (const { name, type, notnull, dflt_value: preset } of ours.prepare(info).all()) {
      if (there.has(name)) continue;
      const rule = `${notnull === 1 ? ' NOT NULL' : ''}${preset === null ? '' : ` DEFAULT ${preset}`}`;
      db.exec(`ALTER TABLE ${table} ADD COLUMN "${name}" ${type}${rule}`);
    }
  } finally {
    ours.close();
  }
}

/** A time in no form that we know is due at once: late is seen, never is not. */
function fill(db: DatabaseSync): void {
  db.function('to_ms', { deterministic: true }, (time) =>
    Math.min(MAX_TIME_MS, Math.max(0, parseTime(text(time)) ?? 0)),
  );
  db.exec(`
    UPDATE messages_in SET series_id = coalesce(series_id, id), tries = coalesce(tries, 0),
      due_ms = CASE WHEN process_after IS NULL THEN 0 ELSE to_ms(process_after) END
    WHERE series_id IS NULL OR tries IS NULL OR process_after IS NOT NULL`);
  number(db);
  rearm(db);
  noteImport(db);
}

/** A row without a number would be seen by nobody (M3). */
function number(db: DatabaseSync): void {
  const greatest = int(db.prepare('SELECT max(seq) AS seq FROM messages_in').get()?.seq);
  const give = db.prepare('UPDATE messages_in SET seq = ? WHERE id = ?');
  const rows = db.prepare('SELECT id FROM messages_in WHERE seq IS NULL ORDER BY timestamp, rowid').all();
  for (const [n, row] of rows.entries()) give.run(greatest - (greatest % 2) + 2 * (n + 1), text(row.id));
}

/**
 * NanoClaw completed an occurrence and armed the next one up to a minute later: stopped in between, its series would end
 * here (W6). The last occurrence waits again; its ack is still in outbound.db, and is taken over with the next one, as
 * every ack is. If the ack is gone, it runs once more.
 */
function rearm(db: DatabaseSync): void {
  db.exec(`
    UPDATE messages_in SET status = 'pending' WHERE status = 'completed' AND recurrence IS NOT NULL
      AND seq IN (SELECT max(seq) FROM messages_in GROUP BY series_id)`);
}
