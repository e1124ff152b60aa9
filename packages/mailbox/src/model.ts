/**
 * The rows of a mailbox as both sides see them. Column names are mapped here in words and in `schema.ts` in SQL, nowhere
 * else.
 */

type Brand<Name extends string> = string & { readonly __brand: Name };

/** Unique in its session (M4); for a platform's message, its event id. */
export type MessageId = Brand<'MessageId'>;
/** Names one turn; its retry has the same one (M7). */
export type TurnId = Brand<'TurnId'>;
/** A row of messages_out. */
export type OutboundId = Brand<'OutboundId'>;

export type InboundKind = 'chat' | 'chat-sdk' | 'task' | 'webhook' | 'system';
export type InboundStatus = 'pending' | 'completed' | 'failed' | 'paused' | 'cancelled';
export type OutboundKind = 'chat' | 'chat-sdk' | 'system';
/** `released` means: later, please (M9). `processing` is a claim. */
export type AckStatus = 'processing' | 'completed' | 'failed' | 'released';

/** Where a message came from, or goes to. */
export interface Address {
  readonly channel: string | null;
  readonly chat: string | null;
  readonly thread: string | null;
}

/** What the host enqueues. */
export interface NewMessage extends Address {
  readonly id: MessageId;
  readonly kind: InboundKind;
  readonly timestampMs: number;
  /** JSON text, shape by kind (nanoclaw-formats C.4). */
  readonly content: string;
  /** False: context only. It never wakes an agent and never hides a message that does (M8). */
  readonly trigger: boolean;
  /** 0: due at once. */
  readonly dueMs: number;
  /** Cron expression of a series, or null. */
  readonly recurrence: string | null;
  readonly seriesId: string | null;
  /** True: only a generation that begins after it takes it. The caller ends the one that runs. */
  readonly onWake?: boolean;
}

/** A row of messages_in as it is read back. */
export interface InboundRow extends Address {
  readonly id: MessageId;
  readonly seq: number;
  readonly kind: InboundKind;
  readonly status: InboundStatus;
  readonly timestamp: string;
  readonly content: string;
  readonly trigger: boolean;
  readonly dueMs: number;
  readonly recurrence: string | null;
  readonly seriesId: string | null;
  readonly tries: number;
  /** Goes up whenever the message is handed out anew; an ack counts only for the current one (M9). */
  readonly attempt: number;
  readonly releases: number;
  /** The last generation that was charged for this message. */
  readonly chargedGeneration: number;
}

/** A row of processing_ack: a claim while `status` is processing, else an ack with a growing `ackSeq`. */
export interface Ack {
  readonly messageId: MessageId;
  readonly status: AckStatus;
  readonly attempt: number;
  readonly generation: number;
  readonly turnId: TurnId | null;
  readonly ackSeq: number;
  /** The class of the harness's error (`rate_limit`, `demo` …) and its words; null when it answered. */
  readonly errorClass: string | null;
  readonly error: string | null;
  readonly retryAfterMs: number | null;
}

/** A row of messages_out. */
export interface OutboundRow extends Address {
  readonly id: OutboundId;
  readonly seq: number;
  readonly inReplyTo: MessageId | null;
  readonly timestamp: string;
  readonly kind: OutboundKind;
  /** JSON text, shape by kind (nanoclaw-formats C.3). */
  readonly content: string;
  /** 0: deliver at once. */
  readonly dueMs: number;
  readonly turnId: TurnId | null;
}

/** The tool that the harness runs right now; null while none does. */
export interface ToolInFlight {
  readonly tool: string;
  readonly declaredTimeoutMs: number | null;
  readonly startedAt: string;
}

export interface Destination {
  readonly name: string;
  readonly displayName: string | null;
  readonly type: 'channel' | 'agent';
  readonly channel: string | null;
  readonly chat: string | null;
  readonly agentId: string | null;
}

export interface Receipt {
  readonly outboundId: OutboundId;
  readonly platformMessageId: string | null;
  readonly status: 'delivered' | 'failed';
  readonly atMs: number;
}
