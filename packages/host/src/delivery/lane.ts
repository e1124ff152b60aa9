/**
 * One lane per chat and thread: what is in it goes out one after the other, and a lane that is slow or broken holds up
 * no other (D5). A delivery that must wait holds back what comes behind it, because order is a promise (D7).
 */
import type { Delivery } from '../store/deliveries.ts';
import type { Clock } from '../types.ts';

export type AttemptEnd = { readonly kind: 'ended' } | { readonly kind: 'again'; readonly dueMs: number };

interface Waiting {
  readonly delivery: Delivery;
  readonly settled: () => void;
}

export class Lane {
  readonly #attempt: (delivery: Delivery) => Promise<AttemptEnd>;
  readonly #clock: Clock;
  readonly #queue: Waiting[] = [];
  #busy = false;
  #cancelTimer: (() => void) | null = null;
  #stopped = false;

  /** @param attempt must not reject; it makes one attempt of a delivery and records its end. */
  constructor(attempt: (delivery: Delivery) => Promise<AttemptEnd>, clock: Clock) {
    this.#attempt = attempt;
    this.#clock = clock;
  }

  /** Resolves when the delivery has ended, or has been put off. */
  add(delivery: Delivery): Promise<void> {
    return new Promise((settled) => {
      this.#queue.push({ delivery, settled });
      void this.#run();
    });
  }

  get empty(): boolean {
    return this.#queue.length === 0 && !this.#busy;
  }

  /** No further attempt is begun; the running one ends by itself. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    for (const waiting of this.#queue) waiting.settled();
  }

  async #run(): Promise<void> {
    if (this.#busy || this.#cancelTimer) return;
    this.#busy = true;
    for (let head = this.#queue[0]; head && !this.#stopped; head = this.#queue[0]) {
      const waitMs = head.delivery.dueMs - this.#clock.now();
      const end: AttemptEnd =
        waitMs > 0 ? { kind: 'again', dueMs: head.delivery.dueMs } : await this.#attempt(head.delivery);
      head.settled();
      if (end.kind === 'again') {
        this.#queue[0] = { ...head, delivery: { ...head.delivery, dueMs: end.dueMs } };
        this.#waitUntil(end.dueMs);
        break;
      }
      this.#queue.shift();
    }
    this.#busy = false;
  }

  #waitUntil(dueMs: number): void {
    if (this.#stopped) return;
    this.#cancelTimer = this.#clock.after(Math.max(0, dueMs - this.#clock.now()), () => {
      this.#cancelTimer = null;
      void this.#run();
    });
  }
}
