/**
 * `bench overhead`: what Bellhop adds to a turn of an agent, and what it costs at rest. The harness answers at once, so
 * all of the time is ours.
 */
import { join } from 'node:path';
import { agentImage } from '../../packages/host/src/sandboxes/docker/image.ts';
import { SandboxUnavailable } from '../../packages/host/src/sandboxes/index.ts';
import type { Bench } from '../command.ts';
import { withDataDir } from '../data-dir.ts';
import { FIVE_COMMITS, openBareCommits } from '../floors/commits.ts';
import { ownNodeNotes } from '../floors/own-node.ts';
import { BWRAP_NODE, DOCKER_NODE, timeBwrapNode, timeDockerNode } from '../floors/programs.ts';
import { type BenchSandbox, INSTALL_ID } from '../host/open.ts';
import { type Measured, percentile } from '../report.ts';
import { measureAtRest } from './at-rest.ts';
import { measureCold } from './cold.ts';
import { openExchanges } from './exchange.ts';
import { type Counted, measureWarm, sum, type Warm } from './warm.ts';

/** For the sandbox that is to fall asleep between two messages. */
const SHORT_IDLE_MS = 20;

export const overhead: Bench = {
  about: 'what a message costs beside the model: warm, cold, start, memory, CPU at rest',
  run: (say) => withDataDir((dir) => measure(dir, say)),
};

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
  const rest = await measureAtRest(join(dir, 'rest'), say);
  const notes = [...bwrap.notes, ...docker.notes, ...(await ownNodeNotes(rest))];
  return { measured: [...bwrap.measured, ...docker.measured, ...rest], notes };
}

async function measureMessages(
  sandbox: BenchSandbox,
  dir: string,
  say: (line: string) => void,
): Promise<Found> {
  const { warm, floor, kept } = await warmOf(sandbox, dir, say);
  const measured: Measured[] = [
    {
      ...{ name: `warm.${sandbox}`, unit: 'ms', samples: warm.ms },
      ...{ floor: { what: FIVE_COMMITS, samples: floor }, limit: { times: 2, p95Times: 3 } },
    },
    await coldOf(sandbox, dir, say),
  ];
  // Commits do not depend on what the runner runs in.
  if (sandbox === 'bwrap') {
    const untilSend = warm.commits.map((c) => sum(c.untilSend));
    measured.push({ name: 'warm.commits', unit: 'commits', samples: untilSend, limit: { most: 9 } });
  }
  return { measured, notes: warmNotes(sandbox, warm, kept) };
}

async function warmOf(sandbox: BenchSandbox, dir: string, say: (line: string) => void) {
  say(`warm, ${sandbox} …`);
  const host = await openExchanges(sandbox, join(dir, sandbox));
  const commits = openBareCommits(join(dir, `floor-${sandbox}`));
  try {
    const warm = await measureWarm(host, commits);
    return { warm, floor: commits.opened, kept: commits.kept };
  } finally {
    await host.stop();
    commits.close();
  }
}

async function coldOf(sandbox: BenchSandbox, dir: string, say: (line: string) => void): Promise<Measured> {
  say(`cold, ${sandbox} …`);
  const host = await openExchanges(sandbox, join(dir, sandbox), SHORT_IDLE_MS);
  const { tag } = await agentImage(INSTALL_ID);
  const bare = {
    bwrap: { what: BWRAP_NODE, start: timeBwrapNode, times: 2.5 },
    docker: { what: DOCKER_NODE, start: () => timeDockerNode(tag), times: 1.6 },
  }[sandbox];
  try {
    const { ms, floorMs } = await measureCold(host, bare.start);
    const floor = { what: bare.what, samples: floorMs };
    return { name: `cold.${sandbox}`, unit: 'ms', samples: ms, floor, limit: { times: bare.times } };
  } finally {
    await host.stop();
  }
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
