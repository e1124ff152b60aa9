/**
 * What is sent and got about approvals, on both listeners. Types only.
 *
 *   GET  /v1/approvals                                 -> ApprovalList
 *   POST /v1/approvals/decide      DecideApproval      -> ApprovalRow (409 late: decided before, or expired)
 */

/** What a card is about, beside its question (LogBody): to reach one exact host by TLS. */
export interface ApprovalCard {
  readonly agent: string;
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the exact action, in hex: a decision names it, so that it is about what was shown. */
  readonly sha256: string;
  readonly expiresAt: string;
}

export type ApprovalDecision = 'once' | 'session' | 'always' | 'no';

/** Works once. `session`: as long as the conversation's session; `always`: a rule, as `hosts allow` makes. */
export interface DecideApproval {
  readonly id: string;
  readonly sha256: string;
  readonly decision: ApprovalDecision;
}

export interface ApprovalRow extends ApprovalCard {
  readonly id: string;
  readonly kind: 'reach-host';
  readonly session: string;
  readonly askedAt: string;
  readonly state: 'asked' | 'decided' | 'expired';
  readonly decision: ApprovalDecision | null;
  /** The user whose word it was. */
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
  /** What follows from it has been done. */
  readonly applied: boolean;
}

/** Those that are asked first, then the newest; 100 in all. */
export interface ApprovalList {
  readonly approvals: readonly ApprovalRow[];
}

/** A question has its end. Not durable: EntryPage.answered has it, too. */
export interface AnsweredEvent {
  readonly type: 'answered';
  readonly question: string;
  /** The decision, or `expired`. */
  readonly option: string;
}
