/**
 * The shapes that cross the API: what the CLI (and soon the page) sends and gets. Types only, so that a client can
 * import this file without any of the host.
 *
 *   GET  /v1/status                         -> Status
 *   POST /v1/stop                           -> 202 {}
 *   POST /v1/files?name=N   (raw body)      -> 201 UploadedFile
 *   POST /v1/messages       SendMessage     -> 202 SentMessage
 *   GET  /v1/messages/:id                   -> MessageState
 *   POST /v1/answers        SendAnswer      -> 202 SentMessage
 *   GET  /v1/events?agent=&thread=&after=   -> text/event-stream of LogEntry, ReceiptEvent, LiveEvent
 *
 * An event's `data` is one JSON object with a `type`. Entries carry an SSE `id` (their seq): `after=N` or
 * Last-Event-ID resumes behind it and misses none. Receipts and live events carry no id: after a reconnect the client
 * asks `/v1/messages/:id` for what it waits on.
 * Every error is `{error: {code, message, hint}}` with a 4xx or 5xx status.
 */

export interface Status {
  readonly version: string;
  readonly pid: number;
  readonly url: string;
  readonly data: string;
  readonly startedAt: string;
  readonly sandbox: { readonly kind: string; readonly warning: string | null };
  readonly agents: readonly AgentStatus[];
  readonly sessions: { readonly total: number; readonly awake: number; readonly quarantined: number };
  readonly messages: { readonly waiting: number; readonly working: number; readonly failed: number };
  /** Why waiting messages wait (an engine that is down, no free slot …); empty when nothing is in the way. */
  readonly waitingFor: readonly string[];
}

export interface AgentStatus {
  readonly name: string;
  readonly harness: string;
  /** True for the demo harness: no model is connected. */
  readonly demo: boolean;
}

export interface UploadedFile {
  readonly file: string;
  readonly name: string;
  readonly size: number;
}

export interface SendMessage {
  /** Client-made unique id; sending the same one again changes nothing. */
  readonly id: string;
  readonly text: string;
  /** Default: the first agent. */
  readonly agent?: string;
  /** The conversation; default `main`. A new name starts a fresh session. */
  readonly thread?: string;
  /** Ids from POST /v1/files. */
  readonly files?: readonly string[];
}

export interface SendAnswer {
  readonly id: string;
  readonly question: string;
  /** The option's value. */
  readonly option: string;
  readonly agent?: string;
  readonly thread?: string;
}

export interface SentMessage {
  readonly message: string;
  readonly session: string;
  readonly agent: string;
  readonly thread: string;
  readonly demo: boolean;
}

export type MessageStateName = 'accepted' | 'at work' | 'answered' | 'failed';

export interface FileView {
  readonly name: string;
  /** Absolute path of the host's copy, readable by the owner. */
  readonly path: string;
  readonly size: number;
}

export interface MessageState {
  readonly message: string;
  readonly session: string;
  readonly agent: string;
  readonly state: MessageStateName;
  /** Why it failed, or what it waits for, in words; null otherwise. */
  readonly reason: string | null;
  /** True when the state is final and every reply has been delivered, failed or is held. */
  readonly settled: boolean;
  readonly replies: readonly LogEntry[];
}

/** One thing that appeared in a conversation. `reply_to` names the message it answers. */
export interface LogEntry {
  readonly type: 'entry';
  readonly seq: number;
  readonly at: string;
  readonly id: string;
  readonly replyTo: string | null;
  readonly body: LogBody;
}

export type LogBody =
  | { readonly kind: 'user'; readonly text: string; readonly files: readonly FileView[] }
  | { readonly kind: 'text'; readonly text: string; readonly files: readonly FileView[] }
  | { readonly kind: 'edit'; readonly target: string; readonly text: string }
  | { readonly kind: 'reaction'; readonly target: string; readonly emoji: string }
  | {
      readonly kind: 'question';
      readonly question: string;
      readonly title: string;
      readonly text: string;
      readonly options: readonly { readonly label: string; readonly value: string }[];
    }
  | { readonly kind: 'notice'; readonly text: string };

export interface ReceiptEvent {
  readonly type: 'receipt';
  readonly message: string;
  readonly state: MessageStateName;
  readonly reason: string | null;
}

/** Not durable: text as it is being written, and whether the agent is at work. `text` is the next piece, to append. */
export type LiveEvent =
  | { readonly type: 'live'; readonly turn: string; readonly text: string }
  | { readonly type: 'typing'; readonly on: boolean };

export type StreamEvent = LogEntry | ReceiptEvent | LiveEvent;

export interface ApiError {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}
