/** Whether a call may be made, and what is told about it: pure decisions over sums. All money in millionths of a dollar. */

/** A budget with all that was charged to it, calls under way included. */
export interface Line {
  readonly capMicros: number;
  readonly spentMicros: number;
}

export type SpendDecision<L extends Line> =
  | { readonly kind: 'go' }
  /** Used up: the owner is asked. */
  | { readonly kind: 'full'; readonly line: L }
  /** It would not fit into the whole of it: waiting is of no use, and nobody need be asked at each try. */
  | { readonly kind: 'too dear'; readonly line: L };

/** @param wantedMicros the most that the call can cost. The line that is passed by the most counts. */
export function decideSpend<L extends Line>(lines: readonly L[], wantedMicros: number): SpendDecision<L> {
  const over = (line: L) => line.spentMicros + wantedMicros - line.capMicros;
  const [worst] = lines.filter((line) => over(line) > 0).sort((a, b) => over(b) - over(a));
  if (!worst) return { kind: 'go' };
  const used = worst.spentMicros >= worst.capMicros;
  return { kind: !used && wantedMicros > worst.capMicros ? 'too dear' : 'full', line: worst };
}

/** Told when so much of a budget is used, in percent. */
const ALERTS = [100, 80, 50] as const;

/** The alert that is due; null for none, or when it or a higher one was told before. */
export function alertDue({ capMicros, spentMicros }: Line, toldPercent: number): number | null {
  const reached = ALERTS.find((percent) => spentMicros * 100 >= capMicros * percent) ?? 0;
  return reached > toldPercent ? reached : null;
}

/** What became of a call that went out. */
export interface CallEnd {
  /** HTTP status; 0 when it was not answered. */
  readonly status: number;
  /** False when it broke off before its last byte, whoever broke it off. */
  readonly whole: boolean;
  /** False when no connection was had, so that nothing can have been sent. */
  readonly sent: boolean;
  /** What it used by its price; null when either is not known. */
  readonly costMicros: number | null;
}

/** "Too much asked" and "overloaded": said by who has done nothing. Other faults may come after the work. */
const UNPAID = [503, 529];

/**
 * What is charged in place of the reservation. Closed by default: only a whole, metered, priced answer costs what it
 * says, and only a plain refusal costs nothing; a client that hangs up before the end pays all that was reserved.
 */
export function chargeOf(end: CallEnd, reservedMicros: number): number {
  if (!end.sent) return 0;
  if ((end.status >= 300 && end.status < 500) || UNPAID.includes(end.status)) return 0;
  return end.whole && end.status !== 0 && end.status < 300 && end.costMicros !== null
    ? end.costMicros
    : reservedMicros;
}
