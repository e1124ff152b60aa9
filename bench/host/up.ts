/** One run of `./bellhop up` as a person starts it, and a client of its socket. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUIDv7 } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { MessageState, SendMessage, SentMessage } from '@bellhop/host/api';

export const ROOT = join(import.meta.dirname, '..', '..');
const READY = /^Bellhop is ready in \S+ s: (\S+)$/m;
const POLL_MS = 20;

export interface Up {
  readonly pid: number;
  /** From the spawn of the launcher to the ready line, in milliseconds. */
  readonly readyMs: number;
  /** Signs a browser in, once. */
  readonly link: string;
  /** Says one thing, waits until it is answered and settled; returns the session. */
  ask(text: string, thread?: string): Promise<string>;
  stop(): Promise<void>;
}

/**
 * @param env settings of the host, as `BELLHOP_HARNESS`.
 * @param settings for a data folder that is new.
 */
export async function startUp(dataDir: string, env: NodeJS.ProcessEnv = {}, settings?: object): Promise<Up> {
  if (settings) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeFileSync(join(dataDir, 'settings.json'), JSON.stringify(settings));
  }
  const from = performance.now();
  const child = spawn(
    join(ROOT, 'bellhop'),
    ['up', '--data', dataDir, '--port', '0', '--sandbox', 'bwrap', '--no-open'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    },
  );
  const link = await ready(child);
  const readyMs = performance.now() - from;
  if (child.pid === undefined) throw new Error('./bellhop up has no process');
  return {
    pid: child.pid,
    readyMs,
    link,
    ask: (text, thread) => ask(join(dataDir, 'bellhop.sock'), text, thread),
    async stop() {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
    },
  };
}

function ready(child: ChildProcess): Promise<string> {
  const output: string[] = [];
  return new Promise((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk));
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output.push(chunk);
      const [, link] = READY.exec(output.join('')) ?? [];
      if (link !== undefined) resolve(link);
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`./bellhop up ended: ${output.join('').slice(-2_000)}`)));
  });
}

async function ask(socketPath: string, text: string, thread = 'main'): Promise<string> {
  const id = randomUUIDv7();
  const body: SendMessage = { id, text, thread };
  const sent = (await call(socketPath, 'POST', '/v1/messages', body)) as SentMessage;
  for (;;) {
    const { settled, state } = (await call(socketPath, 'GET', `/v1/messages/${id}`)) as MessageState;
    if (settled && state !== 'answered') throw new Error(`the message ended as ${state}`);
    if (settled) return sent.session;
    await delay(POLL_MS);
  }
}

function call(socketPath: string, method: string, path: string, body?: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    // No connection is kept: an idle host is one that nobody is connected to.
    const out = request({ socketPath, method, path, headers, agent: false }, (response) => {
      const chunks: string[] = [];
      response.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
      response.on('end', () => {
        const text = chunks.join('');
        if ((response.statusCode ?? 500) < 300) resolve(JSON.parse(text));
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
    });
    out.on('error', reject);
    out.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
