/**
 * Waiting for an effect of real files, real sockets and real processes: the condition is looked at again and again, so
 * that nothing depends on how fast a machine is. The patience only gives a test that would otherwise hang its failure
 * and its name: it is far longer than a machine that is ten times slower needs for any single step.
 */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

/** A run that breaks guards on purpose, and sees many waits that never come true, sets a shorter one. */
export const PATIENCE_MS = Number(process.env.BELLHOP_TEST_PATIENCE_MS ?? 300_000);
/** What is a matter of turns is there after so many, and at once; what takes longer must not cost a core. */
const TURNS = 100;
const TURNS_MS = 10;
const FIRST_PAUSE_MS = 2;
const LAST_PAUSE_MS = 15;

/** The first answer that is neither null, undefined nor false. */
export async function until<T>(
  what: string,
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
): Promise<T> {
  const startedMs = performance.now();
  for (let looks = 0; ; looks += 1) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    const waitedMs = performance.now() - startedMs;
    if (waitedMs > PATIENCE_MS) assert.fail(`never came true: ${what}`);
    const pauseMs = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS + Math.floor(looks / TURNS));
    await (looks < TURNS && waitedMs < TURNS_MS ? nextTurn() : pause(pauseMs));
  }
}

/** Lets everything run that is ready to: for asserting that nothing more happens. */
export async function settle(turns = 50): Promise<void> {
  for (let n = 0; n < turns; n += 1) await nextTurn();
}
