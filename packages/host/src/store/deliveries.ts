/**
 * Deliveries: the host's checked copies of outbound rows (M13), and the receipts of their pieces.
 *
 *   queued --> attempting --> delivered
 *     ^            |--------> retry(due) --> attempting
 *     |            |--------> unknown ----> attempting (by the channel's policy) | held
 *     |            '--------> failed
 *   refused rows begin as failed. Terminal: delivered, failed, held.
 */
import type { OutboundId } from '@bellhop/mailbox';
import type { SessionId } from '../types.ts';
import type { Sql, SqlRow } from './port.ts';

export type DeliveryState = 'queued' | 'attempting' | 'retry' | 'delivered' | 'failed' | 'held';

export interface Delivery {
  readonly session: SessionId;
  readonly id: OutboundId;
  readonly seq: number;
  readonly inReplyTo: string | null;
  readonly channel: string | null;
  readonly chat: string | null;
  readonly thread: string | null;
  /** JSON of OutgoingContent, the host's checked copy. */
  readonly content: string;
  readonly state: DeliveryState;
  readonly reason: string | null;
  readonly dueMs: number;
  readonly createdMs: number;
}

export interface Piece {
  readonly piece: number;
  readonly state: 'attempting' | 'delivered' | 'retry' | 'unknown' | 'failed';
  readonly attempts: number;
  readonly platformMessageId: string | null;
}

const COLUMNS =
  'session_id, out_id, seq, in_reply_to, channel, chat, thread, content, state, reason, due_ms, created_ms';

function toDelivery(row: SqlRow): Delivery {
  return {
    session: row.session_id as SessionId,
    id: row.out_id as OutboundId,
    seq: Number(row.seq),
    inReplyTo: row.in_reply_to as string | null,
    channel: row.channel as string | null,
    chat: row.chat as string | null,
    thread: row.thread as string | null,
    content: String(row.content),
    state: row.state as DeliveryState,
    reason: row.reason as string | null,
    dueMs: Number(row.due_ms),
    createdMs: Number(row.created_ms),
  };
}

/** False when this row had been copied before: the first copy stays. */
export async function addDelivery(sql: Sql, d: Delivery): Promise<boolean> {
  const added = await sql.run(
    `INSERT INTO deliveries (session_id, out_id, seq, in_reply_to, channel, chat, thread, content, state, reason, due_ms,
       created_ms, mirrored) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
     ON CONFLICT (session_id, out_id) DO NOTHING`,
    d.session,
    d.id,
    d.seq,
    d.inReplyTo,
    d.channel,
    d.chat,
    d.thread,
    d.content,
    d.state,
    d.reason,
    d.dueMs,
    d.createdMs,
  );
  return added === 1;
}

/**
 * What is not terminal and goes to this channel, in the order in which it must go out: by number, as times are a clock's,
 * which may be set back.
 */
