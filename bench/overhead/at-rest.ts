/**
 * ready, rss.host, rss.runner, cpu.idle: what `./bellhop up` costs on a second start, with nobody talking.
 *
 * Memory and CPU are read while an idle sandbox with the demo harness is awake, after one message: that is what a host
 * at rest looks like for the ten minutes before it is stopped, and costs more than one without.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs, findRunner, rssMib } from './processes.ts';
import { startUp } from './up.ts';

const STARTS = 15;
/** After the message: the last timers of its turn have run. */
const REST_MS = 5_000;
const WINDOW_MS = 20_000;
const WINDOWS = 3;

export interface AtRest {
  /** Seconds. */
  readonly ready: readonly number[];
  /** MiB. */
  readonly rssHost: readonly number[];
  readonly rssRunner: readonly number[];
  /** Percent of a core. */
  readonly cpuHost: readonly number[];
  readonly cpuRunner: readonly number[];
}

/** @param dataDir one that is not there yet. */
export async function measureAtRest(dataDir: string, say: (line: string) => void): Promise<AtRest> {
  const first = await startUp(dataDir);
  await first.ask('help');
  await first.stop();
  const ready: number[] = [];
  for (let i = 0; i < STARTS; i += 1) {
    const up = await startUp(dataDir);
    ready.push(up.readyMs / 1_000);
    await up.stop();
  }
  say(`idle for ${(WINDOWS * WINDOW_MS) / 1_000} s …`);
  return { ready, ...(await measureIdle(dataDir)) };
}

async function measureIdle(dataDir: string): Promise<Omit<AtRest, 'ready'>> {
  const up = await startUp(dataDir);
  try {
    const runner = findRunner(await up.ask('help'));
    await delay(REST_MS);
    const idle = { rssHost: [], rssRunner: [], cpuHost: [], cpuRunner: [] } as Record<
      keyof Omit<AtRest, 'ready'>,
      number[]
    >;
    for (let i = 0; i < WINDOWS; i += 1) {
      const from = { at: performance.now(), host: cpuMs(up.pid), runner: cpuMs(runner) };
      await delay(WINDOW_MS);
      const elapsed = performance.now() - from.at;
      idle.cpuHost.push(((cpuMs(up.pid) - from.host) / elapsed) * 100);
      idle.cpuRunner.push(((cpuMs(runner) - from.runner) / elapsed) * 100);
      idle.rssHost.push(rssMib(up.pid));
      idle.rssRunner.push(rssMib(runner));
    }
    return idle;
  } finally {
    await up.stop();
  }
}
