/**
 * Waiting for an effect of real files and real sockets: the condition is looked at again and again, so that nothing
 * depends on how fast a machine is. The limit only ends a test that would otherwise hang.
 */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

const LIMIT_MS = 10_000;
/** What is a matter of turns is there after so many; what takes longer must not cost a core. */
const TURNS = 100;
const LOOK_EVERY_MS = 2;

export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  for (let looks = 0; !(await condition()); looks += 1) {
    if (performance.now() > deadline) assert.fail(`never came true: ${what}`);
    await (looks < TURNS ? nextTurn() : pause(LOOK_EVERY_MS));
  }
}

/** Lets everything run that is ready to: for asserting that nothing more happens. */
export async function settle(turns = 50): Promise<void> {
  for (let n = 0; n < turns; n += 1) await nextTurn();
}
