/**
 * Ends of rows that the host itself put into a mailbox (tasks, notes to the agent): no accepted event stands behind
 * them, so that nothing else would find them when they are old (H6).
 */
import type { SessionId } from '../types.ts';
import type { OldMessage, Span } from './old.ts';
import type { Sql } from './port.ts';

/** Again changes nothing: the first end stays. */
export async function addOwnEnd(sql: Sql, session: SessionId, message: string, nowMs: number): Promise<void> {
  await sql.run(
    `INSERT INTO own_ends (session_id, message_id, ended_ms) VALUES (?, ?, ?)
     ON CONFLICT (session_id, message_id) DO NOTHING`,
    session,
    message,
    nowMs,
  );
}

export async function oldOwnEnds(sql: Sql, { afterMs, beforeMs, limit }: Span): Promise<OldMessage[]> {
  const rows = await sql.all(
    `SELECT session_id, message_id, ended_ms FROM own_ends WHERE ended_ms > ? AND ended_ms < ?
     ORDER BY ended_ms LIMIT ?`,
    afterMs,
    beforeMs,
    limit,
  );
  return rows.map((row) => ({
    session: row.session_id as SessionId,
    message: String(row.message_id),
    atMs: Number(row.ended_ms),
  }));
}

export async function removeOwnEnd(sql: Sql, { session, message }: OldMessage): Promise<void> {
  await sql.run('DELETE FROM own_ends WHERE session_id = ? AND message_id = ?', session, message);
}
