/**
 * The floor of a delay of the event loop: that of a process which does nothing, measured at the same time. What the
 * machine does to both, it does to both.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

export const IDLE_LOOP = 'an idle loop';
export const WATCHED_PERCENT = 99.9;

const CHILD = fileURLToPath(new URL('./loop-watch.ts', import.meta.url));

export interface LoopWatch {
  /** p99.9 of each span, in milliseconds: of this process, and of the idle one meanwhile. */
  readonly own: number[];
  readonly idle: number[];
  /** Watches while `work` runs: one more sample of both. */
  during<T>(work: () => Promise<T>): Promise<T>;
  close(): void;
}

export function watchLoop(): LoopWatch {
  const child = fork(CHILD);
  const own: number[] = [];
  const idle: number[] = [];
  const answer = async (word: 'begin' | 'end'): Promise<unknown> => {
    child.send(word);
    const [said] = await once(child, 'message');
    return said;
  };
  return {
    own,
    idle,
    async during(work) {
      await answer('begin');
      const loop = monitorEventLoopDelay({ resolution: 1 });
      loop.enable();
      const result = await work();
      loop.disable();
      own.push(loop.percentile(WATCHED_PERCENT) / 1e6);
      idle.push(Number(await answer('end')));
      return result;
    },
    close: () => child.kill(),
  };
}
