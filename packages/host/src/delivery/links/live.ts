/**
 * The guard over text that is still being written. What comes is passed on up to the last white space; the chunk behind it
 * is kept back until it is whole, since a link cut in two is two harmless halves. What is never finished is seen with the
 * message itself. Stricter than the guard over a message: here no host is allowed.
 */
import { guardLinks } from './guard.ts';

/** Kept back at most, in characters; by then it is a link that is made inert, or none. */
const MAX_KEPT = 2_000;
/** From the first character that a link can begin with. */
const TAIL = /[!-~][[^\s]\ufeff]*$/v;

export class LiveGuard {
  #turn = '';
  #kept = '';

  /** The part of it that may be shown now; '' for none. */
  push(turn: string, text: string): string {
    const all = (turn === this.#turn ? this.#kept : '') + text;
    this.#turn = turn;
    const kept = TAIL.exec(all)?.[0] ?? '';
    this.#kept = kept.length > MAX_KEPT ? '' : kept;
    return guardLinks(all.slice(0, all.length - this.#kept.length), () => false).text;
  }
}
