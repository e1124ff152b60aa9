/**
 * Waiting for an effect of real files and real sockets: the condition is looked at after every turn of the event loop,
 * so that nothing depends on how fast a machine is. The limit only ends a test that would otherwise hang.
 */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';

const LIMIT_MS = 10_000;

export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) assert.fail(`never came true: ${what}`);
    await nextTurn();
  }
}

/** Lets everything run that is ready to: for asserting that nothing more happens. */
export async function settle(turns = 50): Promise<void> {
  for (let n = 0; n < turns; n += 1) await nextTurn();
}
