/**
 * `bench overhead`: what Bellhop adds to a turn of an agent, and what it costs at rest. The harness answers at once, so
 * all of the time is ours.
 *
 * The data lies beside the user's own data folder, on the same disk, and is removed at the end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { SandboxUnavailable } from '../../packages/host/src/sandboxes/index.ts';
import { type Measured, percentile } from '../report.ts';
import { measureAtRest } from './at-rest.ts';
import { measureCold } from './cold.ts';
import { createFloor } from './floor.ts';
import { type BenchSandbox, openHouse } from './house.ts';
import { type Counted, measureWarm, sum, type Warm } from './warm.ts';

/** For the sandbox that is to fall asleep between two messages. */
const SHORT_IDLE_MS = 20;

export const overhead = {
  about: 'what a message costs beside the model: warm, cold, start, memory, CPU at rest',
  async run(say: (line: string) => void) {
    // As `up` does: nobody else reads what a sandbox's group may read.
    process.umask(0o027);
    const beside = process.env.BELLHOP_DATA ?? join(homedir(), '.bellhop');
    const dir = await mkdtemp(join(dirname(beside), '.bellhop-bench-'));
    try {
      return await measure(dir, say);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};

/** p50 of a cold start; warm has the same target whatever the sandbox, as it is off the way of a message. */
const COLD_MS: Readonly<Record<BenchSandbox, number>> = { bwrap: 150, docker: 450 };

interface Found {
  readonly measured: readonly Measured[];
  readonly notes: readonly string[];
}

async function measure(dir: string, say: (line: string) => void): Promise<Found> {
  const bwrap = await measureMessages('bwrap', dir, say);
  const docker = await measureMessages('docker', dir, say).catch((error: unknown): Found => {
    if (!(error instanceof SandboxUnavailable)) throw error;
    return { measured: [], notes: [`docker was not measured: ${error.message}`] };
  });
  say('starts …');
  const rest = await measureAtRest(join(dir, 'rest'), say);
  const measured: Measured[] = [
    ...bwrap.measured,
    ...docker.measured,
    { name: 'ready', unit: 's', samples: rest.ready, limits: { p50: 0.5 } },
    { name: 'rss.host', unit: 'MiB', samples: rest.rssHost, limits: { p50: 80 } },
    { name: 'rss.runner', unit: 'MiB', samples: rest.rssRunner, limits: { p50: 60 } },
    { name: 'cpu.idle', unit: '%', samples: rest.cpuHost, limits: { p50: 0.2 } },
    { name: 'cpu.idle.runner', unit: '%', samples: rest.cpuRunner, limits: { p50: 0.2 } },
  ];
  return { measured, notes: [...bwrap.notes, ...docker.notes] };
}

async function measureMessages(
  sandbox: BenchSandbox,
  dir: string,
  say: (line: string) => void,
): Promise<Found> {
  const data = join(dir, sandbox);
  const warmHouse = await openHouse(sandbox, data);
  const floor = createFloor(join(dir, `floor-${sandbox}`));
  say(`warm, ${sandbox} …`);
  const warm = await measureWarm(warmHouse, floor);
  await warmHouse.stop();
  floor.close();
  say(`cold, ${sandbox} …`);
  const coldHouse = await openHouse(sandbox, data, SHORT_IDLE_MS);
  const cold = await measureCold(coldHouse);
  await coldHouse.stop();
  const measured: Measured[] = [
    {
      name: `warm.${sandbox}`,
      unit: 'ms',
      samples: warm.ms,
      floor: percentile(floor.opened, 50),
      limits: { p50: 7, p95: 18, floors: 2 },
    },
    { name: `cold.${sandbox}`, unit: 'ms', samples: cold.ms, limits: { p50: COLD_MS[sandbox] } },
  ];
  // Commits do not depend on what the runner runs in.
  if (sandbox === 'bwrap') {
    const untilSend = warm.commits.map((c) => sum(c.untilSend));
    measured.push({ name: 'warm.commits', unit: 'commits', samples: untilSend, limits: { p50: 9 } });
  }
  return { measured, notes: warmNotes(sandbox, warm, floor.kept) };
}

function warmNotes(sandbox: BenchSandbox, warm: Warm, kept: readonly number[]): string[] {
  const [one] = warm.commits;
  const ms = (samples: readonly number[]) => percentile(samples, 50).toFixed(2);
  const words = (c: Counted) => `store ${c.store}, inbound ${c.inbound}, outbound ${c.outbound}`;
  return [
    `warm.${sandbox}: accept to claim ${ms(warm.claimMs)} ms, claim to send ${ms(warm.answerMs)} ms (p50)`,
    ...(one ? [`commits of a message: until send ${words(one.untilSend)}; in all ${words(one.inAll)}`] : []),
    `a lower floor, with the store's two commits on an open WAL handle: ${ms(kept)} ms (p50)`,
  ];
}
