/**
 * Waiting out a host that is away: it was killed and comes up again, or is just starting.
 *
 * What is retried must be safe to do twice; every request of the API is, as its ids are made by the client.
 */
import { ApiRefusal, HostUnreachable } from './errors.ts';
import type { Clock } from './world.ts';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 1000;

export interface Patience {
  readonly clock: Clock;
  /** Ends the waiting; the last error is thrown then. */
  readonly signal: AbortSignal;
  /** Called once per absence, before the first wait. */
  readonly onAway?: () => void;
}

/** Does `op` until it is answered. A refusal is an answer, except 503: up, but not ready. */
export async function untilAnswered<T>(op: () => Promise<T>, patience: Patience): Promise<T> {
  let waitMs = FIRST_WAIT_MS;
  let told = false;
  for (;;) {
    try {
      return await op();
    } catch (error) {
      if (!isAway(error) || patience.signal.aborted) throw error;
      if (!told) patience.onAway?.();
      told = true;
      await patience.clock.wait(waitMs, patience.signal);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      if (patience.signal.aborted) throw error;
    }
  }
}

function isAway(error: unknown): boolean {
  return error instanceof HostUnreachable || (error instanceof ApiRefusal && error.status === 503);
}
