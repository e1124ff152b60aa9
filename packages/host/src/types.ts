/** Words that every folder of the host uses: ids, the clock, settings. Types only, but for the parsers of ids. */
import type { MessageId } from '@bellhop/mailbox';

import type { SandboxLimits } from './sandboxes/port.ts';

type Brand<Name extends string> = string & { readonly __brand: Name };

export type SessionId = Brand<'SessionId'>;
export type AgentId = Brand<'AgentId'>;

export type SessionMode = 'per-thread' | 'shared';
export type EngageMode = 'always' | 'mention';

export interface Agent {
  readonly id: AgentId;
  readonly name: string;
  readonly harness: string;
}

export interface Session {
  readonly id: SessionId;
  readonly agentId: AgentId;
  /** `shared`: it holds all threads of its chat, and its own thread is none of them. */
  readonly mode: SessionMode;
  /** Where its replies go by default. */
  readonly channel: string;
  readonly chat: string;
  readonly thread: string | null;
  readonly state: 'active' | 'quarantined';
  readonly stateReason: string | null;
}

/** One message in one session. */
export interface TargetKey {
  readonly session: SessionId;
  readonly message: MessageId;
}

export type TargetState = 'accepted' | 'enqueued' | 'answered' | 'failed';

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls once, `ms` from now, or earlier when that is weeks away; the returned function cancels. */
  after(ms: number, call: () => void): () => void;
}

export interface Log {
  /** Fields must hold no message text and no secret. */
  info(what: string, fields?: LogFields): void;
  warn(what: string, fields?: LogFields): void;
  error(what: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** In `settings.json` of the data folder; each has a default (settings.ts). Times in milliseconds, sizes in bytes. */
export interface Settings {
  readonly maxFileBytes: number;
  readonly maxTextBytes: number;
  readonly batchSize: number;
  readonly contextRows: number;
  readonly maxTries: number;
  readonly retryBaseMs: number;
  readonly maxReleases: number;
  readonly maxReleaseMs: number;
  /** An awake session with nothing to do is stopped after this. */
  readonly idleStopMs: number;
  /** A claim with no sign of life for this long is stuck. */
  readonly claimStuckMs: number;
  /** A turn that gets nowhere for this long is stuck. */
  readonly progressStuckMs: number;
  /** From spawn to the runner's first word. */
  readonly readyTimeoutMs: number;
  /** Between "stop, please" and the kill. */
  readonly stopGraceMs: number;
  /** Sandboxes that run at once. */
  readonly maxAwake: number;
  /** A session that writes more is stopped for good: whatever it is, it is no conversation. */
  readonly maxRowsPerMinute: number;
  /** A larger outbound.db is refused. */
  readonly maxOutboundBytes: number;
  /** Further names that the page is reached by, as of a proxy in front. */
  readonly hostNames: readonly string[];
  /** Event ids, by which a redelivery is known. */
  readonly keepEventsMs: number;
  /** Messages that have ended, their receipts, and the files that came and went with them. */
  readonly keepMessagesMs: number;
  /** Lives of sandboxes that are over. */
  readonly keepGenerationsMs: number;
  /** What people see of their conversations. */
  readonly keepConversationMs: number;
  /** Copies of files that agents sent; beyond it the oldest go first. */
  readonly maxFilesBytes: number;
  /** What a sandbox may take of the machine … */
  readonly limits: Limits;
  /** … and what is different for an agent, by its name. */
  readonly agentLimits: Readonly<Record<string, Partial<Limits>>>;
  /** Folders of this machine that may be shown to agents: nothing else is, whoever asks. */
  readonly mountRoots: readonly ShownFolder[];
  /** What is shown, by the agent's name and then by the folder's name inside. */
  readonly agentMounts: Readonly<Record<string, Readonly<Record<string, ShownFolder>>>>;
  /** Nothing is woken, and what runs is stopped, while the disk has less than this left. */
  readonly minFreeDiskBytes: number;
}

export interface ShownFolder {
  /** Absolute. */
  readonly path: string;
  readonly writable: boolean;
}

export interface Limits extends SandboxLimits {
  /** What the session's and the agent's writable folders may hold together. */
  readonly diskBytes: number;
}
