/**
 * What becomes of a message after an ack or after a sandbox died: pure decisions over rows (design.md §4).
 *
 *   pending --completed--> completed
 *   pending --failed-----> failed                      (dead letter, with its reason)
 *   pending --released---> pending, later              (costs no try; at most maxReleases)
 *   pending --charged----> pending, tries + 1          (a generation ended on it)
 *   pending --charged----> failed at the last try      (dead letter)
 *
 * Only the current attempt counts (M9): an ack or a claim of an older one decides nothing, which also makes every
 * decision here idempotent: applying it raises the attempt.
 */
import type { Ack, InboundRow, MessageId, TurnId } from '../model.ts';
import { boundedWait } from '../time.ts';

export interface RetryPolicy {
  readonly maxTries: number;
  /** First delay of the back-off in milliseconds; doubles each time. The very first retry is due at once. */
  readonly baseMs: number;
  readonly maxReleases: number;
  /** Longest back-off of a released message, in milliseconds. */
  readonly maxReleaseMs: number;
}

export type InboundChange =
  | { readonly kind: 'completed'; readonly id: MessageId; readonly attempt: number }
  | {
      readonly kind: 'failed';
      readonly id: MessageId;
      readonly attempt: number;
      readonly reason: string;
      /** Set when a dying generation was the cause. */
      readonly generation?: number;
    }
  | { readonly kind: 'released'; readonly id: MessageId; readonly attempt: number; readonly dueMs: number }
  | {
      readonly kind: 'charged';
      readonly id: MessageId;
      readonly attempt: number;
      readonly generation: number;
      readonly dueMs: number;
    };

/** @param jitter in [0, 1): spreads retries over a further half of the delay. */
function backoffMs(step: number, policy: RetryPolicy, jitter: number): number {
  return Math.round(policy.baseMs * 2 ** step * (1 + jitter / 2));
}

/** Null when the ack is of no consequence: a claim, an old attempt, or a message that is over. */
export function decideAck(
  ack: Ack,
  row: InboundRow | undefined,
  policy: RetryPolicy,
  nowMs: number,
  jitter: number,
): InboundChange | null {
  if (row?.status !== 'pending' || ack.attempt !== row.attempt) return null;
  const { id, attempt } = row;
  if (ack.status === 'completed') return { kind: 'completed', id, attempt };
  if (ack.status === 'failed')
    return { kind: 'failed', id, attempt, reason: ack.error ?? 'the agent gave no reason' };
  if (ack.status !== 'released') return null;
  if (row.releases + 1 > policy.maxReleases) {
    return {
      kind: 'failed',
      id,
      attempt,
      reason: `${ack.error ?? 'put off'} (put off ${row.releases} times)`,
    };
  }
  const delay = Math.min(backoffMs(row.releases, policy, jitter), policy.maxReleaseMs);
  const wanted = boundedWait(ack.retryAfterMs ?? 0);
  return { kind: 'released', id, attempt, dueMs: nowMs + Math.max(delay, wanted) };
}

/**
 * One try for a message on which `generation` ended. Null when it was charged for it already, or is over.
 * @param reason how the generation ended, in words; it becomes the dead letter's reason.
 * @param isFinal a person ended it: over, whatever tries are left.
 */
export function decideCharge(
  row: InboundRow | undefined,
  generation: number,
  reason: string,
  policy: RetryPolicy,
  nowMs: number,
  jitter: number,
  isFinal = false,
): InboundChange | null {
  if (row?.status !== 'pending') return null;
  if (row.chargedGeneration >= generation) return null;
  const { id, attempt } = row;
  if (isFinal) return { kind: 'failed', id, attempt, generation, reason };
  const tries = row.tries + 1;
  if (tries >= policy.maxTries)
    return { kind: 'failed', id, attempt, generation, reason: `${reason} (${tries} tries)` };
  const delay = tries === 1 ? 0 : backoffMs(tries - 2, policy, jitter);
  return { kind: 'charged', id, attempt, generation, dueMs: nowMs + delay };
}

/**
 * What one turn held waits for the last of it. A part that is due earlier would be a turn of its own, under another id,
 * and what the tools of the first one have sent would be sent again (M7).
 * @param acks the claims and acks that the changes were decided on.
 */
export function keepTogether(changes: readonly InboundChange[], acks: readonly Ack[]): InboundChange[] {
  const turns = new Map(acks.map((ack) => [ack.messageId, ack.turnId]));
  const last = new Map<TurnId, number>();
  for (const change of changes) {
    const turn = turns.get(change.id);
    if (turn && 'dueMs' in change) last.set(turn, Math.max(change.dueMs, last.get(turn) ?? 0));
  }
  return changes.map((change) => {
    const dueMs = last.get(turns.get(change.id) ?? ('' as TurnId));
    return 'dueMs' in change && dueMs !== undefined ? { ...change, dueMs } : change;
  });
}
