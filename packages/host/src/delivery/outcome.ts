/**
 * What a send's end means for its delivery: a pure decision (design.md §5).
 *
 * | what the channel did | what follows |
 * |---|---|
 * | confirmed | delivered |
 * | PermanentError | failed, the agent is told |
 * | RetryableError | again after the platform's wish or the back-off; failed after the last try |
 * | anything else, or no answer in time | unknown: the channel's policy says whether it is sent again or held; held after the last try |
 *
 * Once the outcome of an attempt is unknown, what comes later says nothing about that attempt: such a piece is delivered
 * or held, and never failed, since it may have arrived.
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

/** What is known of a piece's attempts. */
export interface Attempts {
  /** How many have been made, the one that has just ended included. */
  readonly made: number;
  /** Nobody knows what came of an earlier one. */
  readonly wasUnknown: boolean;
}

export function decideNext(
  outcome: Outcome,
  { made, wasUnknown }: Attempts,
  onUnknown: ChannelCapabilities['onUnknown'],
  nowMs: number,
): Next {
  if (outcome.kind === 'delivered') return outcome;
  const { error } = outcome;
  const said = error instanceof Error ? error.message : String(error);
  const isTold = error instanceof PermanentError || error instanceof RetryableError;
  const ended = (reason: string): Next =>
    isTold && !wasUnknown ? { kind: 'failed', reason } : { kind: 'held', reason: heldWords(reason) };
  if (error instanceof PermanentError) return ended(said);
  if (made >= MAX_ATTEMPTS) return ended(`${said} (${made} attempts)`);
  const backoff = BACKOFF_MS[Math.min(made, BACKOFF_MS.length) - 1] ?? 0;
  if (error instanceof RetryableError) {
    const dueMs = nowMs + Math.max(boundedWait(error.retryAfterMs), backoff);
    return { kind: 'again', dueMs, unknown: false, reason: said };
  }
  if (onUnknown === 'hold') return ended(said);
  return { kind: 'again', dueMs: nowMs + backoff, unknown: true, reason: said };
}

/** Why a piece is not sent again whose last attempt has no receipt, a host having died in it; null when it may be. */
export function whyHeld(made: number, onUnknown: ChannelCapabilities['onUnknown']): string | null {
  const stopped = 'the host stopped while it was being sent';
  if (onUnknown === 'hold') return heldWords(stopped);
  return made >= MAX_ATTEMPTS ? heldWords(`${stopped} (${made} attempts)`) : null;
}

export function heldWords(reason: string): string {
  return `nobody knows whether it arrived: ${reason}`;
}
