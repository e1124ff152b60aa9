/**
 * What holds a bubblewrap sandbox within its limits: control groups where they can be written, and for memory the watch
 * where they cannot. What a process carries itself (longest file, number of processes) is set in arguments.ts.
 */

import { readFile } from 'node:fs/promises';
import { type Cgroups, findCgroups } from './cgroups.ts';
import type { SandboxLimits } from './port.ts';
import { type ProcessId, strike } from './processes.ts';
import { createUsageWatch } from './usage-watch.ts';

export interface Bounds {
  /** Before the start: the files into which its first process writes "0" (cgroups.ts). */
  prepare(mark: string, limits: SandboxLimits): Promise<readonly string[]>;
  /** It runs. Also for a sandbox that was taken over. */
  hold(mark: string, inner: ProcessId, memoryBytes: number): Promise<void>;
  /** It is gone: for which limit it was ended, in words, or null. Never rejects. */
  release(mark: string): Promise<string | null>;
  /** Removes what dead hosts left of ended sandboxes, of marks that begin so. */
  releaseLeft(prefix: string): Promise<void>;
  /** What cannot be bounded on this machine. */
  warnings(): Promise<readonly string[]>;
}

export function createBounds(cgroupRoot: string): Bounds {
  const watch = createUsageWatch();
  /** How to stop watching it. */
  const watched = new Map<string, () => void>();
  const ended = new Map<string, string>();
  let found: Promise<Cgroups> | null = null;
  // Without /proc (a Mac) there are no control groups either.
  const groups = () =>
    (found ??= readFile('/proc/self/cgroup', 'utf8')
      .catch(() => '')
      .then((self) => findCgroups(cgroupRoot, self)));

  return {
    prepare: async (mark, limits) => (await groups()).make(mark, limits),
    async hold(mark, inner, memoryBytes) {
      if ((await groups()).bounds.has('memory')) return;
      const over = (usedBytes: number) => {
        ended.set(mark, `it used ${mebibytes(usedBytes)} of memory, its limit is ${mebibytes(memoryBytes)}`);
        // One that cannot be killed now is struck again by whoever waits for its end.
        strike(inner).catch(() => undefined);
      };
      watched.set(mark, watch.add({ inner, memoryBytes, over }));
    },
    async release(mark) {
      watched.get(mark)?.();
      watched.delete(mark);
      const kills = await (await groups()).remove(mark);
      const why = ended.get(mark) ?? (kills > 0 ? 'it used all of its memory' : null);
      ended.delete(mark);
      return why;
    },
    releaseLeft: async (prefix) => (await groups()).removeLeft(prefix),
    async warnings() {
      const { bounds } = await groups();
      const missing: string[] = [];
      if (!bounds.has('cpu'))
        missing.push(
          'bubblewrap cannot bound the CPU of a sandbox here: an agent may slow this machine down.',
        );
      if (!bounds.has('memory'))
        missing.push(
          'bubblewrap bounds the memory of a sandbox by looking at it here: an agent may take more for a moment.',
        );
      return missing;
    },
  };
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
