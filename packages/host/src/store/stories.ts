/** What the store knows of one message, for the person who asks why (api/operator/why.ts). */
import type { OutboundId } from '@bellhop/mailbox';
import type { AgentId, SessionId, TargetState } from '../types.ts';
import { isNamed, type Named } from './named.ts';
import type { Sql, SqlRow } from './port.ts';

export interface Story {
  readonly session: SessionId;
  readonly message: string;
  readonly agentId: AgentId;
  readonly agent: string;
  readonly channel: string;
  readonly chat: string;
  readonly thread: string | null;
  readonly quarantined: string | null;
  readonly state: TargetState;
  readonly reason: string | null;
  readonly acceptedMs: number | null;
  readonly endedMs: number | null;
}

const SELECT = `SELECT t.session_id, t.message_id, t.channel, t.state, t.reason, t.ended_ms, a.name AS agent, s.agent_id,
   s.chat, t.thread, s.state AS session_state, s.state_reason, e.accepted_ms
 FROM targets t JOIN sessions s ON s.id = t.session_id JOIN agents a ON a.id = s.agent_id
   LEFT JOIN events e ON e.channel = t.channel AND e.id = t.message_id`;

function toStory(row: SqlRow): Story {
  return {
    session: row.session_id as SessionId,
    message: String(row.message_id),
    agentId: row.agent_id as AgentId,
    agent: String(row.agent),
    channel: String(row.channel),
    chat: String(row.chat),
    thread: row.thread as string | null,
    quarantined: row.session_state === 'quarantined' ? String(row.state_reason ?? 'unknown') : null,
    state: row.state as TargetState,
    reason: row.reason as string | null,
    acceptedMs: row.accepted_ms as number | null,
    endedMs: row.ended_ms as number | null,
  };
}

/** One for each session that the message went to, of each channel that has this id. */
export async function storiesOf(sql: Sql, named: Named): Promise<Story[]> {
  const [condition, ...values] = isNamed(named);
  const rows = await sql.all(`${SELECT} WHERE ${condition} ORDER BY t.session_id LIMIT 20`, ...values);
  return rows.map(toStory);
}

/** The event that was accepted last and went to a session. */
export async function lastMessage(
  sql: Sql,
): Promise<{ readonly channel: string; readonly message: string } | null> {
  const [row] = await sql.all(
    `SELECT e.channel, e.id FROM events e JOIN targets t ON t.channel = e.channel AND t.message_id = e.id
     ORDER BY e.accepted_ms DESC LIMIT 1`,
  );
  return row ? { channel: String(row.channel), message: String(row.id) } : null;
}

export interface StoryGeneration {
  readonly number: number;
  readonly state: string;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly reason: string | null;
  readonly charged: boolean;
}

/** Lives of a session's sandbox that fall into this time, the newest first. */
export async function generationsBetween(
  sql: Sql,
  session: SessionId,
  fromMs: number,
  untilMs: number,
  limit: number,
): Promise<StoryGeneration[]> {
  const rows = await sql.all(
    `SELECT number, state, started_ms, ended_ms, reason, costs FROM generations
     WHERE session_id = ? AND started_ms <= ? AND (ended_ms IS NULL OR ended_ms >= ?) ORDER BY number DESC LIMIT ?`,
    session,
    untilMs,
    fromMs,
    limit,
  );
  return rows.map((row) => ({
    number: Number(row.number),
    state: String(row.state),
    startedMs: Number(row.started_ms),
    endedMs: row.ended_ms as number | null,
    reason: row.reason as string | null,
    charged: Number(row.costs) > 0,
  }));
}

export interface StoryReply {
  readonly id: OutboundId;
  readonly state: string;
  readonly reason: string | null;
  readonly createdMs: number;
  readonly pieces: readonly { readonly state: string; readonly attempts: number }[];
}

/** What was to be sent in answer to a message, notices included. */
export async function repliesOf(sql: Sql, session: SessionId, message: string): Promise<StoryReply[]> {
  const rows = await sql.all(
    `SELECT d.out_id, d.state, d.reason, d.created_ms, p.state AS piece_state, p.attempts FROM deliveries d
     LEFT JOIN pieces p ON p.session_id = d.session_id AND p.out_id = d.out_id
     WHERE d.session_id = ? AND d.in_reply_to = ? ORDER BY d.created_ms, d.seq, p.piece LIMIT 200`,
    session,
    message,
  );
  return [...Map.groupBy(rows, (row) => row.out_id as OutboundId)].flatMap(([id, [row, ...more]]) => {
    if (!row) return [];
    const pieces = [row, ...more].flatMap((one) =>
      one.piece_state === null ? [] : [{ state: String(one.piece_state), attempts: Number(one.attempts) }],
    );
    const { state, reason, created_ms } = row;
    return [
      { id, state: String(state), reason: reason as string | null, createdMs: Number(created_ms), pieces },
    ];
  });
}
