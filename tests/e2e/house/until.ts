/** For conditions that no event tells of (a process is gone, a row is there): look again until they hold. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 15;
/** Only so that a failure has a name: no test's result depends on it unless something never happens. */
export const PATIENCE_MS = 45_000;

/** The first answer that is neither null, undefined nor false. */
export async function until<T>(
  what: string,
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) assert.fail(`never happened: ${what}`);
    await pause(PAUSE_MS);
  }
}
