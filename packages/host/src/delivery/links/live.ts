/**
 * The guard over text that is still being written. It is passed on as it comes, for as long as the link that is being
 * written carries no more than a whole one may; from there on the rest of that link is kept back, and its whole is seen,
 * made inert, with the message itself. So a link cut in pieces gets no further than one that comes whole. Stricter than the
 * guard over a message: here no host is allowed.
 */
import { guardLinks, MAX_OPAQUE_IN_ALL, opaqueIn } from './guard.ts';

/** Of one piece without white space, in characters: looking at it again for each frame costs by its length. */
const MAX_CHUNK = 4_000;
const PARTS = /([\s--\ufeff]+)/v;
/** In brackets like these a link may hold white space. */
const OPEN = /<[^<>]*[.:&\\][^<>]*$/;
const KEPT_BACK = ' […]';

export class LiveGuard {
  #turn = '';
  /** What has been shown since the last white space. */
  #chunk = '';
  /** The rest of this chunk is kept back. */
  #isCut = false;
  /** What all links of this turn carried so far. */
  #carried = 0;

  /**
   * The part of it that may be shown; '' for none.
   * @param isAnew in place of what was shown. What its links carried has been seen, and counts.
   */
  push(turn: string, text: string, isAnew = false): string {
    if (isAnew && turn === this.#turn) this.#next();
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#begin();
      this.#carried = 0;
    }
    return text
      .split(PARTS)
      .map((part, n) => (n % 2 === 1 ? this.#space(part) : this.#word(part)))
      .join('');
  }

  #space(part: string): string {
    if (OPEN.test(this.#chunk)) return this.#word(part);
    this.#next();
    return part;
  }

  #next(): void {
    this.#carried += opaqueIn(this.#chunk);
    this.#begin();
  }

  #word(part: string): string {
    if (this.#isCut || part === '') return '';
    const chunk = this.#chunk + part;
    const isTooLong = chunk.length > MAX_CHUNK && /[.:&\\]/.test(chunk);
    const whole = OPEN.test(chunk) ? `${chunk}>` : chunk;
    if (isTooLong || this.#carried + opaqueIn(whole) > MAX_OPAQUE_IN_ALL || isHeld(whole)) {
      this.#isCut = true;
      return KEPT_BACK;
    }
    this.#chunk = chunk.slice(-MAX_CHUNK);
    return part;
  }

  #begin(): void {
    this.#chunk = '';
    this.#isCut = false;
  }
}

function isHeld(chunk: string): boolean {
  return guardLinks(chunk, () => false).held.length > 0;
}
