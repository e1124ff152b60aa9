/**
 * What a NanoClaw session brought along and the host's own records do not know yet: messages that still wait, and those
 * that had failed there. The upgrade notes up to which number rows were NanoClaw's; they are looked through in steps, so
 * that a session of 200,000 rows holds nobody up, and a host that dies goes on where it was.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { MessageId } from '../model.ts';
import { int, text } from '../sqlite.ts';

/** Watermarks: the last row that was NanoClaw's, and the last that was looked at. */
const THROUGH = 'imported_through';
const SEEN = 'imported_seen';

export interface ImportedRows {
  /** All up to this number are told of here, or need not be. */
  readonly through: number;
  /** Messages of people that are to be answered. */
  readonly waiting: readonly MessageId[];
  readonly failed: readonly MessageId[];
}

/** Part of the upgrade, once every row has its number. */
export function noteImport(db: DatabaseSync): void {
  db.prepare('INSERT INTO watermarks (name, value) SELECT ?, coalesce(max(seq), 0) FROM messages_in').run(
    THROUGH,
  );
}

/** Of the next `limit` rows. Null: all were looked at, or the session began here. */
export function importedRows(db: DatabaseSync, limit: number): ImportedRows | null {
  const [from, to] = [watermark(db, SEEN), watermark(db, THROUGH)];
  if (from >= to) return null;
  const rows = db
    .prepare(
      `SELECT id, seq, status, kind, trigger FROM messages_in WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
    )
    .all(from, to, limit);
  const ids = (of: (row: (typeof rows)[number]) => boolean) =>
    rows.filter(of).map((row) => text(row.id) as MessageId);
  return {
    through: rows.length < limit ? to : int(rows.at(-1)?.seq),
    // Tasks are the clock's, and what the host itself writes is nobody's message.
    waiting: ids(
      ({ status, kind, trigger }) =>
        status === 'pending' && trigger === 1 && kind !== 'task' && kind !== 'system',
    ),
    failed: ids(({ status }) => status === 'failed'),
  };
}

/** Durable when it returns. */
export function importSeen(db: DatabaseSync, through: number): void {
  db.prepare(
    'INSERT INTO watermarks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  ).run(SEEN, through);
}

function watermark(db: DatabaseSync, name: string): number {
  return int(db.prepare('SELECT value FROM watermarks WHERE name = ?').get(name)?.value);
}
