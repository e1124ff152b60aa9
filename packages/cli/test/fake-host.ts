/**
 * A host made of nothing but the API's contract, on a real Unix socket in a real temporary folder. Tests script what it
 * says; it can be killed (connections cut, socket gone) and started again with what it had accepted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  LogBody,
  LogEntry,
  MessageState,
  SendAnswer,
  SendMessage,
  SessionList,
  Status,
  StreamEvent,
} from '@bellhop/host/api';

type Reply = {
  readonly state: MessageState['state'];
  readonly reason: string | null;
  readonly settled: boolean;
};

export class FakeHost {
  readonly data = mkdtempSync(join(tmpdir(), 'bh-'));
  /** Every accepted send, repeats included. */
  readonly sent: SendMessage[] = [];
  readonly answers: SendAnswer[] = [];
  readonly passwords: string[] = [];
  readonly uploads: { readonly name: string; readonly bytes: Buffer }[] = [];
  /** The `after` of every event stream that was opened; null when there was none. */
  readonly streams: (string | null)[] = [];
  readonly entries: LogEntry[] = [];
  readonly states = new Map<string, Reply>();
  /** Called for each message or answer that is new. */
  onMessage: (id: string, text: string) => void = () => {};
  /** Looked at before a request is handled; true = it has dealt with it. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  warning: string | null = null;
  channels: Status['channels'] = [];
  #server: Server | null = null;
  readonly #listeners = new Set<ServerResponse>();

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    this.#server = server;
    const listening = Promise.withResolvers<void>();
    server.listen(join(this.data, 'bellhop.sock'), listening.resolve);
    await listening.promise;
  }

  /** As kill -9 does it: every connection breaks, then nobody listens. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = null;
    this.#listeners.clear();
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    server.closeAllConnections();
    await closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** Appends to the conversation and tells whoever listens. */
  say(body: LogBody, replyTo: string | null = null, at = '2026-01-01T00:00:00.000Z'): LogEntry {
    const seq = (this.entries.at(-1)?.seq ?? 0) + 1;
    const entry: LogEntry = {
      type: 'entry',
      seq,
      at,
      id: `e${seq}`,
      replyTo,
      body,
    };
    this.entries.push(entry);
    this.emit(entry);
    return entry;
  }

  text(text: string, replyTo: string | null = null): LogEntry {
    return this.say({ kind: 'text', text, files: [] }, replyTo);
  }

  settle(message: string, state: 'answered' | 'failed' = 'answered', reason: string | null = null): void {
    this.states.set(message, { state, reason, settled: true });
    this.emit({ type: 'receipt', message, state, reason });
  }

  emit(event: StreamEvent): void {
    for (const listener of this.#listeners) listener.write(frame(event));
  }

  status(): Status {
    return {
      version: '0.1.0',
      pid: 4321,
      url: 'http://127.0.0.1:7788/',
      data: this.data,
      startedAt: '2026-01-01T00:00:00.000Z',
      timeZone: 'Europe/Zurich',
      sandbox: { kind: 'bwrap', warning: this.warning },
      agents: [{ name: 'bell', harness: 'demo', demo: true, model: null }],
      sessions: { total: 3, awake: 1, quarantined: 0 },
      messages: { waiting: 0, working: 1, failed: 0 },
      channels: this.channels,
      waitingFor: [],
      approvals: 0,
    };
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.intercept(request, response)) return;
    const url = new URL(request.url ?? '/', 'http://host');
    const body = await bodyOf(request);
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /v1/status':
        return json(response, 200, this.status());
      case 'GET /v1/sessions':
        return json(response, 200, { sessions: [] } satisfies SessionList);
      case 'POST /v1/stop':
        json(response, 202, {});
        return this.kill();
      case 'POST /v1/links':
        return json(response, 201, {
          url: 'http://127.0.0.1:7788/in/token',
          expiresAt: '2026-01-01T00:10:00.000Z',
        });
      case 'POST /v1/password':
        this.passwords.push((JSON.parse(body.toString()) as { password: string }).password);
        response.writeHead(204).end();
        return;
      case 'GET /v1/events':
        return this.#stream(url.searchParams.get('after'), response);
      case 'POST /v1/files':
        this.uploads.push({ name: url.searchParams.get('name') ?? '', bytes: body });
        return json(response, 201, { file: `f${this.uploads.length}`, name: '', size: body.length });
      case 'POST /v1/messages':
        return this.#accept(JSON.parse(body.toString()) as SendMessage, this.sent, response);
      case 'POST /v1/answers':
        return this.#accept(JSON.parse(body.toString()) as SendAnswer, this.answers, response);
    }
    const id = /^\/v1\/messages\/(.+)$/.exec(url.pathname)?.[1] ?? '';
    const state = this.states.get(id);
    if (!state) return refuse(response, 404, 'No such message.', 'Check the id.');
    const replies = this.entries.filter((entry) => entry.replyTo === id);
    json(response, 200, {
      message: id,
      session: 's1',
      agent: 'bell',
      ...state,
      replies,
    } satisfies MessageState);
  }

  #accept<T extends SendMessage | SendAnswer>(message: T, into: T[], response: ServerResponse): void {
    into.push(message);
    const { id } = message;
    const isNew = !this.states.has(id);
    if (isNew) this.states.set(id, { state: 'accepted', reason: null, settled: false });
    json(response, 202, { message: id, session: 's1', agent: 'bell', thread: message.thread, demo: true });
    if (isNew) this.onMessage(id, 'text' in message ? message.text : message.option);
  }

  #stream(after: string | null, response: ServerResponse): void {
    this.streams.push(after);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const missed = this.entries.filter((entry) => entry.seq > Number(after));
    for (const entry of missed) response.write(frame(entry));
    this.#listeners.add(response);
    response.once('close', () => this.#listeners.delete(response));
  }
}

export async function fakeHost(): Promise<FakeHost> {
  const host = new FakeHost();
  await host.start();
  return host;
}

export function refuse(response: ServerResponse, status: number, message: string, hint: string): void {
  json(response, status, { error: { code: 'test', message, hint } });
}

function frame(event: StreamEvent): string {
  return `${event.type === 'entry' ? `id: ${event.seq}\n` : ''}data: ${JSON.stringify(event)}\n\n`;
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
