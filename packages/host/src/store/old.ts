/**
 * What is old enough to go (H6). Each query looks at a bounded number of rows, by an index over their age, behind a
 * cursor: what must stay is passed over once per pass, not at every step (M12).
 */
import type { OutboundId } from '@bellhop/mailbox';
import type { SessionId } from '../types.ts';
import type { Sql, SqlRow } from './port.ts';

/** Ages in milliseconds since the epoch: behind `afterMs`, before `beforeMs`. */
export interface Span {
  readonly afterMs: number;
  readonly beforeMs: number;
  readonly limit: number;
}

export interface OldMessage {
  readonly session: SessionId;
  readonly message: string;
  readonly atMs: number;
}

export interface OldDelivery {
  readonly session: SessionId;
  readonly id: OutboundId;
  readonly atMs: number;
  /** Its receipt is in the mailbox, and it will not be tried again. */
  readonly isOver: boolean;
}

function inSpan(sql: Sql, query: string, { afterMs, beforeMs, limit }: Span): Promise<SqlRow[]> {
  return sql.all(query, afterMs, beforeMs, limit);
}

/** Messages that have ended. */
export async function oldMessages(sql: Sql, span: Span): Promise<OldMessage[]> {
  const rows = await inSpan(
    sql,
    'SELECT session_id, message_id, ended_ms FROM targets WHERE ended_ms > ? AND ended_ms < ? ORDER BY ended_ms LIMIT ?',
    span,
  );
  return rows.map((row) => ({
    session: row.session_id as SessionId,
    message: String(row.message_id),
    atMs: Number(row.ended_ms),
  }));
}

export async function removeMessage(sql: Sql, { session, message }: OldMessage): Promise<void> {
  await sql.run(
    `DELETE FROM targets WHERE session_id = ? AND message_id = ? AND state IN ('answered', 'failed')`,
    session,
    message,
  );
}

export async function oldDeliveries(sql: Sql, span: Span): Promise<OldDelivery[]> {
  const rows = await inSpan(
    sql,
    `SELECT session_id, out_id, created_ms, mirrored, state FROM deliveries
     WHERE created_ms > ? AND created_ms < ? ORDER BY created_ms LIMIT ?`,
    span,
  );
  return rows.map((row) => ({
    session: row.session_id as SessionId,
    id: row.out_id as OutboundId,
    atMs: Number(row.created_ms),
    isOver: row.mirrored === 1 && ['delivered', 'failed', 'held'].includes(String(row.state)),
  }));
}

export async function removeDelivery(sql: Sql, { session, id }: OldDelivery): Promise<void> {
  await sql.run('DELETE FROM pieces WHERE session_id = ? AND out_id = ?', session, id);
  await sql.run('DELETE FROM deliveries WHERE session_id = ? AND out_id = ? AND mirrored = 1', session, id);
}

/** True while a delivery may still need its files. */
export async function needsFiles(sql: Sql, session: string, id: string): Promise<boolean> {
  const [row] = await sql.all(
    `SELECT 1 FROM deliveries WHERE session_id = ? AND out_id = ? AND state IN ('queued', 'attempting', 'retry')`,
    session,
    id,
  );
  return row !== undefined;
}

/** Removes lives that are over; the last one of a session stays, because numbers count on from it. Returns the cursor. */
export async function removeOldGenerations(sql: Sql, span: Span): Promise<number | null> {
  const rows = await inSpan(
    sql,
    `SELECT session_id, number, started_ms FROM generations
     WHERE state = 'settled' AND started_ms > ? AND started_ms < ? ORDER BY started_ms LIMIT ?`,
    span,
  );
  for (const row of rows) {
    await sql.run(
      `DELETE FROM generations WHERE session_id = ? AND number = ?
         AND number < (SELECT max(g.number) FROM generations g WHERE g.session_id = ?)`,
      String(row.session_id),
      Number(row.number),
      String(row.session_id),
    );
  }
  return cursorOf(rows, 'started_ms');
}

export async function removeOldEvents(sql: Sql, span: Span): Promise<number | null> {
  const rows = await inSpan(
    sql,
    'SELECT channel, id, accepted_ms FROM events WHERE accepted_ms > ? AND accepted_ms < ? ORDER BY accepted_ms LIMIT ?',
    span,
  );
  for (const row of rows) {
    await sql.run('DELETE FROM events WHERE channel = ? AND id = ?', String(row.channel), String(row.id));
  }
  return cursorOf(rows, 'accepted_ms');
}

/** The last entry of a conversation stays, because its numbers count on from it. */
export async function removeOldEntries(sql: Sql, span: Span): Promise<number | null> {
  const rows = await inSpan(
    sql,
    `SELECT channel, chat, thread, seq, at_ms FROM conversation
     WHERE at_ms > ? AND at_ms < ? ORDER BY at_ms LIMIT ?`,
    span,
  );
  for (const row of rows) {
    const key = [String(row.channel), String(row.chat), String(row.thread)] as const;
    await sql.run(
      `DELETE FROM conversation WHERE channel = ? AND chat = ? AND thread = ? AND seq = ?
         AND seq < (SELECT max(c.seq) FROM conversation c WHERE c.channel = ? AND c.chat = ? AND c.thread = ?)`,
      ...key,
      Number(row.seq),
      ...key,
    );
  }
  return cursorOf(rows, 'at_ms');
}

/** Where the next step begins; null when nothing is left to look at. */
function cursorOf(rows: readonly SqlRow[], column: string): number | null {
  const last = rows.at(-1)?.[column];
  return last === undefined ? null : Number(last);
}
