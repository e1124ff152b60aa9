/**
 * egress.call, egress.first: what the egress process adds to a call of a model, whole and to the first byte of its
 * answer. The same call direct, through a bare relay that makes the same commits, and through the egress process, one
 * after the other; what each of the two takes longer than the direct one is a sample.
 *
 * The next call begins when the one before is on record: that commit comes after the answer's last byte, and no agent
 * asks again within the millisecond that it takes.
 *
 * The client asks over the session's socket as the relay in a sandbox does; that relay itself, two copies of bytes within
 * the sandbox, is not in it.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type RequestOptions, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Measured, percentile } from '../report.ts';
import { EVENTS } from './endpoint.ts';

const RELAY = fileURLToPath(new URL('./bare-relay.ts', import.meta.url));
const BARE_RELAY = 'what a bare relay adds';
const WARM_UP = 50;
const TIMED = 500;
const TIMES = 3;
/** Of a conversation of some length. */
const BODY = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(50_000) }] });

interface Timed {
  readonly firstMs: number;
  readonly wholeMs: number;
}

/** One way to the endpoint. */
interface Way {
  readonly options: RequestOptions;
  /** Resolves when a call that is made now is on record. */
  recorded(): Promise<unknown>;
}

/** @param egress the way through the egress process. @param dir for the relay's socket and files. */
export async function measureCalls(
  port: number,
  egress: { readonly socketPath: string; recorded(): Promise<unknown> },
  dir: string,
): Promise<{ readonly measured: readonly Measured[]; readonly notes: readonly string[] }> {
  const relaySocket = join(dir, 'relay.sock');
  const relay = fork(RELAY, [relaySocket, dir, `${port}`]);
  try {
    await once(relay, 'message');
    const direct = way({ host: '127.0.0.1', port, path: '/chat/completions' }, async () => undefined);
    const bare = way({ socketPath: relaySocket, path: '/chat/completions' }, () => once(relay, 'message'));
    const through = way({ socketPath: egress.socketPath, path: '/model/chat/completions' }, egress.recorded);
    const rounds: { direct: Timed; bare: Timed; through: Timed }[] = [];
    for (let n = 0; n < WARM_UP + TIMED; n += 1) {
      const plain = await call(direct);
      // In turn first: whoever comes second may find the disk busy with the first.
      const early = n % 2 === 0 ? await call(bare) : await call(through);
      const late = n % 2 === 0 ? await call(through) : await call(bare);
      const [relayed, metered] = n % 2 === 0 ? [early, late] : [late, early];
      if (n >= WARM_UP) rounds.push({ direct: plain, bare: relayed, through: metered });
    }
    return toMeasured(rounds);
  } finally {
    relay.kill();
  }
}

function toMeasured(rounds: readonly { direct: Timed; bare: Timed; through: Timed }[]) {
  const measured = (name: string, pick: (timed: Timed) => number): Measured => {
    const added = (which: 'bare' | 'through') => rounds.map((r) => pick(r[which]) - pick(r.direct));
    const floor = { what: BARE_RELAY, samples: added('bare') };
    return { name, unit: 'ms', samples: added('through'), floor, limit: { times: TIMES } };
  };
  const direct = (pick: (timed: Timed) => number) =>
    percentile(
      rounds.map((r) => pick(r.direct)),
      50,
    ).toFixed(2);
  return {
    measured: [
      measured('egress.call', ({ wholeMs }) => wholeMs),
      measured('egress.first', ({ firstMs }) => firstMs),
    ],
    notes: [
      `${rounds.length} calls each with ${BODY.length} bytes, answered with ${EVENTS} events`,
      `direct: whole ${direct(({ wholeMs }) => wholeMs)} ms, first ${direct(({ firstMs }) => firstMs)} ms (p50)`,
    ],
  };
}

function way(options: RequestOptions, recorded: Way['recorded']): Way {
  return { options: { ...options, agent: new Agent({ keepAlive: true }), method: 'POST' }, recorded };
}

async function call({ options, recorded }: Way): Promise<Timed> {
  const record = recorded();
  const timed = await timeCall(options);
  await record;
  return timed;
}

function timeCall(options: RequestOptions): Promise<Timed> {
  const from = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': BODY.length, host: 'x' };
    const out = request({ ...options, headers }, (answer) => {
      let firstMs = 0;
      answer.on('data', () => {
        firstMs ||= performance.now() - from;
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve({ firstMs, wholeMs: performance.now() - from });
        else reject(new Error(`the endpoint answered ${answer.statusCode}`));
      });
    });
    out.on('error', reject);
    out.end(BODY);
  });
}
