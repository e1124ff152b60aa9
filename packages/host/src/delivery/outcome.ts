/**
 * What a send's end means for its delivery: a pure decision (design.md §5).
 *
 * | what the channel did | what follows |
 * |---|---|
 * | confirmed | delivered |
 * | PermanentError | failed, the agent is told |
 * | RetryableError | again after the platform's wish or the back-off; failed after the last try |
 * | anything else, or no answer in time | unknown: the channel's policy says whether it is sent again or held |
 */
import { type ChannelCapabilities, PermanentError, RetryableError } from '@bellhop/channels';
import { boundedWait } from '@bellhop/mailbox';

export const MAX_ATTEMPTS = 6;
/** Waits before the next attempt, in milliseconds. */
const BACKOFF_MS = [5_000, 15_000, 45_000, 120_000, 300_000];

export type Outcome =
  | { readonly kind: 'delivered'; readonly platformMessageId: string | null }
  | { readonly kind: 'error'; readonly error: unknown };

export type Next =
  | { readonly kind: 'delivered'; readonly platformMessageId: string | null }
  | { readonly kind: 'again'; readonly dueMs: number; readonly unknown: boolean; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'held'; readonly reason: string };

/** @param attempts how many have been made of this piece, this one included. */
export function decideNext(
  outcome: Outcome,
  attempts: number,
  onUnknown: ChannelCapabilities['onUnknown'],
  nowMs: number,
): Next {
  if (outcome.kind === 'delivered') return outcome;
  const { error } = outcome;
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof PermanentError) return { kind: 'failed', reason };
  if (attempts >= MAX_ATTEMPTS) return { kind: 'failed', reason: `${reason} (${attempts} attempts)` };
  const backoff = BACKOFF_MS[Math.min(attempts, BACKOFF_MS.length) - 1] ?? 0;
  if (error instanceof RetryableError) {
    const dueMs = nowMs + Math.max(boundedWait(error.retryAfterMs), backoff);
    return { kind: 'again', dueMs, unknown: false, reason };
  }
  if (onUnknown === 'hold') return { kind: 'held', reason: `nobody knows whether it arrived: ${reason}` };
  return { kind: 'again', dueMs: nowMs + backoff, unknown: true, reason };
}
