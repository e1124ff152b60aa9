/**
 * A clock that a test moves. Calls that are due run in the order of their times, one advance at a time; nothing runs
 * by itself. It does not wait for what those calls start: tests wait for effects (until.ts).
 */
import type { Clock } from '../src/types.ts';

interface Waiting {
  readonly atMs: number;
  readonly call: () => void;
}

export const START_MS = Date.parse('2026-06-01T12:00:00Z');

export class FakeClock implements Clock {
  #nowMs = START_MS;
  readonly #waiting = new Set<Waiting>();

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, call: () => void): () => void {
    const waiting = { atMs: this.#nowMs + ms, call };
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  }

  /** Timers that are set and neither called nor cancelled. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** True when a timer is set for this very moment. */
  isSetFor(atMs: number): boolean {
    return [...this.#waiting].some((waiting) => waiting.atMs === atMs);
  }

  /** When the next timer is due, from now; null when none is set. */
  get nextInMs(): number | null {
    const first = this.#first();
    return first ? first.atMs - this.#nowMs : null;
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let next = this.#first(); next && next.atMs <= untilMs; next = this.#first()) {
      this.#waiting.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.call();
    }
    this.#nowMs = untilMs;
  }

  #first(): Waiting | undefined {
    return [...this.#waiting].sort((a, b) => a.atMs - b.atMs)[0];
  }
}
