/**
 * The egress process as the rest of the host knows it: the one way out of every sandbox (design.md §6).
 *
 * Who calls is known by the socket: one per session and generation, gone with it. Keys are decrypted on the other side
 * of the process boundary; here are their names.
 */
import type { AuditEntry, Head } from './audit/chain.ts';
import type { Endpoint } from './providers.ts';
import type { Period } from './usage/windows.ts';

export interface Egress {
  /**
   * Resolves when the session's socket listens in its folder. Rejects with SandboxUnavailable when there is no way
   * out: then no sandbox may start. A door stays open over a death of the process: it is opened again.
   */
  open(door: DoorPlan): Promise<Door>;
  readonly known: Known;
  /** Looks for an Ollama again, and returns what is known then. The next four reject with EgressError. */
  look(): Promise<Known>;
  /** Null removes it. Durable when it resolves. */
  keep(name: string, value: string | null): Promise<void>;
  /** One real, tiny call. */
  test(endpoint: Endpoint, agent: string): Promise<ModelReply>;
  /** The models that the provider names. */
  list(endpoint: Endpoint): Promise<readonly string[]>;
}

/** What the owner does that the egress process has no part in, on record before it is done. */
export interface AuditTrail {
  /** On disk when it resolves. Rejects with EgressError: then it must not be done. */
  record(entry: AuditEntry): Promise<void>;
}

/** What may be spent. All reject with EgressError. */
export interface Spending {
  budgets(): Promise<BudgetsView>;
  /** A cap of null removes it. Durable when it resolves, like the next. */
  setBudget(change: BudgetChange): Promise<BudgetsView>;
  /** A person will hear of it: it is not told again. */
  alertTold(id: number): Promise<void>;
  /** `no_such_stop` when it was answered before. */
  answerStop(answer: BudgetAnswer): Promise<BudgetsView>;
}

/** Which hosts an agent may reach besides its model. All reject with EgressError. */
export interface Policy {
  hosts(): Promise<readonly HostRule[]>;
  /** Durable when it resolves, like the next. */
  allowHost(rule: HostRule): Promise<readonly HostRule[]>;
  /** What runs through a tunnel to it ends. */
  removeHost(rule: Omit<HostRule, 'isPrivate'>): Promise<readonly HostRule[]>;
  /** Durable when it resolves; the same approval again changes nothing. */
  grantHost(grant: HostGrant): Promise<void>;
}

/** A session wants a host that no rule names. */
export interface HostAsk {
  readonly session: string;
  readonly agent: string;
  readonly host: string;
  readonly port: number;
}

/** `full`: too many questions of this session are open. `not asked`: there is nobody to ask, or no time. */
export type AskAnswer = 'asked' | 'refused' | 'full' | 'not asked';

/** The owner's yes to one. */
export interface HostGrant extends HostAsk {
  readonly approval: string;
  /** One connection; as long as the session; for this agent like any rule. */
  readonly lasts: 'once' | 'session' | 'always';
}

/** One exact host and port. */
export interface HostRule {
  readonly agent: string;
  /** Lower case, no dot at its end, never an address. */
  readonly host: string;
  readonly port: number;
  /** It may lie in a private network, or be this machine. */
  readonly isPrivate: boolean;
}

/** Methods and paths of one host that an agent may ask for, and the secret that is then placed; null: none. */
export interface RequestRule {
  readonly agent: string;
  readonly host: string;
  readonly port: number;
  /** In capitals; `*`: every one. */
  readonly method: string;
  /** One path, or all that begin with it up to a star at its end (policy/paths.ts). */
  readonly path: string;
  readonly isPrivate: boolean;
  readonly secret: string | null;
  /** `bearer`, `basic:USER`, `header:NAME` or `query:NAME`; null without a secret. */
  readonly placing: string | null;
}

/** Secrets, and what may be asked by method and path. All reject with EgressError, `bad_request` for what makes no sense. */
export interface Secrets {
  secrets(): Promise<readonly SecretView[]>;
  /** Null removes it, with all that it was granted for. Durable when it resolves, like all that follow. */
  keepSecret(name: string, value: string | null): Promise<readonly SecretView[]>;
  /** A new key for the vault; all that lies in it is sealed anew. Resolves with how many that are. */
  rotate(): Promise<number>;
  requestRules(): Promise<readonly RequestRule[]>;
  addRequestRules(rules: readonly RequestRule[]): Promise<readonly RequestRule[]>;
  /** What runs to that host ends. `no_such_rule` when a secret, method or path is named and there is none. */
  removeRequestRules(which: RuleChoice): Promise<readonly RequestRule[]>;
}

/** `method` and `path` null: whichever; `secret` null: rules without one. */
export interface RuleChoice extends Pick<RequestRule, 'agent' | 'host' | 'port' | 'secret'> {
  readonly method: string | null;
  readonly path: string | null;
}

