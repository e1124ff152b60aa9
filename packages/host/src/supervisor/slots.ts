/**
 * Admission: at most N sandboxes run at once. Who finds no place waits in line, first come first served, and costs no
 * try (design.md §4).
 *
 * A place that becomes free is reserved for the head of the line until it takes it, or gives it back because it has no
 * use for it any more: so nobody passes it, and no place stays empty while somebody waits.
 */
import type { SessionId } from '../types.ts';

export class Slots {
  readonly #max: number;
  readonly #taken = new Set<SessionId>();
  readonly #reserved = new Set<SessionId>();
  readonly #line = new Set<SessionId>();

  constructor(max: number) {
    this.#max = max;
  }

  /** True when the session has a place now; otherwise it stands in line. */
  take(session: SessionId): boolean {
    if (this.#taken.has(session)) return true;
    const isFull = this.#taken.size + this.#reserved.size >= this.#max;
    if (isFull && !this.#reserved.has(session)) {
      this.#line.add(session);
      return false;
    }
    this.#reserved.delete(session);
    this.#line.delete(session);
    this.#taken.add(session);
    return true;
  }

  /** It runs already, whatever the limit is now. */
  hold(session: SessionId): void {
    this.#taken.add(session);
  }

  /**
   * Gives back what the session holds, or its place in line. Returns who has a place reserved now, to be told; null
   * when nobody has.
   */
  free(session: SessionId): SessionId | null {
    this.#line.delete(session);
    const held = this.#taken.delete(session) || this.#reserved.delete(session);
    const [next] = this.#line;
    if (!held || !next) return null;
    this.#line.delete(next);
    this.#reserved.add(next);
    return next;
  }

  /** True for a session that waits, or for which a place is kept. */
  concerns(session: SessionId): boolean {
    return this.#line.has(session) || this.#reserved.has(session);
  }

  get waiting(): number {
    return this.#line.size;
  }
}
