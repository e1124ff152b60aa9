/** crowd.*: 100,000 sessions that sleep. A sweep of the ten that are due, the start, memory and CPU at rest. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FIVE_COMMITS, openBareCommits } from '../floors/commits.ts';
import { cpuPerMinute, rssMib } from '../host/processes.ts';
import { startUp } from '../host/up.ts';
import { cpuFloor, startsOf } from '../overhead/at-rest.ts';
import type { Measured } from '../report.ts';
import { makeCrowd } from './crowd.ts';
import { measureSweep } from './sweep.ts';

const SESSIONS = 100_000;
/** With as many due as among the many. */
const FEW = 100;
const SWEEPS = 15;
const STARTS = 7;
const REST_MS = 10_000;
const WINDOW_MS = 30_000;
const DAY_MS = 24 * 3_600_000;

/** @param manyDir, fewDir that are not there yet. */
export async function measureSleeping(
  manyDir: string,
  fewDir: string,
  say: (line: string) => void,
): Promise<Measured[]> {
  const dueMs = Date.now() + DAY_MS;
  say(`making ${SESSIONS} sessions …`);
  for (const dir of [manyDir, fewDir]) await (await startUp(dir)).stop();
  const many = await makeCrowd(manyDir, SESSIONS, dueMs);
  const few = await makeCrowd(fewDir, FEW, dueMs);
  say('sweeps, starts …');
  const commits = openBareCommits(join(fewDir, 'floor'));
  const manyMs: number[] = [];
  const fewMs: number[] = [];
  for (let n = 0; n < SWEEPS; n += 1) {
    commits.sample();
    fewMs.push(await measureSweep(fewDir, few.due, dueMs));
    manyMs.push(await measureSweep(manyDir, many.due, dueMs));
  }
  commits.close();
  const sweep = { unit: 'ms', samples: manyMs } as const;
  const bare = { what: FIVE_COMMITS, samples: commits.opened };
  const small = { what: `the same among ${FEW}`, samples: fewMs };
  return [
    { name: 'crowd.sweep', ...sweep, floor: bare, limit: { times: 4 } },
    { name: 'crowd.sweep.growth', ...sweep, floor: small, limit: { times: 2 } },
    { name: 'crowd.ready', ...(await startsOf(manyDir, STARTS)), limit: { times: 8 } },
    ...(await measureIdle(manyDir, say)),
  ];
}

async function measureIdle(dataDir: string, say: (line: string) => void): Promise<Measured[]> {
  say('idle …');
  const up = await startUp(dataDir);
  try {
    await delay(REST_MS);
    const samples = await cpuPerMinute([[up.pid]], WINDOW_MS);
    // Most of it is housekeeping, which looks into a few mailboxes a second.
    return [
      { name: 'crowd.rss', unit: 'MiB', samples: [rssMib(up.pid)], limit: { most: 250 } },
      { name: 'crowd.cpu.idle', unit: 'ms', samples, floor: await cpuFloor(), limit: { times: 12 } },
    ];
  } finally {
    await up.stop();
  }
}