/** A secret of the owner's, without its value. */
export interface SecretView {
  readonly name: string;
  readonly setMs: number | null;
  /** To the minute; null: never yet. */
  readonly usedMs: number | null;
  /** False: it is stored, and the vault's key does not open it. */
  readonly readable: boolean;
  readonly grants: readonly RequestRule[];
}

/** Folder below the data folder that every sandbox sees, and its files (ending/authority.ts). */
export const TRUST = 'trust';
export const ROOTS = 'roots.pem';
export const OURS = 'ours.pem';

/** Name of a session's socket, in its runtime folder. */
export const EGRESS_SOCKET = 'egress.sock';

/** One session's way out during one generation. */
export interface DoorPlan {
  /** The folder, seen from outside, in which the socket appears. */
  readonly dir: string;
  readonly session: string;
  readonly agent: string;
  readonly generation: number;
  /** Null: no model is connected, and every request is refused. */
  readonly endpoint: Endpoint | null;
}

export interface Door {
  /** Resolves when nothing listens and no connection is left. Never rejects; safe twice. */
  close(): Promise<void>;
}

export interface EgressListener {
  /** A call has ended and is on record. */
  call(call: CallRecord): void;
  /** Keys or Ollama may have changed. */
  known(): void;
  /** A call of this agent was refused until the owner says more: what of it is awake ends, and waits. */
  parked(agent: string): void;
  alert(alert: BudgetAlert): void;
  /** Must not reject. */
  ask(ask: HostAsk): Promise<AskAnswer>;
  /** The audit has grown to this. Not told for each row. */
  auditHead(head: Head): void;
}

export interface KeyState {
  readonly name: string;
  readonly from: 'environment' | 'vault';
  /** False: it is stored, and the vault's key does not open it. */
  readonly readable: boolean;
}

export interface Known {
  readonly keys: readonly KeyState[];
  /** Models of the Ollama on this machine; null when none answers. */
  readonly ollama: readonly string[] | null;
}

export interface ModelReply {
  readonly ms: number;
  readonly text: string;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

/** One call to a model, as it is on record. Null: not known. */
export interface CallRecord {
  readonly atMs: number;
  /** '' for a test by the owner. */
  readonly session: string;
  readonly agent: string;
  readonly generation: number;
  readonly provider: string;
  readonly model: string;
  /** HTTP status of the answer; 0 when there was none. */
  readonly status: number;
  /** All that went in, the cached part included. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cachedTokens: number | null;
  /** Millionths of a US dollar; null when the price is not known. */
  readonly costMicros: number | null;
  /** What it counts in the budgets: its cost, or the whole reservation where that is not known. */
  readonly chargedMicros: number;
  readonly firstByteMs: number | null;
  readonly totalMs: number;
}

/** The egress process said no, or did not answer. `code` is one of contract.ts's. */
export class EgressError extends Error {
  override readonly name = 'EgressError';
  readonly code: string;
  readonly hint: string;
  constructor(code: string, message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

export type UsageBy = 'agent' | 'session' | 'day' | 'model';

/** All calls with one key, added up. */
export interface UsageSum {
  readonly key: string;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly costMicros: number;
  /** What counts in the budgets. */
  readonly chargedMicros: number;
  /** Calls that were answered and whose money is not known: it is not in `costMicros`. */
  readonly unpriced: number;
}

/** `agent` '' means all of them together. All money in millionths of a US dollar. */
export interface BudgetChange {
  readonly agent: string;
  readonly period: Period;
  readonly capMicros: number | null;
}

export interface BudgetView {
  readonly agent: string;
  readonly period: Period;
  readonly capMicros: number;
  /** What the owner added for the running period alone. */
  readonly addedMicros: number;
  /** Calls under way included; null for `session`, which has a sum for each of them. */
  readonly spentMicros: number | null;
}

/** A budget that is used up, and what the owner says to it. */
export interface StopView {
  readonly id: string;
  readonly agent: string;
  readonly period: Period;
  readonly session: string;
  readonly atMs: number;
  readonly state: 'asked' | 'closed';
}

export interface BudgetsView {
  readonly budgets: readonly BudgetView[];
  readonly stops: readonly StopView[];
}

/** `addMicros` null: no more for this period. */
export interface BudgetAnswer {
  readonly stop: string;
  readonly addMicros: number | null;
}

/** A budget has passed 50, 80 or 100 %: told until `alertTold`, also over a death of either process. */
export interface BudgetAlert {
  readonly id: number;
  /** The session whose call it was. */
  readonly session: string;
  readonly agent: string;
  readonly period: Period;
  readonly startMs: number;
  readonly percent: number;
  readonly spentMicros: number;
  readonly capMicros: number;
}
