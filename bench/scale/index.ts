/** `bench scale`: what many sessions cost. 1,000 messages at once, 50 that are awake and idle, 100,000 that sleep. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../command.ts';
import { withDataDir } from '../data-dir.ts';
import { cpuPerMinute, findRunner } from '../host/processes.ts';
import { startUp } from '../host/up.ts';
import { cpuFloor } from '../overhead/at-rest.ts';
import type { Measured } from '../report.ts';
import { measureSleeping } from './sleeping.ts';
import { measureManyAtOnce } from './traffic.ts';

const AWAKE = 50;
const REST_MS = 10_000;
const WINDOW_MS = 30_000;
const HOUR_MS = 3_600_000;

export const scale: Bench = {
  about: '100,000 sleeping sessions, 50 idle ones, 1,000 messages at once',
  run: (say) =>
    withDataDir(async (dir) => {
      say('1,000 messages over 20 sessions …');
      const atOnce = await measureManyAtOnce(join(dir, 'a'), join(dir, 'floor'));
      say(`${AWAKE} awake and idle …`);
      const idle = await measureAwake(join(dir, 'b'));
      const sleeping = await measureSleeping(join(dir, 'c'), join(dir, 'd'), say);
      say('removing …');
      return { measured: [...atOnce, idle, ...sleeping], notes: [] };
    }),
};

async function measureAwake(dataDir: string): Promise<Measured> {
  const up = await startUp(dataDir, {}, { maxAwake: AWAKE + 2, idleStopMs: HOUR_MS });
  try {
    const runners: number[] = [];
    for (let n = 0; n < AWAKE; n += 1) runners.push(findRunner(await up.ask('help', `t${n}`)));
    await delay(REST_MS);
    const samples = await cpuPerMinute([[up.pid, ...runners]], WINDOW_MS);
    return { name: 'idle.50.all', unit: 'ms', samples, floor: await cpuFloor(), limit: { times: 50 } };
  } finally {
    await up.stop();
  }
}
