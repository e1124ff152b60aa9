/**
 * The shapes that cross the API: what the CLI and the page send and get. Types only, so that a client can import this
 * file without any of the host.
 *
 * On both listeners, each for its own channel (the owner's socket: `terminal`; the page: `web`, behind a cookie):
 *
 *   GET  /v1/status                                    -> Status
 *   GET  /v1/conversations                             -> ConversationList
 *   POST /v1/conversations/read    MarkRead            -> 204
 *   GET  /v1/entries?agent=&thread=&before=&limit=     -> EntryPage
 *   GET  /v1/events?agent=&thread=&after=              -> text/event-stream of StreamEvent
 *   GET  /v1/entry-file?agent=&thread=&entry=SEQ&index=N&download=1 -> the bytes
 *   POST /v1/files?name=N          (raw body)          -> 201 UploadedFile
 *   POST /v1/messages              SendMessage         -> 202 SentMessage
 *   GET  /v1/messages/:id                              -> MessageState
 *   POST /v1/messages/:id/retry                        -> 202 {}
 *   POST /v1/answers               SendAnswer          -> 202 SentMessage
 *   POST /v1/turns/stop            StopTurn            -> 202 {}
 *   and what is asked about messages of all channels: operator/shapes.ts
 *
 * On the owner's socket alone:
 *
 *   POST /v1/stop                                      -> 202 {}
 *   and about sessions: operator/shapes.ts; about packages and skills: package-shapes.ts,
 *   skill-shapes.ts
 *   POST /v1/links                                     -> 201 SignInLink
 *   POST /v1/password              SetPassword         -> 204
 *
 * About models, money and hosts, on both: guard-shapes.ts; about secrets and approvals:
 * secret-shapes.ts, approval-shapes.ts
 *
 * On the page's listener alone (no cookie needed for the first two and the static files):
 *
 *   GET  /in/:token                                    -> 303 to /, with the cookie
 *   POST /v1/sign-in               SignIn              -> 204, with the cookie (a form of a plain page: 303 to /)
 *   POST /v1/sign-out                                  -> 204
 *   GET  /v1/openapi.json                              -> OpenAPI 3.1
 *   GET  /, /assets/…                                  -> the page
 *
 * An event's `data` is one JSON object with a `type`. Entries carry an SSE `id` (their seq): `after=N` or
 * Last-Event-ID resumes behind it and misses none. All others carry no id. A stream begins with what a page needs to
 * catch up: the running turn's ledger and the text it has written so far (`whole`), and the receipt of every message of
 * the conversation that has not ended. What ended meanwhile: ask `/v1/messages/:id` for what you wait on.
 * Every error is `{error: {code, message, hint}}` with a 4xx or 5xx status.
 */

import type { AnsweredEvent, ApprovalCard } from './approval-shapes.ts';

export type * from './approval-shapes.ts';
export type * from './guard-shapes.ts';
export type * from './operator/shapes.ts';
export type * from './package-shapes.ts';
export type * from './secret-shapes.ts';
export type * from './skill-shapes.ts';

export interface Status {
  readonly version: string;
  readonly pid: number;
  readonly url: string;
  readonly data: string;
  readonly startedAt: string;
  /** IANA name: by it tasks run and budgets begin. */
  readonly timeZone: string;
  readonly sandbox: { readonly kind: string; readonly warning: string | null };
  readonly agents: readonly AgentStatus[];
  readonly sessions: { readonly total: number; readonly awake: number; readonly quarantined: number };
  readonly messages: { readonly waiting: number; readonly working: number; readonly failed: number };
  readonly channels: readonly ChannelStatus[];
  /** Why waiting messages wait (an engine that is down, no free slot …); empty when nothing is in the way. */
  readonly waitingFor: readonly string[];
  /** Questions of agents that wait for the owner's word. */
  readonly approvals: number;
}

export interface ChannelStatus {
  readonly name: string;
  /** `refused`: the platform does not take us; what is said through it waits, and it is tried again. */
  readonly state: 'starting' | 'up' | 'refused';
  /** Why it is not up, as the platform says; null when it is, or nothing is known yet. */
  readonly reason: string | null;
  /** Starts in a row that were refused. */
  readonly refusals: number;
  /** When it is tried again; null when it is up, or being tried. */
  readonly retryAt: string | null;
}

