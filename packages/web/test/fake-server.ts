/**
 * A host made of nothing but the API's contract, for the page: it serves the built folder and plays a scripted agent
 * whose verbs are the demo's. It can drop every connection, be gone and come back, and refuse. Times are the script's:
 * nothing goes on by itself, but for what a test lets go (`hold`, `release`).
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type {
  ConversationView,
  DecideApproval,
  LogBody,
  LogEntry,
  MessageStateName,
  ReceiptEvent,
  SendAnswer,
  SendMessage,
  Status,
  StreamEvent,
  TurnView,
} from '@bellhop/host/api';
import { play } from './fake-agent.ts';
import { json, refuse } from './fake-answer.ts';
import { FakeLetters } from './fake-letters.ts';
import { FakeModelApi } from './fake-model-api.ts';
import { FakeMoney } from './fake-money.ts';

export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'";
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
};
const MAX_UPLOAD = 5_000_000;

interface Talk {
  readonly entries: LogEntry[];
  readonly receipts: Map<string, ReceiptEvent>;
  readonly answered: Map<string, string>;
  readonly listeners: Set<ServerResponse>;
  title: string;
  readSeq: number;
  live: { turn: string; text: string } | null;
  turn: TurnView | null;
}

export class FakeServer {
  readonly sent: SendMessage[] = [];
  readonly answers: SendAnswer[] = [];
  readonly decided: DecideApproval[] = [];
  readonly stopped: string[] = [];
  readonly retried: string[] = [];
  readonly files = new Map<string, { readonly name: string; readonly bytes: Buffer }>();
  readonly letters = new FakeLetters();
  readonly models = new FakeModelApi();
  readonly money = new FakeMoney();
  signedIn = true;
  password = 'open sesame';
  /** Looked at before a request is handled; true = it has dealt with it. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #folder: string;
  readonly #talks = new Map<string, Talk>();
  #server: Server | null = null;
  #port = 0;
  /** Resolved by `release`: scripts that wait for the test's word wait for this. */
  #gate = Promise.withResolvers<void>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get held(): Promise<void> {
    return this.#gate.promise;
  }

  release(): void {
    this.#gate.resolve();
    this.#gate = Promise.withResolvers<void>();
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    this.#server = server;
    const listening = Promise.withResolvers<void>();
    server.listen(this.#port, '127.0.0.1', listening.resolve);
    await listening.promise;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** As kill -9 does it: every connection breaks, then nobody listens. What was accepted stays. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = null;
    for (const talk of this.#talks.values()) talk.listeners.clear();
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    server.closeAllConnections();
    await closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    await this.kill();
  }

  talk(thread: string): Talk {
    const known = this.#talks.get(thread);
    if (known) return known;
    const talk: Talk = {
      entries: [],
      receipts: new Map(),
      answered: new Map(),
      listeners: new Set(),
      title: '',
      readSeq: 0,
      live: null,
      turn: null,
    };
    this.#talks.set(thread, talk);
    return talk;
  }

  /** Appends to a conversation and tells whoever listens. */
  say(thread: string, body: LogBody, options: { id?: string; replyTo?: string; at?: string } = {}): LogEntry {
    const talk = this.talk(thread);
    const seq = (talk.entries.at(-1)?.seq ?? 0) + 1;
    const { id = `e${seq}`, replyTo = null, at = new Date().toISOString() } = options;
    const entry: LogEntry = { type: 'entry', seq, at, id, replyTo, body };
    talk.entries.push(entry);
    if (talk.title === '') talk.title = ('text' in body && body.text.slice(0, 60)) || 'a file';
    if (body.kind === 'text') talk.live = null;
    this.emit(thread, entry);
    this.#listChanged(thread);
    return entry;
  }

  emit(thread: string, event: StreamEvent): void {
    const talk = this.talk(thread);
    if (event.type === 'ledger') talk.turn = event.turn;
    if (event.type === 'live') talk.live = { turn: event.turn, text: (talk.live?.text ?? '') + event.text };
    for (const listener of talk.listeners) listener.write(frame(event));
  }

  receipt(thread: string, message: string, state: MessageStateName, reason: string | null = null): void {
    const event: ReceiptEvent = { type: 'receipt', message, state, reason };
    this.talk(thread).receipts.set(message, event);
    this.emit(thread, event);
  }

  view(thread: string): ConversationView {
    const { entries, title, readSeq, answered } = this.talk(thread);
    const last = entries.findLast(({ body }) => body.kind !== 'reaction');
    const seq = entries.at(-1)?.seq ?? 0;
    const needsYou = entries.some(({ body }) => body.kind === 'question' && !answered.has(body.question));
    const kind = last?.body.kind;
    const isOurs = kind === 'notice' || (last?.body.kind === 'question' && last.body.approval !== undefined);
    const by = kind === 'user' ? 'you' : isOurs ? 'bellhop' : 'agent';
    const text = last && 'text' in last.body ? last.body.text.replace(/\s+/g, ' ').slice(0, 100) : '';
    return { agent: 'bell', thread, title, last: { text, at: last?.at ?? '', by }, seq, readSeq, needsYou };
  }

  #listChanged(thread: string): void {
    const event: StreamEvent = { type: 'conversation', conversation: this.view(thread) };
    for (const talk of this.#talks.values()) {
      for (const listener of talk.listeners) listener.write(frame(event));
    }
  }

  #list(): ConversationView[] {
    const views = [...this.#talks].flatMap(([thread, { entries }]) =>
      entries.length > 0 ? [this.view(thread)] : [],
    );
    return views.sort((a, b) => Date.parse(b.last.at) - Date.parse(a.last.at));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.intercept(request, response)) return;
    const url = new URL(request.url ?? '/', 'http://host');
    const { pathname, searchParams } = url;
    if (!pathname.startsWith('/v1/')) return this.#asset(pathname, response);
    if (pathname === '/v1/files') return this.#upload(request, searchParams.get('name') ?? '', response);
    const body = JSON.parse((await bodyOf(request)).toString() || '{}') as Record<string, unknown>;
    if (pathname === '/v1/sign-in') {
      this.signedIn = body.password === this.password;
      if (this.signedIn) return void response.writeHead(204).end();
      return refuse(response, 403, 'the password is wrong', 'Try again, or type ./bellhop link');
    }
    if (!this.signedIn) return refuse(response, 401, 'you are not signed in', 'Type ./bellhop link');
    if (this.letters.handle(request.method, url, response)) return;
    const thread = searchParams.get('thread') ?? 'main';
    const route = `${request.method} ${pathname}`;
    const said =
      this.models.answer(route, searchParams, body) ?? this.money.answer(route, searchParams, body);
    if (said) return json(response, said.status, said.body);
    const talk = this.talk(thread);
    switch (route) {
      case 'GET /v1/status':
        return json(response, 200, {
          ...STATUS,
          agents: [{ ...BELL, demo: this.models.demo, model: this.models.model }],
        });
      case 'GET /v1/conversations':
        return json(response, 200, { conversations: this.#list() });
      case 'POST /v1/conversations/read':
        this.talk(String(body.thread)).readSeq = Number(body.seq);
        return void response.writeHead(204).end();
      case 'POST /v1/sign-out':
        this.signedIn = false;
        return void response.writeHead(204).end();
      case 'GET /v1/entries': {
        const before = Number(searchParams.get('before') ?? Number.POSITIVE_INFINITY);
        const all = talk.entries.filter((entry) => entry.seq < before);
        const entries = all.slice(-Number(searchParams.get('limit') ?? 50));
        const receipts = [...talk.receipts.values()];
        return json(response, 200, {
          entries,
          more: entries.length < all.length,
          receipts,
          answered: [...talk.answered].map(([question, option]) => ({ question, option })),
        });
      }
      case 'GET /v1/events':
        return this.#stream(talk, Number(searchParams.get('after') ?? 0), response);
      case 'GET /v1/entry-file':
        return this.#file(talk, searchParams, response);
      case 'POST /v1/messages':
        return this.#accept(body as unknown as SendMessage, response);
      case 'POST /v1/answers':
        return this.#answer(body as unknown as SendAnswer, response);
      case 'POST /v1/approvals/decide':
        return this.#decide(body as unknown as DecideApproval, response);
      case 'POST /v1/turns/stop':
        this.stopped.push(String(body.thread));
        return json(response, 202, {});
    }
    const [, id = '', retry] = /^\/v1\/messages\/([^/]+)(\/retry)?$/.exec(pathname) ?? [];
    const where = [...this.#talks].find(([, one]) => one.receipts.has(id));
    if (!where) return refuse(response, 404, 'there is no such message', 'Check the id.');
    const [name, { receipts, entries }] = where;
    if (retry) {
      this.retried.push(id);
      this.receipt(name, id, 'at work');
      return json(response, 202, {});
    }
    const replies = entries.filter((entry) => entry.replyTo === id);
    json(response, 200, { ...receipts.get(id), session: 's1', agent: 'bell', settled: false, replies });
  }

  #accept(message: SendMessage, response: ServerResponse): void {
    this.sent.push(message);
    const { id, text, thread = 'main', files = [] } = message;
    const isNew = !this.talk(thread).receipts.has(id);
    json(response, 202, { message: id, session: 's1', agent: 'bell', thread, demo: true });
    if (!isNew) return;
    const views = files.map((file) => {
      const { name = '', bytes } = this.files.get(file) ?? {};
      return { name, path: file, size: bytes?.length ?? 0 };
    });
    this.say(thread, { kind: 'user', text, files: views }, { id });
    this.receipt(thread, id, 'accepted');
    void play(this, thread, id, text);
  }

  #answer(answer: SendAnswer, response: ServerResponse): void {
    this.answers.push(answer);
    const { id, question, option, thread = 'main' } = answer;
    json(response, 202, { message: id, session: 's1', agent: 'bell', thread, demo: true });
    this.talk(thread).answered.set(question, option);
    this.say(thread, { kind: 'user', text: option, files: [] }, { id });
    this.say(thread, { kind: 'text', text: `You chose: ${option}`, files: [] }, { replyTo: id });
    this.receipt(thread, id, 'answered');
  }

  #decide(word: DecideApproval, response: ServerResponse): void {
    const found = [...this.#talks].find(([, { entries }]) =>
      entries.some(({ body }) => body.kind === 'question' && body.question === word.id),
    );
    const [thread = '', talk] = found ?? [];
    const before = talk?.answered.get(word.id);
    if (!talk || before !== undefined) {
      refuse(response, 409, `this was decided before: ${before}`, 'See: ./bellhop approvals');
      return;
    }
    this.decided.push(word);
    this.endCard(thread, word.id, word.decision);
    json(response, 200, {});
  }

  /** A card has its end, by whoever: told to those who look. */
  endCard(thread: string, question: string, option: string): void {
    this.talk(thread).answered.set(question, option);
    this.emit(thread, { type: 'answered', question, option });
    this.#listChanged(thread);
  }

  #stream(talk: Talk, after: number, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    if (talk.turn) response.write(frame({ type: 'ledger', turn: talk.turn }));
    if (talk.live) response.write(frame({ type: 'live', ...talk.live, whole: true }));
    for (const receipt of talk.receipts.values()) {
      if (receipt.state === 'accepted' || receipt.state === 'at work') response.write(frame(receipt));
    }
    for (const entry of talk.entries) if (entry.seq > after) response.write(frame(entry));
    talk.listeners.add(response);
    response.once('close', () => talk.listeners.delete(response));
  }

  #file(talk: Talk, query: URLSearchParams, response: ServerResponse): void {
    const entry = talk.entries.find(({ seq }) => seq === Number(query.get('entry')));
    const view = entry && 'files' in entry.body ? entry.body.files[Number(query.get('index'))] : undefined;
    const bytes = this.files.get(view?.path ?? '')?.bytes;
    if (!bytes) {
      refuse(response, 404, 'there is no such file', 'Reload the page.');
      return;
    }
    const type = extname(view?.name ?? '') === '.png' ? 'image/png' : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type });
    response.end(bytes);
  }

  async #upload(request: IncomingMessage, name: string, response: ServerResponse): Promise<void> {
    if (Number(request.headers['content-length']) > MAX_UPLOAD) {
      request.resume();
      return refuse(response, 413, 'the file is too large', 'At most 5 MB. Send a smaller one.');
    }
    const bytes = await bodyOf(request);
    const file = `f${this.files.size + 1}`;
    this.files.set(file, { name, bytes });
    json(response, 201, { file, name, size: bytes.length });
  }

  async #asset(path: string, response: ServerResponse): Promise<void> {
    const name = path === '/' ? 'index.html' : path;
    const bytes = await readFile(join(this.#folder, name)).catch(() => null);
    if (!bytes) return void response.writeHead(404).end();
    const headers = { 'content-type': TYPES[extname(name)] ?? '', 'content-security-policy': POLICY };
    response.writeHead(200, headers).end(bytes);
  }
}

const BELL = { name: 'bell', harness: 'demo' };

const STATUS: Status = {
  version: '0.1.0',
  pid: 4321,
  url: '',
  data: '/data',
  startedAt: '2026-01-01T00:00:00.000Z',
  timeZone: 'Europe/Zurich',
  sandbox: { kind: 'bwrap', warning: null },
  agents: [],
  sessions: { total: 1, awake: 1, quarantined: 0 },
  messages: { waiting: 0, working: 0, failed: 0 },
  channels: [],
  waitingFor: [],
  approvals: 0,
};

function frame(event: StreamEvent): string {
  return `${event.type === 'entry' ? `id: ${event.seq}\n` : ''}data: ${JSON.stringify(event)}\n\n`;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
