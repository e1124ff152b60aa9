/** The real egress process between a sandbox's end, which says whatever bytes a test wants, and an upstream on loopback. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../src/clock.ts';
import { type BudgetAlert, type CallRecord, EGRESS_SOCKET, type HostAsk } from '../../src/egress/port.ts';
import { EgressProcess } from '../../src/egress/process.ts';
import type { Endpoint } from '../../src/egress/providers.ts';
import { makeFolder } from '../../src/folders.ts';
import { type Ending, tempFolder } from '../temp-folder.ts';
import { until } from '../until.ts';

export const CANARY = 'canary-key-0123456789';

/** Nobody listens there: an Ollama on this machine is none of a test's business. Compiled code is taken as it is. */
const BASE_ENV = {
  OLLAMA_HOST: '127.0.0.1:9',
  ...(process.env.NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE } : {}),
};

export interface Upstream {
  readonly url: string;
  /** Every request that has begun, with its headers and what came of its body. */
  readonly seen: {
    readonly url: string;
    readonly headers: IncomingMessage['headers'];
    body: string;
    end: string;
  }[];
  handle: (incoming: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** Answers with one JSON object unless the test says otherwise. */
export async function openUpstream(
  t: Ending,
  make: (handle: Upstream['handle']) => Server = (handle) => createServer(handle),
  scheme = 'http',
): Promise<Upstream> {
  const server = make((incoming, response) => {
    const one = { url: incoming.url ?? '', headers: incoming.headers, body: '', end: '' };
    upstream.seen.push(one);
    incoming.setEncoding('latin1').on('data', (chunk: string) => {
      // Enough to see what came; a body of many megabytes is not kept.
      if (one.body.length < 100_000) one.body += chunk;
    });
    incoming.on('error', () => undefined);
    incoming.on('close', () => {
      one.end = incoming.complete ? 'complete' : 'cut';
    });
    response.on('error', () => undefined);
    upstream.handle(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      (server as Partial<{ closeAllConnections(): void }>).closeAllConnections?.();
    });
  t.after(close);
  const upstream: Upstream = {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    handle: (incoming, response) => {
      incoming.on('end', () => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ model: 'm-1', usage: { input_tokens: 3, output_tokens: 4 } }));
      });
    },
    close,
  };
  return upstream;
}

export interface EgressWorld {
  readonly dir: string;
  readonly egress: EgressProcess;
  readonly calls: CallRecord[];
  /** Agents that were told to wait, and marks that budgets passed, in their order. */
  readonly parked: string[];
  readonly alerts: BudgetAlert[];
  /** Hosts that the owner would be asked for. */
  readonly asked: HostAsk[];
  readonly logged: string[];
  /** Opens a door; returns its socket's path. */
  door(session: string, endpoint: Endpoint | null, generation?: number): Promise<string>;
  readonly close: Map<string, () => Promise<void>>;
}

export async function startEgress(t: Ending, env: Record<string, string> = {}): Promise<EgressWorld> {
  const dir = tempFolder(t);
  const folders = { dataDir: dir, user: null };
  await makeFolder(folders, 'private', 'egress');
  const logged: string[] = [];
  const note = (what: string, fields?: object) => void logged.push(`${what} ${JSON.stringify(fields ?? {})}`);
  const log = { info: note, warn: note, error: note };
  const egress = new EgressProcess({
    folders,
    clock: systemClock,
    log,
    env: { ...BASE_ENV, ...env },
  });
  const calls: CallRecord[] = [];
  const parked: string[] = [];
  const alerts: BudgetAlert[] = [];
  const asked: HostAsk[] = [];
  egress.listen({
    call: (call) => void calls.push(call),
    known: () => undefined,
    parked: (agent) => void parked.push(agent),
    alert: (alert) => void alerts.push(alert),
    async ask(ask) {
      asked.push(ask);
      return 'asked';
    },
    auditHead: () => undefined,
  });
  egress.start();
  t.after(() => egress.stop());
  const close = new Map<string, () => Promise<void>>();
  return {
    dir,
    egress,
    calls,
    parked,
    alerts,
    asked,
    logged,
    close,
    async door(session, endpoint, generation = 1) {
      const folder = await makeFolder(folders, 'shared', 'run', session);
      const door = await egress.open({ dir: folder, session, agent: 'bell', generation, endpoint });
      close.set(session, () => door.close());
      return join(folder, EGRESS_SOCKET);
    },
  };
}

/** An endpoint of Anthropic's kind at the upstream, whose key the egress process knows. */
export async function keyed(world: EgressWorld, upstream: Upstream, key = CANARY): Promise<Endpoint> {
  await world.egress.keep(`anthropic@${new URL(upstream.url).host}`, key);
  return { provider: 'anthropic', model: 'm-1', baseUrl: upstream.url };
}

/** Says these bytes and returns all that comes back until the other end closes. */
export async function raw(socketPath: string, ...parts: readonly string[]): Promise<string> {
  const seen: { text: string; error: Error | null } = { text: '', error: null };
  const socket = connect(socketPath, () => {
    for (const part of parts) socket.write(part, 'latin1');
  });
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    seen.text += chunk;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // Cut off while we were still talking: what was said until then counts.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') seen.error = error;
  });
  await until('the other end has said all that it will', () => socket.closed);
  if (seen.error) throw seen.error;
  return seen.text;
}

export function lines(...all: readonly string[]): string {
  return `${all.join('\r\n')}\r\n\r\n`;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export async function post(
  socketPath: string,
  path: string,
  body: string | Buffer,
  headers = {},
): Promise<Answered> {
  const answer = await open(socketPath, path, body, headers);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
}

/** Resolves with the answer's head. */
export function open(
  socketPath: string,
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const own = { 'content-type': 'application/json', 'x-api-key': 'bellhop-placeholder', ...headers };
    const out = request({ socketPath, path, method: 'POST', headers: own, agent: false });
    out.once('response', resolve);
    out.on('error', reject);
    out.end(body);
  });
}

/** It runs no more. One that nobody has reaped yet has ended all the same: an init may take two seconds. */
export async function gone(pid: number): Promise<void> {
  await until(`process ${pid} is gone`, () => {
    try {
      const isDead = /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      // Its other threads may still hold what it held.
      return isDead && readdirSync(`/proc/${pid}/task`).length === 1;
    } catch (error) {
      return ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
    }
  });
}

/** The process behind a data folder, by its arguments. */
export function pidOf(dir: string): number {
  const found = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(
        `egress/main.ts\u0000{"dataDir":"${dir}"`,
      );
    } catch {
      // It ended while we looked.
      return false;
    }
  });
  return Number(found ?? 0);
}
