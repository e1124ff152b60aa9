/**
 * What is left of the speed of HTTPS on loopback where TLS ends in the egress process, with a secret that is placed and
 * searched for in every byte; and what the loop of its parent, which stands for the host, feels of it meanwhile.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOTS, type Secrets, TRUST } from '../../packages/host/src/egress/port.ts';
import { IDLE_LOOP, watchLoop } from '../floors/idle-loop.ts';
import { type Measured, percentile } from '../report.ts';
import { MIB } from './download.ts';
import { AGENT } from './open.ts';

const LOAD = fileURLToPath(new URL('./ended-load.ts', import.meta.url));
const ROUNDS = 7;
/** A fifth of the throughput is five times the time. */
const TIMES = 5;
const LOOP_TIMES = 5;

/** @param dataDir where the egress process keeps its files. */
export async function measureEnded(
  dataDir: string,
  socketPath: string,
  secrets: Secrets,
): Promise<{ readonly measured: readonly Measured[]; readonly note: string }> {
  const load = fork(LOAD, [socketPath, join(dataDir, TRUST, ROOTS)]);
  const loop = watchLoop();
  try {
    const [{ port }] = (await once(load, 'message')) as [{ port: number }];
    await secrets.keepSecret('bench', 'a-secret-that-is-looked-for');
    const to = { agent: AGENT, host: 'localhost', port, isPrivate: true };
    const grant = { method: 'GET', path: '/all', secret: 'bench', placing: 'bearer' };
    await secrets.addRequestRules([{ ...to, ...grant }]);
    const round = async (): Promise<Round> => {
      load.send('begin');
      const [times] = await once(load, 'message');
      return times;
    };
    // The first one is for code that is not compiled yet.
    await round();
    const rounds: Round[] = [];
    for (let n = 0; n < ROUNDS; n += 1) rounds.push(await loop.during(round));
    const [direct, through] = [rounds.flatMap((r) => r.direct), rounds.flatMap((r) => r.through)];
    const share = (percentile(direct, 50) / percentile(through, 50)).toFixed(2);
    return {
      measured: [
        {
          ...{ name: 'egress.ended', unit: 'ms', samples: through, limit: { times: TIMES } },
          floor: { what: 'a direct download', samples: direct },
        },
        {
          ...{ name: 'egress.ended.loop.p99.9', unit: 'ms', samples: loop.own, limit: { times: LOOP_TIMES } },
          floor: { what: IDLE_LOOP, samples: loop.idle },
        },
      ],
      note: `ended: ${MIB} MiB by TLS that ends in the egress process, ${share} of the direct throughput`,
    };
  } finally {
    load.kill();
    loop.close();
  }
}

interface Round {
  readonly direct: readonly number[];
  readonly through: readonly number[];
}