export async function openDeliveries(sql: Sql, channel: string | null): Promise<Delivery[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM deliveries WHERE state IN ('queued', 'attempting', 'retry')
       AND ${channel === null ? 'channel IS NULL' : 'channel = ?'} ORDER BY session_id, seq, created_ms`,
    ...(channel === null ? [] : [channel]),
  );
  return rows.map(toDelivery);
}

/** Channels that something is still to be sent by. */
export async function openChannels(sql: Sql): Promise<(string | null)[]> {
  const rows = await sql.all(
    "SELECT DISTINCT channel FROM deliveries WHERE state IN ('queued', 'attempting', 'retry')",
  );
  return rows.map((row) => row.channel as string | null);
}

export async function setDelivery(
  sql: Sql,
  d: { readonly session: SessionId; readonly id: OutboundId },
  state: DeliveryState,
  reason: string | null,
  dueMs: number,
): Promise<void> {
  await sql.run(
    `UPDATE deliveries SET state = ?, reason = ?, due_ms = ?
     WHERE session_id = ? AND out_id = ? AND state IN ('queued', 'attempting', 'retry')`,
    state,
    reason,
    dueMs,
    d.session,
    d.id,
  );
}

export async function piecesOf(
  sql: Sql,
  d: { readonly session: SessionId; readonly id: OutboundId },
): Promise<Piece[]> {
  const rows = await sql.all(
    'SELECT piece, state, attempts, platform_message_id FROM pieces WHERE session_id = ? AND out_id = ? ORDER BY piece',
    d.session,
    d.id,
  );
  return rows.map((row) => ({
    piece: Number(row.piece),
    state: row.state as Piece['state'],
    attempts: Number(row.attempts),
    platformMessageId: row.platform_message_id as string | null,
  }));
}

/** On disk before the platform is called. */
export async function beginAttempt(
  sql: Sql,
  d: { readonly session: SessionId; readonly id: OutboundId },
  piece: number,
  nowMs: number,
): Promise<void> {
  await setDelivery(sql, d, 'attempting', null, 0);
  await sql.run(
    `INSERT INTO pieces (session_id, out_id, piece, state, attempts, attempted_ms) VALUES (?, ?, ?, 'attempting', 1, ?)
     ON CONFLICT (session_id, out_id, piece) DO UPDATE SET state = 'attempting', attempts = pieces.attempts + 1,
       attempted_ms = excluded.attempted_ms WHERE pieces.state <> 'delivered'`,
    d.session,
    d.id,
    piece,
    nowMs,
  );
}

/** The receipt of a piece; a delivered one stays delivered (M9). */
export async function endAttempt(
  sql: Sql,
  d: { readonly session: SessionId; readonly id: OutboundId },
  piece: number,
  state: Piece['state'],
  platformMessageId: string | null,
): Promise<void> {
  await sql.run(
    `UPDATE pieces SET state = ?, platform_message_id = ?
     WHERE session_id = ? AND out_id = ? AND piece = ? AND state <> 'delivered'`,
    state,
    platformMessageId,
    d.session,
    d.id,
    piece,
  );
}

/** Attempts that a dead host left open: nobody knows what the platform did. */
export async function attemptsToUnknown(sql: Sql): Promise<number> {
  return sql.run("UPDATE pieces SET state = 'unknown' WHERE state = 'attempting'");
}

/** The platform's id of an earlier message of this session (its first piece); null when it has none. */
export async function platformIdOf(sql: Sql, session: SessionId, outId: string): Promise<string | null> {
  const [row] = await sql.all(
    'SELECT platform_message_id FROM pieces WHERE session_id = ? AND out_id = ? AND piece = 0',
    session,
    outId,
  );
  return (row?.platform_message_id as string | null | undefined) ?? null;
}

/** The thread that this message of the session went to; nothing when it sent none under this id. */
export async function threadOfDelivery(
  sql: Sql,
  session: SessionId,
  outId: string,
): Promise<(string | null)[]> {
  const rows = await sql.all(
    'SELECT thread FROM deliveries WHERE session_id = ? AND out_id = ?',
    session,
    outId,
  );
  return rows.map((row) => row.thread as string | null);
}

export interface TerminalDelivery {
  readonly id: OutboundId;
  readonly state: DeliveryState;
  readonly reason: string | null;
  readonly platformMessageId: string | null;
}

/** Ended deliveries that inbound.db's `delivered` table does not hold yet. */
export async function toMirror(sql: Sql, session: SessionId): Promise<TerminalDelivery[]> {
  const rows = await sql.all(
    `SELECT d.out_id, d.state, d.reason, p.platform_message_id FROM deliveries d
     LEFT JOIN pieces p ON p.session_id = d.session_id AND p.out_id = d.out_id AND p.piece = 0
     WHERE d.session_id = ? AND d.mirrored = 0 AND d.state IN ('delivered', 'failed', 'held')`,
    session,
  );
  return rows.map((row) => ({
    id: row.out_id as OutboundId,
    state: row.state as DeliveryState,
    reason: row.reason as string | null,
    platformMessageId: row.platform_message_id as string | null,
  }));
}

export async function markMirrored(sql: Sql, session: SessionId, ids: readonly OutboundId[]): Promise<void> {
  for (const id of ids) {
    await sql.run('UPDATE deliveries SET mirrored = 1 WHERE session_id = ? AND out_id = ?', session, id);
  }
}

/** Replies to a message that have not reached an end. */
export async function countOpenReplies(sql: Sql, session: SessionId, message: string): Promise<number> {
  const [row] = await sql.all(
    `SELECT count(*) AS n FROM deliveries WHERE session_id = ? AND in_reply_to = ?
     AND state IN ('queued', 'attempting', 'retry')`,
    session,
    message,
  );
  return Number(row?.n ?? 0);
}
