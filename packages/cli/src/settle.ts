/**
 * Waiting until a message has settled: its state is final and every reply was delivered, failed or is held.
 *
 * Events are hints that it is worth asking; the answer always comes from GET /v1/messages/:id, so a missed event costs
 * time, never an answer. A slow poll stands behind the hints.
 */
import type { MessageState, StreamEvent } from '@bellhop/host/api';
import type { Client } from './client.ts';
import { type Patience, untilAnswered } from './retry.ts';
import type { Clock } from './world.ts';

const SAFETY_POLL_MS = 5000;
/** Final but not settled: a delivery is under way, and no event promises to tell of its end. */
const LAST_POLL_MS = 50;

/** A hint that may come while nobody waits; it is kept for the next wait. */
export class Hint {
  #wake = new AbortController();

  ring(): void {
    this.#wake.abort();
  }

  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    await clock.wait(ms, AbortSignal.any([this.#wake.signal, signal]));
    this.#wake = new AbortController();
  }
}

/** True when the event says that the state of this message may have changed. */
export function concerns(event: StreamEvent, message: string): boolean {
  return (
    (event.type === 'receipt' && event.message === message) ||
    (event.type === 'entry' && event.replyTo === message)
  );
}

/** Throws the last error when `patience.signal` is aborted first, or HostUnreachable's cause is its abort. */
export async function settled(
  client: Client,
  message: string,
  hint: Hint,
  patience: Patience,
  onState: (state: MessageState) => void = () => {},
): Promise<MessageState> {
  for (;;) {
    const state = await untilAnswered(() => client.message(message, patience.signal), patience);
    onState(state);
    const final = state.state === 'answered' || state.state === 'failed';
    if (final && state.settled) return state;
    await hint.wait(patience.clock, final ? LAST_POLL_MS : SAFETY_POLL_MS, patience.signal);
    patience.signal.throwIfAborted();
  }
}
