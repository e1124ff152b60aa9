/**
 * The port every platform adapter implements, and the sink it reports to.
 *
 * Inbound: the adapter hands an event to `sink.accept` and tells its platform "received" only after that promise
 * resolved; then the event is durable in the central store (design.md §4, "accepted"). If it rejects, nothing was
 * stored: the adapter lets the platform redeliver. The same event id may be offered any number of times.
 *
 * Outbound: the host calls `send` for one piece at a time per chat and thread, after it has put the attempt on disk.
 */

/** A file as it came from a platform, already on the host's disk; the host copies it into the session. */
export interface IncomingFile {
  readonly name: string;
  readonly mimeType: string;
  readonly size: number;
  /** Absolute path of the spooled bytes; null when the platform's file could not be fetched (the agent is told why). */
  readonly path: string | null;
  readonly problem?: string;
}

/** Who sent it, as the platform authenticated them; `id` is never taken from a display name or a text. */
export interface Sender {
  readonly id: string;
  readonly name: string;
}

interface EventBase {
  /** Unique per channel; the platform's own message or event id. */
  readonly id: string;
  readonly chat: string;
  readonly thread: string | null;
  readonly sender: Sender;
  /** Milliseconds since the epoch, by the platform's clock. */
  readonly sentAt: number;
}

export interface MessageEvent extends EventBase {
  readonly kind: 'message';
  readonly text: string;
  readonly files: readonly IncomingFile[];
  readonly isMention: boolean;
  readonly isGroup: boolean;
}

/** A button of a question was pressed. */
export interface AnswerEvent extends EventBase {
  readonly kind: 'answer';
  readonly question: string;
  /** The chosen option's value. */
  readonly option: string;
}

export type ChannelEvent = MessageEvent | AnswerEvent;

/** What became of an offered event; each is final for that event id. */
export type Accepted =
  | { readonly kind: 'accepted'; readonly event: string; readonly sessions: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string };

export interface ChannelSink {
  /** Durable when it resolves. Never called twice concurrently for one event id by a well-behaved adapter; harmless if it is. */
  accept(event: ChannelEvent): Promise<Accepted>;
}

export interface OutgoingFile {
  readonly name: string;
  /** Absolute path of the host's own copy (M13). */
  readonly path: string;
  readonly size: number;
}

export interface QuestionOption {
  readonly label: string;
  readonly value: string;
}

/** What an agent may do only on its owner's word: shown whole, since that is what is decided. */
export interface ApprovalCard {
  readonly agent: string;
  readonly host: string;
  readonly port: number;
  readonly sha256: string;
  readonly expiresAt: string;
}

export type OutgoingContent =
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly files: readonly OutgoingFile[];
      /** Said by Bellhop itself, not by the agent. */
      readonly notice: boolean;
    }
  | { readonly kind: 'edit'; readonly target: string; readonly text: string }
  | { readonly kind: 'reaction'; readonly target: string; readonly emoji: string }
  | {
      readonly kind: 'question';
      readonly question: string;
      readonly title: string;
      readonly text: string;
      readonly options: readonly QuestionOption[];
      /** A question of Bellhop's own, which no agent can make; an AnswerEvent does not decide it. */
      readonly approval?: ApprovalCard;
    };

export interface OutgoingMessage {
  readonly chat: string;
  readonly thread: string | null;
  /** The platform's id of the message this one answers, where known. */
  readonly replyTo: string | null;
  readonly content: OutgoingContent;
  /** The same for every attempt of one piece: an adapter that can, sends it as the platform's idempotency key. */
  readonly key: string;
  /** True when an earlier attempt may have been delivered and the policy is to send again. */
  readonly maybeRepeat: boolean;
}

export interface SendResult {
  /** The platform's id of the new message; null where the platform gives none (a reaction). */
  readonly platformMessageId: string | null;
}

export interface ChannelCapabilities {
  /** Longest text of one message, in UTF-16 units; longer ones are split by the host, each piece with its receipt. */
  readonly maxTextLength: number;
  readonly threads: boolean;
  /** What happens to an attempt whose outcome is unknown: same key again, send again marked as a repeat, or hold. */
  readonly onUnknown: 'resend-same-key' | 'resend-marked' | 'hold';
  /** A send that takes longer is an unknown outcome, in milliseconds. */
  readonly sendTimeoutMs: number;
}

export interface Channel {
  readonly name: string;
  readonly capabilities: ChannelCapabilities;
  /**
   * Begins to deliver events to the sink. Rejects when the platform refuses us, with words that its owner is shown (no
   * secret in them); the host stays up without it, and calls again later. Called while none is under way.
   */
  start(sink: ChannelSink): Promise<void>;
  /**
   * Resolves when no further event will be offered and nothing is left open. Safe twice, before start, and while a start is
   * under way.
   */
  stop(): Promise<void>;
  /**
   * Sends one piece. Resolves only when the platform has confirmed it. Throws PermanentError, RetryableError or
   * UnknownOutcomeError. May be called again with the same key after an unknown outcome.
   */
  send(message: OutgoingMessage, signal: AbortSignal): Promise<SendResult>;
  /** A hint; must not throw, nothing depends on it. */
  typing(chat: string, thread: string | null, on: boolean): void;
}
