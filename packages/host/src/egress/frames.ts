/**
 * What host and egress process say to each other: JSON lines over the child's stdin and stdout.
 *
 * Both ends come from one checkout and trust each other, so frames are typed and not checked. A request carries `n`,
 * and its end the same `n`. A key travels in one direction alone and in two frames alone, `secret` and
 * `keepSecret`, on the day that its owner enters it.
 */
import type { Readable } from 'node:stream';
import type { SandboxUser } from '../folders.ts';
import type { AuditEntry, Head } from './audit/chain.ts';
import type {
  AskAnswer,
  BudgetAlert,
  BudgetAnswer,
  BudgetChange,
  BudgetsView,
  CallRecord,
  DoorPlan,
  HostAsk,
  HostGrant,
  HostRule,
  KeyState,
  Known,
  ModelReply,
  RequestRule,
  RuleChoice,
  SecretView,
} from './port.ts';
import type { Endpoint } from './providers.ts';

/** The one argument of the egress process, as JSON. */
export interface EgressConfig {
  readonly dataDir: string;
  readonly user: SandboxUser | null;
}

/** What each request asks, and what its end brings. */
export interface Requests {
  open: { readonly asks: DoorPlan; readonly brings: null };
  close: { readonly asks: Pick<DoorPlan, 'session' | 'generation'>; readonly brings: null };
  /** `value` null removes it. */
  secret: {
    readonly asks: { readonly name: string; readonly value: string | null };
    readonly brings: readonly KeyState[];
  };
  /** Looks for an Ollama again. */
  look: { readonly asks: null; readonly brings: Known };
  test: {
    readonly asks: { readonly endpoint: Endpoint; readonly agent: string };
    readonly brings: ModelReply;
  };
  list: { readonly asks: Endpoint; readonly brings: readonly string[] };
  hosts: { readonly asks: null; readonly brings: readonly HostRule[] };
  allow: { readonly asks: HostRule; readonly brings: readonly HostRule[] };
  disallow: { readonly asks: Omit<HostRule, 'isPrivate'>; readonly brings: readonly HostRule[] };
  grant: { readonly asks: HostGrant; readonly brings: null };
  /** The host's answer to an `ask`, by its number. */
  answerAsk: { readonly asks: { readonly ask: number; readonly answer: AskAnswer }; readonly brings: null };
  secrets: { readonly asks: null; readonly brings: readonly SecretView[] };
  /** `value` null removes it. */
  keepSecret: {
    readonly asks: { readonly name: string; readonly value: string | null };
    readonly brings: readonly SecretView[];
  };
  rotate: { readonly asks: null; readonly brings: number };
  requestRules: { readonly asks: null; readonly brings: readonly RequestRule[] };
  addRules: { readonly asks: readonly RequestRule[]; readonly brings: readonly RequestRule[] };
  removeRules: { readonly asks: RuleChoice; readonly brings: readonly RequestRule[] };
  budgets: { readonly asks: null; readonly brings: BudgetsView };
  budget: { readonly asks: BudgetChange; readonly brings: BudgetsView };
  answer: { readonly asks: BudgetAnswer; readonly brings: BudgetsView };
  alertTold: { readonly asks: { readonly id: number }; readonly brings: null };
  /** What the host is about to do itself. */
  audit: { readonly asks: AuditEntry; readonly brings: null };
}

export type RequestName = keyof Requests;

export type HostToEgress = {
  [Name in RequestName]: { readonly t: Name; readonly n: number; readonly asks: Requests[Name]['asks'] };
}[RequestName];

export type EgressToHost =
  | ({ readonly t: 'ready' } & Known)
  | { readonly t: 'done'; readonly n: number; readonly brings: unknown }
  | {
      readonly t: 'failed';
      readonly n: number;
      readonly error: { readonly code: string; readonly message: string; readonly hint: string };
    }
  | { readonly t: 'call'; readonly call: CallRecord }
  | { readonly t: 'parked'; readonly agent: string }
  | { readonly t: 'alert'; readonly alert: BudgetAlert }
  | { readonly t: 'ask'; readonly n: number; readonly ask: HostAsk }
  /** The audit is as long as this: for a note of it outside of our folder. */
  | { readonly t: 'head'; readonly head: Head }
  /** For the host's log. */
  | { readonly t: 'warn'; readonly what: string };

/** Exit code when it cannot start and has said why on stderr: a sentence, and a line with what to do. */
export const EGRESS_REFUSED = 2;

export function toLine(frame: HostToEgress | EgressToHost): string {
  return `${JSON.stringify(frame)}\n`;
}

export function readLines<Frame>(stream: Readable, onFrame: (frame: Frame) => void): void {
  const rest = { line: '' };
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest.line + chunk).split('\n');
    rest.line = lines.pop() ?? '';
    for (const line of lines) onFrame(JSON.parse(line) as Frame);
  });
}
