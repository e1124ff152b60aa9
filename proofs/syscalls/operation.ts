/**
 * One step of a message's life, as the product's own code does it, in a form that can die at any of its system calls.
 *
 * `prepare` leaves a folder as it is before the step. `act` is the step: it runs in a process of its own, which is killed
 * in it, and then once more, as the next host or the next runner would. `check` throws unless the right end is reached.
 */
export interface Operation {
  readonly name: string;
  prepare(dir: string): Promise<void>;
  /** @param life 1 for the process that dies, 2 for the one after it. */
  act(dir: string, life: number): Promise<void>;
  check(dir: string): Promise<void>;
}

/** All times of the proof, in milliseconds: nothing here depends on when it runs. */
export const NOW_MS = Date.parse('2026-03-01T12:00:00.000Z');
