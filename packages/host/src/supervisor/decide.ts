/**
 * What to do about the life of one session's sandbox: pure decisions (design.md §4).
 *
 * The order is the design's: what has ended was charged before this is asked; work that is due and not served wakes;
 * only a sandbox that has run for a while by itself can be stuck, and never in the tick that woke it (W1).
 */
import type { Settings } from '../types.ts';

/** A sandbox that runs. Times are milliseconds by the host's clock. */
export interface AwakeFacts {
  readonly phase: 'starting' | 'ready' | 'stopping';
  /** Since when this host watches it: its start, or the moment it was taken over. */
  readonly startedMs: number;
  /** When the host first saw the oldest open claim of this generation; null while it holds none. */
  readonly claimSeenMs: number | null;
  /** The last frame of any kind from the runner. */
  readonly lastSignMs: number;
  /** The last time that its progress counter moved. */
  readonly lastProgressMs: number;
  /** Declared by the tool that runs now; 0 when none does. */
  readonly toolTimeoutMs: number;
  /** Since when it has had nothing to do; null while it has. */
  readonly idleSinceMs: number | null;
}

export interface LifeFacts {
  readonly nowMs: number;
  readonly awake: AwakeFacts | null;
  /** When the next waking message is due; null when none waits. */
  readonly nextDueMs: number | null;
  /** Not before this: the runtime was unavailable. 0 when it was not. */
  readonly blockedUntilMs: number;
}

export type LifeDecision =
  | { readonly kind: 'wake' }
  /** `costs`: the session caused it, so what it holds is charged a try. */
  | { readonly kind: 'stop'; readonly why: string; readonly costs: boolean; readonly hard: boolean }
  /** Nothing now; look again at this time (null: when something happens). */
  | { readonly kind: 'rest'; readonly untilMs: number | null };

export function decideLife(facts: LifeFacts, settings: Settings): LifeDecision {
  return facts.awake ? decideAwake(facts, facts.awake, settings) : decideAsleep(facts);
}

function decideAsleep({ nowMs, nextDueMs, blockedUntilMs }: LifeFacts): LifeDecision {
  if (nextDueMs === null) return { kind: 'rest', untilMs: null };
  const atMs = Math.max(nextDueMs, blockedUntilMs);
  return atMs <= nowMs ? { kind: 'wake' } : { kind: 'rest', untilMs: atMs };
}

function decideAwake(facts: LifeFacts, awake: AwakeFacts, settings: Settings): LifeDecision {
  const { nowMs } = facts;
  if (awake.phase === 'stopping') return { kind: 'rest', untilMs: null };
  if (awake.phase === 'starting') {
    const untilMs = awake.startedMs + settings.readyTimeoutMs;
    if (nowMs < untilMs) return { kind: 'rest', untilMs };
    return stop(`its sandbox was not ready within ${seconds(settings.readyTimeoutMs)}`);
  }
  if (awake.claimSeenMs !== null) {
    const silentSinceMs = Math.max(awake.claimSeenMs, awake.lastSignMs);
    const claimLimitMs = Math.max(settings.claimStuckMs, awake.toolTimeoutMs);
    const idleSinceMs = Math.max(awake.claimSeenMs, awake.lastProgressMs);
    const progressLimitMs = Math.max(settings.progressStuckMs, awake.toolTimeoutMs);
    if (nowMs - silentSinceMs >= claimLimitMs) {
      return stop(`it gave no sign of life for ${seconds(claimLimitMs)}`);
    }
    if (nowMs - idleSinceMs >= progressLimitMs) {
      return stop(`it made no progress for ${seconds(progressLimitMs)}`);
    }
    return { kind: 'rest', untilMs: Math.min(silentSinceMs + claimLimitMs, idleSinceMs + progressLimitMs) };
  }
  if (awake.idleSinceMs !== null) {
    const untilMs = awake.idleSinceMs + settings.idleStopMs;
    if (nowMs >= untilMs) {
      // Due before it said so, and left lying all the time: else it would be woken for it again and again, at no cost.
      const isRefused = facts.nextDueMs !== null && facts.nextDueMs <= awake.idleSinceMs;
      if (isRefused) return stop(`it left its work lying for ${seconds(settings.idleStopMs)}`);
      return { kind: 'stop', why: 'idle', costs: false, hard: false };
    }
    return { kind: 'rest', untilMs };
  }
  // Ready, nothing claimed, not idle: it is about to look. A runner that never does is as stuck as one that claimed.
  const untilMs = awake.lastSignMs + settings.claimStuckMs;
  return nowMs >= untilMs
    ? stop(`it took up no work for ${seconds(settings.claimStuckMs)}`)
    : { kind: 'rest', untilMs };
}

function stop(why: string): LifeDecision {
  return { kind: 'stop', why, costs: true, hard: true };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
