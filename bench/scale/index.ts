/**
 * `bench scale`: what many sessions cost. 100,000 that sleep, 50 that are awake and idle, 1,000 messages at once.
 *
 * The data lies beside the user's own data folder, on the same disk, and is removed at the end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs, findRunner, rssMib } from '../overhead/processes.ts';
import { startUp, type Up } from '../overhead/up.ts';
import type { Measured } from '../report.ts';
import { makeCrowd } from './crowd.ts';
import { openHouse } from './house.ts';
import { measureSweep } from './sweep.ts';
import { measureBurst, measureTraffic, type Traffic } from './traffic.ts';

const SESSIONS = 100_000;
const AWAKE = 50;
const ROUNDS = 5;
const REST_MS = 10_000;
const WINDOW_MS = 20_000;
const WINDOWS = 3;
const HOUR_MS = 3_600_000;

export const scale = {
  about: '100,000 sleeping sessions, 50 idle ones, 1,000 messages at once',
  async run(say: (line: string) => void) {
    process.umask(0o027);
    const beside = process.env.BELLHOP_DATA ?? join(homedir(), '.bellhop');
    const dir = await mkdtemp(join(dirname(beside), '.bellhop-scale-'));
    try {
      const measured = [
        ...(await traffic(dir, say)),
        ...(await idlers(dir, say)),
        ...(await crowd(dir, say)),
      ];
      return { measured, notes: [] };
    } finally {
      say('removing …');
      await rm(dir, { recursive: true, force: true });
    }
  },
};

async function traffic(dir: string, say: (line: string) => void): Promise<Measured[]> {
  say('1,000 messages over 20 sessions …');
  const runs: Traffic[] = [];
  const burst: number[] = [];
  const house = await openHouse(join(dir, 'a'), { maxAwake: 30 });
  for (let n = 0; n < ROUNDS; n += 1) runs.push(await measureTraffic(house));
  for (let n = 0; n < ROUNDS; n += 1) burst.push(await measureBurst(house));
  await house.stop();
  return [
    // A rate has a least value; the table knows greatest ones, so it is told as the time per reply.
    {
      name: 'traffic.reply',
      unit: 'ms',
      samples: runs.map((r) => 1_000 / r.repliesPerSecond),
      limits: { p50: 10 },
    },
    { name: 'traffic.bystander', unit: 'ms', samples: runs.map((r) => r.bystanderMs), limits: { p50: 300 } },
    { name: 'traffic.loop.p99.9', unit: 'ms', samples: runs.map((r) => r.loopDelayMs), limits: { p50: 50 } },
    { name: 'burst.25', unit: 'ms', samples: burst, limits: { p50: 1_000 } },
  ];
}

async function idlers(dir: string, say: (line: string) => void): Promise<Measured[]> {
  say(`${AWAKE} awake and idle …`);
  const up = await startUp(join(dir, 'b'), {}, { maxAwake: AWAKE + 2, idleStopMs: HOUR_MS });
  try {
    const runners: number[] = [];
    for (let n = 0; n < AWAKE; n += 1) runners.push(findRunner(await up.ask('help', `t${n}`)));
    await delay(REST_MS);
    const samples = await shareOfCore(up, runners);
    return [{ name: 'idle.50.all', unit: '%', samples, limits: { p50: 2 } }];
  } finally {
    await up.stop();
  }
}

async function crowd(dir: string, say: (line: string) => void): Promise<Measured[]> {
  const dataDir = join(dir, 'c');
  await (await startUp(dataDir)).stop();
  say(`making ${SESSIONS} sessions …`);
  const dueMs = Date.now() + 24 * HOUR_MS;
  const { due } = await makeCrowd(dataDir, SESSIONS, dueMs);
  const sweeps: number[] = [];
  for (let n = 0; n < ROUNDS; n += 1) sweeps.push(await measureSweep(dataDir, due, dueMs));
  say('starts, then idle …');
  const ready: number[] = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    const up = await startUp(dataDir);
    ready.push(up.readyMs / 1_000);
    await up.stop();
  }
  const up = await startUp(dataDir);
  try {
    await delay(REST_MS);
    const cpu = await shareOfCore(up, []);
    return [
      { name: 'crowd.sweep', unit: 'ms', samples: sweeps, limits: { p50: 20 } },
      { name: 'crowd.ready', unit: 's', samples: ready, limits: { p50: 3 } },
      { name: 'crowd.rss', unit: 'MiB', samples: [rssMib(up.pid)], limits: { p50: 250 } },
      { name: 'crowd.cpu.idle', unit: '%', samples: cpu, limits: { p50: 0.5 } },
    ];
  } finally {
    await up.stop();
  }
}

/** Percent of one core, the host and these processes together. */
async function shareOfCore(up: Up, others: readonly number[]): Promise<number[]> {
  const samples: number[] = [];
  const used = () => [up.pid, ...others].reduce((sum, pid) => sum + cpuMs(pid), 0);
  for (let n = 0; n < WINDOWS; n += 1) {
    const from = { atMs: performance.now(), cpu: used() };
    await delay(WINDOW_MS);
    samples.push(((used() - from.cpu) / (performance.now() - from.atMs)) * 100);
  }
  return samples;
}
