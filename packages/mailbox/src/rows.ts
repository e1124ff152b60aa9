/** The one mapping between columns and words (model.ts). */
import type {
  Ack,
  AckStatus,
  InboundKind,
  InboundRow,
  InboundStatus,
  MessageId,
  OutboundId,
  OutboundKind,
  OutboundRow,
  ToolInFlight,
  TurnId,
} from './model.ts';
import { int, type SqlRow, text, textOrNull } from './sqlite.ts';
import { MAX_TIME_MS, MAX_WAIT_MS } from './time.ts';

/**
 * A number of a file that a sandbox wrote, bounded by SQLite before it becomes one of JavaScript's, which throws for an
 * integer beyond 2^53. For numbers that only say how long or when: a counter out of range is refused (host/snapshot.ts).
 */
function bounded(column: string, max: number): string {
  return `CASE WHEN ${column} > ${max} THEN ${max} WHEN ${column} < 0 THEN 0 ELSE ${column} END AS ${column}`;
}

export const INBOUND_COLUMNS =
  'id, seq, kind, status, timestamp, content, trigger, due_ms, recurrence, series_id, tries, attempt, releases, ' +
  'charged_generation, channel_type, platform_id, thread_id';

export function toInboundRow(row: SqlRow): InboundRow {
  return {
    id: text(row.id) as MessageId,
    seq: int(row.seq),
    kind: text(row.kind) as InboundKind,
    status: text(row.status) as InboundStatus,
    timestamp: text(row.timestamp),
    content: text(row.content),
    trigger: int(row.trigger) === 1,
    dueMs: int(row.due_ms),
    recurrence: textOrNull(row.recurrence),
    seriesId: textOrNull(row.series_id),
    tries: int(row.tries),
    attempt: int(row.attempt),
    releases: int(row.releases),
    chargedGeneration: int(row.charged_generation),
    channel: textOrNull(row.channel_type),
    chat: textOrNull(row.platform_id),
    thread: textOrNull(row.thread_id),
  };
}

export const ACK_COLUMNS = `message_id, status, attempt, generation, turn_id, ack_seq, error_class, error, ${bounded('retry_after_ms', MAX_WAIT_MS)}`;

export function toAck(row: SqlRow): Ack {
  return {
    messageId: text(row.message_id) as MessageId,
    status: text(row.status) as AckStatus,
    attempt: int(row.attempt),
    generation: int(row.generation),
    turnId: textOrNull(row.turn_id) as TurnId | null,
    ackSeq: int(row.ack_seq),
    errorClass: textOrNull(row.error_class),
    error: textOrNull(row.error),
    retryAfterMs: row.retry_after_ms === null ? null : int(row.retry_after_ms),
  };
}

export const OUTBOUND_COLUMNS = `id, seq, in_reply_to, timestamp, kind, content, ${bounded('due_ms', MAX_TIME_MS)}, turn_id, channel_type, platform_id, thread_id`;

export function toOutboundRow(row: SqlRow): OutboundRow {
  return {
    id: text(row.id) as OutboundId,
    seq: int(row.seq),
    inReplyTo: textOrNull(row.in_reply_to) as MessageId | null,
    timestamp: text(row.timestamp),
    kind: text(row.kind) as OutboundKind,
    content: text(row.content),
    dueMs: int(row.due_ms),
    turnId: textOrNull(row.turn_id) as TurnId | null,
    channel: textOrNull(row.channel_type),
    chat: textOrNull(row.platform_id),
    thread: textOrNull(row.thread_id),
  };
}

export const TOOL_COLUMNS = `current_tool, ${bounded('tool_declared_timeout_ms', MAX_WAIT_MS)}, tool_started_at`;

export function toTool(row: SqlRow | undefined): ToolInFlight | null {
  if (!row || row.current_tool === null) return null;
  return {
    tool: text(row.current_tool),
    declaredTimeoutMs: row.tool_declared_timeout_ms === null ? null : int(row.tool_declared_timeout_ms),
    startedAt: text(row.tool_started_at),
  };
}
