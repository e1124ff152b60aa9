/**
 * The timer over the due index (design.md §4): rings for every session whose time has come, and then sleeps until the
 * next one's, or for the safety sweep's period. Its cost is that of what is due, however many sessions there are.
 */
import type { Store } from '../store/port.ts';
import { dueSessions, nextDueAfter } from '../store/sessions.ts';
import type { Clock, Log, SessionId } from '../types.ts';

/** The safety sweep; everything normally happens by a nudge. */
const SWEEP_MS = 60_000;
const BATCH = 500;

export interface DueTimerDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

export class DueTimer {
  readonly #deps: DueTimerDeps;
  readonly #ring: (session: SessionId) => void;
  #cancel: (() => void) | null = null;
  #atMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(deps: DueTimerDeps, ring: (session: SessionId) => void) {
    this.#deps = deps;
    this.#ring = ring;
  }

  /** Rings for what is due now, and goes on until `stop`. Never rejects. */
  async start(): Promise<void> {
    const { store, clock, log } = this.#deps;
    const nowMs = clock.now();
    let untilMs = nowMs + SWEEP_MS;
    try {
      for (const session of await dueSessions(store.read, nowMs, BATCH)) this.#ring(session);
      untilMs = Math.min(untilMs, (await nextDueAfter(store.read, nowMs)) ?? untilMs);
    } catch (error) {
      log.error('sweep of the due index', { error: String(error) });
    }
    this.#set(untilMs);
  }

  /** An entry was written for this time: the timer must not sleep past it. */
  noLaterThan(atMs: number): void {
    this.#set(atMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #set(atMs: number): void {
    // The earlier one stays: it looks again when it fires.
    if (this.#stopped || this.#atMs <= atMs) return;
    this.#cancel?.();
    this.#atMs = atMs;
    const waitMs = Math.max(1, atMs - this.#deps.clock.now());
    this.#cancel = this.#deps.clock.after(waitMs, () => {
      this.#atMs = Number.POSITIVE_INFINITY;
      void this.start();
    });
  }
}
