/** How long to wait before the n-th try again (from 0); jitter in 0..1 keeps many pages from coming back at once. */
const FIRST_MS = 250;
const LAST_MS = 15_000;

export function backoffMs(tries: number, jitter: number): number {
  return Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(tries, 10)) * (0.75 + jitter / 2);
}
