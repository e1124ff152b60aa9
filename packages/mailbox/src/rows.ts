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
  TurnId,
} from './model.ts';
import { int, type SqlRow, text, textOrNull } from './sqlite.ts';

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

export const ACK_COLUMNS =
  'message_id, status, attempt, generation, turn_id, ack_seq, error_class, error, retry_after_ms';

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

export const OUTBOUND_COLUMNS =
  'id, seq, in_reply_to, timestamp, kind, content, due_ms, turn_id, channel_type, platform_id, thread_id';

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