export interface AgentStatus {
  readonly name: string;
  readonly harness: string;
  /** True for the demo harness: no model is connected. */
  readonly demo: boolean;
  /** Null when none is connected. */
  readonly model: string | null;
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
  /** Absolute path of the host's copy, for the owner's socket alone; '' on the page, as `Status.data` is. */
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
      /** Bellhop's own question: its answer goes to /v1/approvals/decide, with a DecideApproval's choices as options. */
      readonly approval?: ApprovalCard;
    }
  | { readonly kind: 'notice'; readonly text: string };

export interface ReceiptEvent {
  readonly type: 'receipt';
  readonly message: string;
  readonly state: MessageStateName;
  readonly reason: string | null;
}

/**
 * Not durable: text as it is being written, and whether the agent is at work. `text` is the next piece, to append;
 * with `whole` it is all of the turn's text so far.
 */
export type LiveEvent =
  | { readonly type: 'live'; readonly turn: string; readonly text: string; readonly whole?: boolean }
  | { readonly type: 'typing'; readonly on: boolean };

/** The ledger of the running turn, whole at each change; null when none runs. Not durable. */
export interface LedgerEvent {
  readonly type: 'ledger';
  readonly turn: TurnView | null;
}

export interface TurnView {
  readonly turn: string;
  /** The messages it works on. */
  readonly messages: readonly string[];
  /** Which life of the sandbox. */
  readonly generation: number;
  /** Kind of sandbox: bwrap, docker, none. */
  readonly sandbox: string;
  readonly startedAt: string;
  /** The last ones, oldest first; at most 50. */
  readonly tools: readonly ToolView[];
  /** What its calls to the model used so far; null while there was none. */
  readonly usage: TurnUsageView | null;
}

export interface TurnUsageView {
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Millionths of a US dollar; null when a price is not known. */
  readonly costMicros: number | null;
}

export interface ToolView {
  /** Grows within the turn. */
  readonly n: number;
  readonly name: string;
  /** What it works on, in a few words of the agent's (a command, a path); plain text, at most 200 characters. */
  readonly detail: string;
  readonly startedAt: string;
  /** How long it took; null while it runs. */
  readonly ms: number | null;
  /** False when it threw; null while it runs. */
  readonly ok: boolean | null;
}

/** Something in the list of conversations has changed; sent on every stream of the channel. */
export interface ConversationEvent {
  readonly type: 'conversation';
  readonly conversation: ConversationView;
}

export interface ConversationView {
  readonly agent: string;
  readonly thread: string;
  /** The first words of the person; never empty. */
  readonly title: string;
  readonly last: { readonly text: string; readonly at: string; readonly by: 'you' | 'agent' | 'bellhop' };
  /** Seq of the last entry, and of the last one the person has seen. */
  readonly seq: number;
  readonly readSeq: number;
  /** An open question waits for the person. */
  readonly needsYou: boolean;
}

/** The one with the newest entry first. */
export interface ConversationList {
  readonly conversations: readonly ConversationView[];
}

export interface MarkRead {
  readonly agent?: string;
  readonly thread: string;
  readonly seq: number;
}

/** The entries before a seq (default: the last ones), oldest first. */
export interface EntryPage {
  readonly entries: readonly LogEntry[];
  /** True when there are older ones. */
  readonly more: boolean;
  /** What became of the person's messages on this page; those without one here are answered. */
  readonly receipts: readonly ReceiptEvent[];
  /** The questions on this page that have been answered. */
  readonly answered: readonly AnsweredQuestion[];
}

export interface AnsweredQuestion {
  readonly question: string;
  /** The chosen option's value, or `expired`; null when it was answered before the host kept that. */
  readonly option: string | null;
}

export interface StopTurn {
  readonly agent?: string;
  readonly thread?: string;
}

/** Works once, until `expiresAt`. */
export interface SignInLink {
  readonly url: string;
  readonly expiresAt: string;
}

export interface SetPassword {
  readonly password: string;
}

export type SignIn = SetPassword;

export type StreamEvent =
  | LogEntry
  | ReceiptEvent
  | LiveEvent
  | LedgerEvent
  | ConversationEvent
  | AnsweredEvent;

export interface ApiError {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}
