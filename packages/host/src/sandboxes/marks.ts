/**
 * Finding what a dead host left running, by its mark. How a process shows its mark is the runtime's business.
 */

import { endAll, KILL_PATIENCE_MS, SandboxNotGone } from './ending.ts';
import type { Leftover } from './port.ts';
import { identify, isRunning, type ProcessId, scan, strike } from './processes.ts';

export interface Marked {
  readonly id: ProcessId;
  readonly mark: string;
}

/** All processes for which `markOf` tells a mark. The mark belongs to the process named: it lived before and after. */
export function scanMarked(markOf: (pid: number) => Promise<string | null>): Promise<Marked[]> {
  return scan(async (pid) => {
    const id = await identify(pid);
    if (id === null) return null;
    const mark = await markOf(pid);
    return mark !== null && (await isRunning(id)) ? { id, mark } : null;
  });
}

/** One leftover per mark. Its kill ends the processes found, then looks for the mark again until nobody has it. */
export function leftoversOf(
  found: readonly Marked[],
  find: (mark: string) => Promise<readonly ProcessId[]>,
): Leftover[] {
  return [...Map.groupBy(found, ({ mark }) => mark)].map(([mark, members]) => ({
    mark,
    async kill() {
      const left = async () => {
        const alive = await Promise.all(members.map(({ id }) => isRunning(id)));
        // Ask for the mark only once the known ones are gone: that question costs a walk through /proc.
        return alive.includes(true) ? members.map(({ id }) => id) : find(mark);
      };
      if (!(await endAll(left, strike, KILL_PATIENCE_MS))) throw new SandboxNotGone(mark);
    },
  }));
}
