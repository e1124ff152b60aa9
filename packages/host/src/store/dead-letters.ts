/** Dead letters: targets that have failed and that nobody has dealt with. */
import type { MessageId } from '@bellhop/mailbox';
import type { SessionId } from '../types.ts';
import { isNamed, type Named } from './named.ts';
import type { Sql, SqlRow } from './port.ts';

export interface DeadLetter {
  readonly session: SessionId;
  readonly message: MessageId;
  readonly agent: string;
  readonly channel: string;
  readonly chat: string;
  readonly thread: string | null;
  readonly reason: string;
  readonly acceptedMs: number | null;
  readonly endedMs: number;
}

const SELECT = `SELECT t.session_id, t.message_id, t.channel, t.reason, t.ended_ms, a.name AS agent, s.chat, t.thread,
   e.accepted_ms FROM targets t JOIN sessions s ON s.id = t.session_id JOIN agents a ON a.id = s.agent_id
   LEFT JOIN events e ON e.channel = t.channel AND e.id = t.message_id`;

function toDeadLetter(row: SqlRow): DeadLetter {
  return {
    session: row.session_id as SessionId,
    message: row.message_id as MessageId,
    agent: String(row.agent),
    channel: String(row.channel),
    chat: String(row.chat),
    thread: row.thread as string | null,
    reason: String(row.reason ?? 'unknown'),
    acceptedMs: row.accepted_ms as number | null,
    endedMs: Number(row.ended_ms),
  };
}

/** The newest first. */
export async function deadLetters(sql: Sql, limit: number): Promise<DeadLetter[]> {
  const rows = await sql.all(
    `${SELECT} WHERE t.state = 'failed' AND t.discarded = 0 ORDER BY t.ended_ms DESC LIMIT ?`,
    limit,
  );
  return rows.map(toDeadLetter);
}

/** One message may have failed in several sessions, and messages of several channels may have the same id. */
export async function deadLettersOf(sql: Sql, named: Named): Promise<DeadLetter[]> {
  const [condition, ...values] = isNamed(named);
  const rows = await sql.all(
    `${SELECT} WHERE ${condition} AND t.state = 'failed' AND t.discarded = 0 ORDER BY t.session_id`,
    ...values,
  );
  return rows.map(toDeadLetter);
}

/** It is no longer shown; the message stays failed. */
export async function discardDeadLetter(sql: Sql, session: SessionId, message: string): Promise<void> {
  await sql.run(
    "UPDATE targets SET discarded = 1 WHERE session_id = ? AND message_id = ? AND state = 'failed'",
    session,
    message,
  );
}
