/** What the rest of the host knows of the life of sandboxes. */
import type { MessageId, TurnId } from '@bellhop/mailbox';
import type { AgentId, Session, SessionId } from '../types.ts';

export interface Supervisor {
  /** Something may be due for this session; returns at once. Cheap, and safe to call at any time. */
  nudge(session: SessionId): void;
  /** The messages of this session that a turn works on right now, as far as its runner says. */
  working(session: SessionId): ReadonlySet<string>;
  /** Why this session's messages wait, in words; null when nothing is in the way. */
  waitingFor(session: SessionId): string | null;
  /** What the running turn does; null when none runs. */
  ledger(session: SessionId): TurnLedger | null;
  /** Ends the running turn: its messages fail with "you stopped it". False when none runs. */
  stopTurn(session: SessionId): boolean;
  /** Brings a dead letter back, its tries begun anew; durable when it resolves. False when it has not failed. */
  retry(session: SessionId, message: MessageId): Promise<boolean>;
  /** Puts a session back into service; durable when it resolves. False when it is in service. */
  release(session: SessionId): Promise<boolean>;
  /** Sessions whose sandbox runs. */
  awake(): readonly SessionId[];
  /** Something that a sandbox gets at its start has changed: the agent's end softly, in the middle of no turn. */
  renew(agent: AgentId, why: string): void;
  /** What sessions wait for may be there: all that were put off look again now. */
  lookAgain(): void;
  /** A call to the model is on record. */
  modelCalled(call: ModelCall): void;
  summary(): { readonly awake: number; readonly working: number; readonly waitingFor: readonly string[] };
}

/** What a turn has done so far, by the host's clock (ledger.ts). */
export interface TurnLedger {
  readonly turn: TurnId;
  /** Inbound ids. */
  readonly messages: readonly string[];
  readonly generation: number;
  readonly startedMs: number;
  /** The last ones, oldest first. */
  readonly tools: readonly ToolEntry[];
  /** Null while no model was called. */
  readonly usage: TurnUsage | null;
}

export interface TurnUsage {
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Millionths of a US dollar; null when the price of one of the calls is not known. */
  readonly costMicros: number | null;
}

/** What the supervisor needs of a call (egress/port.ts CallRecord). */
export interface ModelCall {
  readonly session: string;
  readonly generation: number;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costMicros: number | null;
}

export interface ToolEntry {
  /** Its number in the turn. */
  readonly n: number;
  readonly name: string;
  readonly detail: string;
  readonly startedMs: number;
  /** Null while it runs. */
  readonly ms: number | null;
  readonly ok: boolean | null;
}

/** What people watch; told after it is durable, except for live text. None of these may throw. */
export interface Watcher {
  receipt(
    session: Session,
    message: string,
    state: 'accepted' | 'at work' | 'answered' | 'failed',
    reason: string | null,
  ): void;
  /** Whole, at each change; null when the turn has ended. */
  ledger(session: Session, turn: TurnLedger | null): void;
  /** @param whole in place of what was shown of the turn. */
  live(session: Session, turn: TurnId, text: string, whole: boolean): void;
  typing(session: Session, on: boolean): void;
}
