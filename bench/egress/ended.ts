/**
 * What is left of the speed of HTTPS on loopback where TLS ends in the egress process, with a secret that is placed and
 * searched for in every byte; and what the loop of its parent, which stands for the host, feels of it meanwhile.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { ROOTS, type Secrets, TRUST } from '../../packages/host/src/egress/port.ts';
import { type Measured, percentile } from '../report.ts';

const LOAD = fileURLToPath(new URL('./ended-load.ts', import.meta.url));
/** A fifth of the throughput is five times the time. */
const MOST_TIMES_DIRECT = 5;
const LOOP_LIMIT_MS = 50;

/** @param dataDir where the egress process keeps its files. */
export async function measureEnded(
  dataDir: string,
  socketPath: string,
  secrets: Secrets,
): Promise<{ readonly measured: readonly Measured[]; readonly note: string }> {
  const load = fork(LOAD, [socketPath, join(dataDir, TRUST, ROOTS)]);
  try {
    const [{ port }] = (await once(load, 'message')) as [{ port: number }];
    await secrets.keepSecret('bench', 'a-secret-that-is-looked-for');
    const to = { agent: 'bench', host: 'localhost', port, isPrivate: true };
    const grant = { method: 'GET', path: '/all', secret: 'bench', placing: 'bearer' };
    await secrets.addRequestRules([{ ...to, ...grant }]);
    const loop = monitorEventLoopDelay({ resolution: 1 });
    loop.enable();
    load.send('begin');
    const [{ direct, through }] = (await once(load, 'message')) as [{ direct: number[]; through: number[] }];
    loop.disable();
    const floor = percentile(direct, 50);
    const limits = { p50: Math.round(MOST_TIMES_DIRECT * floor), floors: MOST_TIMES_DIRECT };
    const share = (floor / percentile(through, 50)).toFixed(2);
    return {
      measured: [
        { name: 'egress.ended', unit: 'ms', samples: through, limits, floor },
        {
          name: 'egress.ended.loop.p99.9',
          unit: 'ms',
          samples: [loop.percentile(99.9) / 1e6],
          limits: { p50: LOOP_LIMIT_MS },
        },
      ],
      note: `ended: 64 MiB by TLS that ends here, ${share} of the direct throughput (floor: direct)`,
    };
  } finally {
    load.kill();
  }
}
