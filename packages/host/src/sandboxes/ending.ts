/**
 * Stop means stop: kill what is left, and believe it only when whoever knows (/proc, an engine) says so.
 *
 * One loop serves every end there is (a kill, an exit that leaves daemons behind, a start that failed half-way, the
 * leftovers of a dead host). It asks again after every blow, because a process may fork between the look and the blow.
 * A look that fails (no descriptors left) counts as "still running": the loop never reports an end that it did not see.
 */

import { setTimeout as pause } from 'node:timers/promises';

/** How long a kill may take before it is reported as failed; a process in uninterruptible sleep can need longer. */
export const KILL_PATIENCE_MS = 30_000;

/** The same where an engine does it: on a busy machine `docker kill` and the removal behind it took more than 5 s. */
export const ENGINE_PATIENCE_MS = 60_000;

const LONGEST_PAUSE_MS = 500;

/** It did not end within the patience that it was given. The generation must not be replaced; ask again later. */
export class SandboxNotGone extends Error {
  override readonly name = 'SandboxNotGone';
  readonly hint: string;
  constructor(mark: string, look = `ps -eo pid,stat,wchan:20,args | grep -F '${mark}'`) {
    super(`kill ${mark}: something of it still runs after SIGKILL`);
    this.hint = `Look at it with: ${look}`;
  }
}

/** Strikes what `left` finds until it finds nothing. False when that took longer than `patienceMs`. */
export async function endAll<One>(
  left: () => Promise<readonly One[]>,
  strike: (one: One) => Promise<void>,
  patienceMs: number = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const begun = performance.now();
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    if (await struckNothing(left, strike)) return true;
    if (performance.now() - begun > patienceMs) return false;
    await pause(pauseMs);
  }
}

async function struckNothing<One>(
  left: () => Promise<readonly One[]>,
  strike: (one: One) => Promise<void>,
): Promise<boolean> {
  try {
    const running = await left();
    await Promise.all(running.map(strike));
    return running.length === 0;
  } catch {
    return false; // Unknown is not gone: /proc could not be read, an engine did not answer, a signal was refused. The loop's patience decides.
  }
}
