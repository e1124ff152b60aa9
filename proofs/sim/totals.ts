/** What many runs add up to, and whether that proves anything: a run in which nothing went wrong is no proof. */
import { CRASH_FAULTS } from './machine/kernel.ts';
import type { Outcome } from './run.ts';

export interface Totals {
  readonly runs: number;
  readonly accepted: number;
  readonly lost: number;
  readonly repeatedKey: number;
  readonly repeatedNoKey: number;
  readonly injected: number;
  readonly sends: number;
  readonly hostStarts: number;
  readonly sandboxes: number;
  readonly violations: number;
  readonly simulatedMs: number;
  readonly ms: readonly number[];
  /** Kinds of steps before or after which a process was killed. */
  readonly killedAt: readonly string[];
}

export const NOTHING: Totals = {
  runs: 0,
  accepted: 0,
  lost: 0,
  repeatedKey: 0,
  repeatedNoKey: 0,
  injected: 0,
  sends: 0,
  hostStarts: 0,
  sandboxes: 0,
  violations: 0,
  simulatedMs: 0,
  ms: [],
  killedAt: [],
};

export function add(totals: Totals, outcome: Outcome, ms: number): Totals {
  const { counts, script } = outcome;
  const kind = outcome.violation?.kind;
  const killed = [...(script.faults ?? [])]
    .filter(([, fault]) => CRASH_FAULTS.has(fault))
    .map(([key, fault]) => `${fault} ${key.replace(/#\d+$/, '')}`);
  return {
    runs: totals.runs + 1,
    accepted: totals.accepted + counts.accepted,
    lost: totals.lost + (kind === 'lost' || kind === 'stuck' ? 1 : 0),
    repeatedKey: totals.repeatedKey + (kind === 'repeated' || kind === 'answered twice' ? 1 : 0),
    repeatedNoKey: totals.repeatedNoKey + counts.repeatedNoKey,
    injected: totals.injected + outcome.injected,
    sends: totals.sends + outcome.sends,
    hostStarts: totals.hostStarts + outcome.boots,
    sandboxes: totals.sandboxes + outcome.sandboxes,
    violations: totals.violations + (outcome.violation ? 1 : 0),
    simulatedMs: totals.simulatedMs + outcome.simulatedMs,
    ms: [...totals.ms, ms],
    killedAt: [...new Set([...totals.killedAt, ...killed])],
  };
}

/** Null when all is well; else why the proof has failed. */
export function verdict(totals: Totals): string | null {
  if (totals.violations > 0) return `${totals.violations} of ${totals.runs} runs went wrong`;
  if (totals.injected === 0) return 'nothing was injected, so nothing is proven';
  if (totals.accepted === 0 || totals.sends === 0) return 'nothing was said, so nothing is proven';
  return null;
}

/** The last line of `./bellhop sim`. */
export function lastLine(totals: Totals, seed: number): string {
  const { lost, repeatedKey, repeatedNoKey, injected, runs, violations } = totals;
  return (
    `lost=${lost} repeated_key=${repeatedKey} repeated_nokey=${repeatedNoKey} violations=${violations} ` +
    `injected=${injected} runs=${runs} seed=${seed}`
  );
}
