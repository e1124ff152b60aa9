/**
 * A session's mailbox as the rest of the host sees it: the only way to it (design.md §8).
 */
import type { MessageId, NewMessage } from '@bellhop/mailbox';
import type { InboundMailbox, SnapshotResult } from '@bellhop/mailbox/host';
import type { AgentId, Session, SessionId } from '../types.ts';

export interface SessionPaths {
  readonly inDir: string;
  readonly outDir: string;
  /** The agent's workspace, shared by its sessions. */
  readonly workDir: string;
  /** What it remembers, as a person can read it. */
  readonly memoryDir: string;
  /** The agent's folder, with its instructions in AGENT.md: its owner's to write, the agent's to read. */
  readonly homeDir: string;
}

/** A lock on inbound.db has been held for longer than the host waits: whoever holds it is stopped (M2). */
export class MailboxBusy extends Error {
  override readonly name = 'MailboxBusy';
}

/** This session's own files are damaged or gone: it is put out of service, with this reason. */
export class MailboxDamaged extends Error {
  override readonly name = 'MailboxDamaged';
}

export interface Mailboxes {
  paths(session: Pick<Session, 'id' | 'agentId'>): SessionPaths;
  /** The folder of a message's files, below `inDir`. */
  filesOf(message: string): string;
  /** Whether the session has a mailbox yet: asking for it would make one. */
  exists(session: Pick<Session, 'id' | 'agentId'>): Promise<boolean>;
  /** Makes the session's folders, readable by its sandbox and nobody else. */
  make(session: Pick<Session, 'id' | 'agentId'>): Promise<void>;
  /**
   * Opens inbound.db, does one synchronous piece of work, closes it. Waits asynchronously for a lock, then throws
   * MailboxBusy; throws MailboxDamaged for what only a person can mend. `work` may be called again after it threw for a lock: nothing of it was kept.
   */
  inbound<T>(session: Pick<Session, 'id' | 'agentId'>, work: (mailbox: InboundMailbox) => T): Promise<T>;
  /**
   * One committed state of outbound.db behind these cursors. While a writer lives, a commit under way is waited for,
   * asynchronously; without one, `busy` means that a runner must mend the file first.
   */
  outbound(
    session: Pick<Session, 'id' | 'agentId'>,
    after: { readonly ackSeq: number; readonly rowSeq: number },
    writerLives: () => boolean,
  ): Promise<SnapshotResult>;
  /** How long outbound.db is, as its name says now: for a bound on time, never on what is read. */
  outboundBytes(session: Pick<Session, 'id' | 'agentId'>): Promise<number>;
  /** Copies a file the agent sent to the host's side, checked; returns where it is now (M13). */
  takeFile(
    session: Pick<Session, 'id' | 'agentId'>,
    outId: string,
    name: string,
    maxBytes: number,
  ): Promise<TakenFile>;
}

export type TakenFile =
  | { readonly kind: 'taken'; readonly name: string; readonly path: string; readonly size: number }
  | { readonly kind: 'refused'; readonly name: string; readonly reason: string };

/** Moves what was accepted into mailboxes. */
export interface Enqueuer {
  /**
   * Everything accepted for this session goes into its inbound.db, in one commit; `onEnqueued` is called right after
   * it, before the bookkeeping, so that the bell rings as early as it may. Resolves to the dead letters that were to be
   * brought back and cannot be, as their mailbox has lost them: they stay accepted, and the caller ends them.
   */
  enqueue(session: Session, onEnqueued: (added: number) => void): Promise<readonly MessageId[]>;
}

/** The thread of its chat in which a message of this session is answered. Rejects when its mailbox cannot be read. */
export type ThreadOf = (session: Session, message: string) => Promise<string | null>;

/** Files that people sent, in the folder of the session that got them. */
export interface ReceivedFiles {
  /**
   * Where the file of a message may lie, to be tried in this order: on its way into the session it moves.
   * @param names of all the message's files, in their order.
   */
  places(
    session: Pick<Session, 'id' | 'agentId'>,
    message: string,
    names: readonly string[],
    index: number,
  ): Promise<readonly string[]>;
}

/** A file on its way in, in the JSON of an accepted row until it is enqueued. */
export interface SpooledAttachment {
  readonly name: string;
  readonly mimeType: string;
  readonly size: number;
  readonly spool: string | null;
  readonly problem: string | null;
}

/** What `targets.row_json` holds. */
export interface AcceptedRow {
  readonly message: NewMessage;
  readonly attachments: readonly SpooledAttachment[];
}

export type { AgentId, SessionId };
