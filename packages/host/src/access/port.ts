import type { AskAnswer, HostAsk } from '../egress/port.ts';
import type { Approval, Decision } from '../store/approvals.ts';

/** Who may talk to an agent. Closed by default: nobody that is not listed. */
export interface AccessGate {
  /** @param user the id that the platform authenticated, never a name. */
  mayTalk(user: string): Promise<boolean>;
}

/** What agents may do only on their owner's word (approvals.ts). */
export interface Approvals {
  /** A session wants a host: puts a card into its conversation unless there is one. Never rejects. */
  ask(ask: HostAsk): Promise<AskAnswer>;
  /**
   * The owner's word on exactly what `sha256` stands for: durable when it resolves, and its effect, too, unless the
   * egress process is away: then it follows. Counts once.
   *
   * @param by who decides, as the listener knows it.
   */
  decide(word: Word, by: string): Promise<Decided>;
  /** Those that are asked first. */
  list(): Promise<readonly Approval[]>;
}

export interface Word {
  readonly id: string;
  readonly sha256: string;
  readonly decision: Decision;
}

/** `late`: decided before, or expired; `approval` says what holds. */
export type Decided =
  | { readonly kind: 'decided'; readonly approval: Approval }
  | { readonly kind: 'late'; readonly approval: Approval }
  | { readonly kind: 'changed' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'forbidden' };
