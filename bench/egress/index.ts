/**
 * `bench egress`: what the way out adds to a call of a model. The same call, direct and through the egress process,
 * one after the other in the same run, to an endpoint on loopback; the difference of each pair is a sample.
 *
 * The next call begins when the one before is on record: that commit comes after the answer's last byte, and no agent
 * asks again within the millisecond that it takes.
 *
 * Then what a blind tunnel leaves of a connection's throughput (tunnel.ts), and what is left where TLS ends (ended.ts).
 *
 * The client asks over the session's socket as the relay in a sandbox does; the relay itself, two copies of bytes
 * within the sandbox, is not in it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, type RequestOptions, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../packages/host/src/clock.ts';
import { takeEnvironment } from '../../packages/host/src/egress/environment.ts';
import { EGRESS_SOCKET } from '../../packages/host/src/egress/port.ts';
import { EgressProcess } from '../../packages/host/src/egress/process.ts';
import { makeFolder } from '../../packages/host/src/folders.ts';
import { openLog } from '../../packages/host/src/log.ts';
import { CERT } from '../../packages/host/test/egress/loopback-tls.ts';
import { type Measured, percentile } from '../report.ts';
import { measureEnded } from './ended.ts';
import { measureTunnel } from './tunnel.ts';

const WARM_UP = 50;
const TIMED = 500;
const EVENTS = 20;
/** Of a conversation of some length. */
const BODY = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(50_000) }] });
const LIMIT_MS = 2;

interface Timed {
  readonly firstMs: number;
  readonly wholeMs: number;
}

export const egress = {
  about:
    'what the egress process adds to a call, whole and to the first token; the speed of a tunnel, blind and ended',
  async run(say: (line: string) => void) {
    const dir = await mkdtemp(join(tmpdir(), 'bh-bench-'));
    const endpoint = await openEndpoint();
    const folders = { dataDir: dir, user: null };
    await makeFolder(folders, 'private', 'egress');
    const authority = join(dir, 'test-ca.pem');
    await writeFile(authority, CERT);
    const log = openLog(dir, systemClock.now);
    const way = new EgressProcess({
      folders,
      clock: systemClock,
      log,
      env: takeEnvironment({ OLLAMA_HOST: '127.0.0.1:9', NODE_EXTRA_CA_CERTS: authority }),
    });
    const recorded: { next: () => void } = { next: () => undefined };
    const ignore = () => undefined;
    way.listen({
      call: () => recorded.next(),
      known: ignore,
      parked: ignore,
      alert: ignore,
      ask: async () => 'not asked',
      auditHead: ignore,
    });
    way.start();
    try {
      const folder = await makeFolder(folders, 'shared', 'run', 'bench');
      const base = `http://127.0.0.1:${endpoint.port}`;
      await way.open({
        dir: folder,
        session: 'bench',
        agent: 'bench',
        generation: 1,
        endpoint: { provider: 'compatible', model: 'm', baseUrl: base },
      });
      say('calls …');
      const keep = { agent: new Agent({ keepAlive: true }), method: 'POST' };
      const calls = await measure(
        { ...keep, host: '127.0.0.1', port: endpoint.port, path: '/chat/completions' },
        {
          ...keep,
          agent: new Agent({ keepAlive: true }),
          socketPath: join(folder, EGRESS_SOCKET),
          path: '/model/chat/completions',
        },
        (call) => {
          recorded.next = call;
        },
      );
      say('tunnel …');
      const tunnel = await measureTunnel(join(folder, EGRESS_SOCKET), (to) =>
        way.allowHost({ agent: 'bench', host: 'localhost', port: to, isPrivate: true }),
      );
      say('ended …');
      const ended = await measureEnded(dir, join(folder, EGRESS_SOCKET), way);
      return {
        measured: [...calls.measured, tunnel.measured, ...ended.measured],
        notes: [...calls.notes, tunnel.note, ended.note],
      };
    } finally {
      await way.stop();
      endpoint.close();
      log.close();
      await rm(dir, { recursive: true, force: true });
    }
  },
};

async function measure(
  direct: RequestOptions,
  through: RequestOptions,
  onRecord: (call: () => void) => void,
) {
  const pairs: { direct: Timed; through: Timed }[] = [];
  for (let n = 0; n < WARM_UP + TIMED; n += 1) {
    const record = Promise.withResolvers<void>();
    onRecord(record.resolve);
    const pair = { direct: await call(direct), through: await call(through) };
    await record.promise;
    if (n >= WARM_UP) pairs.push(pair);
  }
  const added = (pick: (timed: Timed) => number) =>
    pairs.map((pair) => pick(pair.through) - pick(pair.direct));
  const measured: Measured[] = [
    { name: 'egress.call', unit: 'ms', samples: added((timed) => timed.wholeMs), limits: { p50: LIMIT_MS } },
    { name: 'egress.first', unit: 'ms', samples: added((timed) => timed.firstMs), limits: { p50: LIMIT_MS } },
  ];
  const plain = (pick: (timed: Timed) => number) =>
    percentile(
      pairs.map((pair) => pick(pair.direct)),
      50,
    ).toFixed(2);
  const notes = [
    `${TIMED} pairs of a call with ${BODY.length} bytes, answered with ${EVENTS} events`,
    `direct: whole ${plain((timed) => timed.wholeMs)} ms, first ${plain((timed) => timed.firstMs)} ms (p50)`,
  ];
  return { measured, notes };
}

function call(options: RequestOptions): Promise<Timed> {
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

/** Streams its events one by one, each in a turn of the loop of its own. */
async function openEndpoint(): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((incoming, response) => {
    incoming.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const next = (n: number) => {
        if (n === EVENTS)
          return response.end('data: {"model":"m","usage":{"prompt_tokens":9,"completion_tokens":9}}\n\n');
        response.write(`data: {"choices":[{"delta":{"content":"word ${n}"}}]}\n\n`);
        return setImmediate(next, n + 1);
      };
      next(0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
