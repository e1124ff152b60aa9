/**
 * ready, status, rss.*, cpu.idle*: what `./bellhop up` costs on a second start, with nobody talking.
 *
 * Memory and CPU are read while an idle sandbox with the demo harness is awake, after one message: that is what a host
 * at rest looks like for the ten minutes before it is stopped, and costs more than one without.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NODE, NODE_CPU, nodeCpuMs, timeNode, timeProgram } from '../floors/programs.ts';
import { cpuPerMinute, findRunner, rssMib } from '../host/processes.ts';
import { ROOT, startUp, type Up } from '../host/up.ts';
import type { Measured } from '../report.ts';

const STARTS = 20;
const ASKED = 30;
const CPU_FLOORS = 15;
/** After the message: the last timers of its turn have run. */
const REST_MS = 5_000;
const WINDOW_MS = 60_000;

/** @param dataDir one that is not there yet. */
export async function measureAtRest(dataDir: string, say: (line: string) => void): Promise<Measured[]> {
  say('starts …');
  const first = await startUp(dataDir);
  await first.ask('help');
  await first.stop();
  const ready: Measured = { ...(await startsOf(dataDir, STARTS)), name: 'ready', limit: { times: 8 } };
  const up = await startUp(dataDir);
  try {
    const runner = findRunner(await up.ask('help'));
    say('status …');
    const status = await measureStatus(dataDir);
    say(`idle for ${WINDOW_MS / 1_000} s …`);
    return [ready, status, ...(await measureIdle(up, runner))];
  } finally {
    await up.stop();
  }
}

/** From the spawn of the launcher to the ready line, each with a bare Node before it. */
export async function startsOf(dataDir: string, starts: number) {
  const samples: number[] = [];
  const floor: number[] = [];
  for (let i = 0; i < starts; i += 1) {
    floor.push(await timeNode());
    const up = await startUp(dataDir);
    samples.push(up.readyMs);
    await up.stop();
  }
  return { unit: 'ms', samples, floor: { what: NODE, samples: floor } } as const;
}

async function measureStatus(dataDir: string): Promise<Measured> {
  const samples: number[] = [];
  const floor: number[] = [];
  for (let i = 0; i < ASKED; i += 1) {
    floor.push(await timeNode());
    samples.push(await timeProgram(join(ROOT, 'bellhop'), ['status', '--data', dataDir]));
  }
  return {
    name: 'status',
    unit: 'ms',
    samples,
    floor: { what: NODE, samples: floor },
    limit: { times: 2.5 },
  };
}

async function measureIdle(up: Up, runner: number): Promise<Measured[]> {
  await delay(REST_MS);
  const [host, inside] = await cpuPerMinute([[up.pid], [runner]], WINDOW_MS);
  const floor = await cpuFloor();
  return [
    { name: 'cpu.idle', unit: 'ms', samples: [host ?? NaN], floor, limit: { times: 2 } },
    { name: 'cpu.idle.runner', unit: 'ms', samples: [inside ?? NaN], floor, limit: { times: 2 } },
    { name: 'rss.host', unit: 'MiB', samples: [rssMib(up.pid)], limit: { most: 110 } },
    { name: 'rss.runner', unit: 'MiB', samples: [rssMib(runner)], limit: { most: 60 } },
  ];
}

/** What an idle minute is compared with. */
export async function cpuFloor() {
  const samples: number[] = [];
  for (let i = 0; i < CPU_FLOORS; i += 1) samples.push(await nodeCpuMs());
  return { what: NODE_CPU, samples };
}
