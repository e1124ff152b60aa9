/**
 * The page's listener as a browser meets it: real sockets, routes, store, router and sign-in, on a clock that stands
 * still. No supervisor: who works on what, and what may be retried, the test says.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createServedChannel, ownerOn, type ServedName, threadOf } from '@bellhop/channels/served';
import { Approvals } from '../../src/access/approvals.ts';
import { createAccessGate } from '../../src/access/gate.ts';
import { createApprovalRoutes } from '../../src/api/approval-routes.ts';
import { createBudgetRoutes } from '../../src/api/budget-routes.ts';
import type { ApiError, StreamEvent } from '../../src/api/contract.ts';
import { createConversationLog } from '../../src/api/conversation-log.ts';
import { createHostRoutes } from '../../src/api/host-routes.ts';
import type { Limits } from '../../src/api/http.ts';
import { createModelRoutes } from '../../src/api/model-routes.ts';
import { deadLetterRoutes } from '../../src/api/operator/dead-letters.ts';
import { sessionRoutes } from '../../src/api/operator/sessions.ts';
import { whyRoute } from '../../src/api/operator/why-route.ts';
import { createOwnerApp } from '../../src/api/owner-app.ts';
import { packageRoutes } from '../../src/api/package-routes.ts';
import type { App } from '../../src/api/routing.ts';
import { createSecretRoutes } from '../../src/api/secret-routes.ts';
import { servedRoutes } from '../../src/api/served-app.ts';
import { listenForPage, listenOnSocket } from '../../src/api/server.ts';
import { createCookies } from '../../src/api/sign-in/cookies.ts';
import { Links } from '../../src/api/sign-in/links.ts';
import { createPassword } from '../../src/api/sign-in/password.ts';
import { skillRoutes } from '../../src/api/skill-routes.ts';
import { createSpool } from '../../src/api/spool.ts';
import { Watchers } from '../../src/api/stream.ts';
import { createWebApp } from '../../src/api/web-app.ts';
import { firstStart, installIdOf } from '../../src/first-start.ts';
import { openModels } from '../../src/model/models.ts';
import type { Packages } from '../../src/packages/port.ts';
import { createRouter } from '../../src/router/router.ts';
import type { PackageNames } from '../../src/sandboxes/port.ts';
import { createEnqueuer } from '../../src/sessions/enqueue.ts';
import { createMailboxes } from '../../src/sessions/mailboxes.ts';
import { safeName } from '../../src/sessions/names.ts';
import { createReceivedFiles } from '../../src/sessions/received.ts';
import { readSettings } from '../../src/settings.ts';
import type { Skills } from '../../src/skills/port.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { releaseSession } from '../../src/supervisor/release.ts';
import type { AgentId, SessionId } from '../../src/types.ts';
import { FakeClock } from '../fake-clock.ts';
import { MemoryLog } from '../store-world.ts';
import { FakeEgress } from '../supervisor/fake-egress.ts';
import { tempFolder } from '../temp-folder.ts';
import { until } from '../until.ts';

export const INSTALL = 'test1234';
export const COOKIE = `bellhop_${INSTALL}`;
export const SCRIPT = `document.title = "${'ready '.repeat(300)}";`;

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Over the owner's socket instead. */
  readonly owner?: boolean;
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
  readonly error: ApiError['error'];
}

export type ApiWorld = Awaited<ReturnType<typeof openApiWorld>>;

export async function openApiWorld(t: TestContext, limits?: Limits) {
  const dir = tempFolder(t);
  const store = openStore(join(dir, 'bellhop.db'));
  t.after(() => store.close());
  const clock = new FakeClock();
  const log = new MemoryLog();
  const watchers = new Watchers();
  await installIdOf(store, INSTALL);
  await firstStart(store, 'demo', clock.now());
  const settings = { ...readSettings(dir), hostNames: ['bell.example'] };
  const folders = { dataDir: dir, user: null };
  const mailboxes = createMailboxes(folders, { maxFileBytes: 4e6, maxValueBytes: 1e6, maxRows: 200 });
  const nudged: SessionId[] = [];
  const told = { working: new Set<string>(), stops: [] as string[], retries: [] as string[], answer: true };
  const supervisor = {
    nudge: () => undefined,
    working: () => told.working,
    waitingFor: () => null,
    ledger: () => null,
    stopTurn: (session: SessionId) => told.stops.push(session) > 0 && told.answer,
    retry: async (_: SessionId, message: string) => told.retries.push(message) > 0 && told.answer,
    release: (session: SessionId) => releaseSession({ store, mailboxes }, session),
    awake: () => [],
    summary: () => ({ awake: 0, working: 0, waitingFor: [] }),
    renew: () => undefined,
    modelCalled: () => undefined,
    lookAgain: () => undefined,
  };
  const status = async () => ({
    version: '0.1.0',
    pid: 1,
    url: '',
    data: dir,
    startedAt: new Date(clock.now()).toISOString(),
    timeZone: 'UTC',
    sandbox: { kind: 'none', warning: null },
    agents: [{ name: 'bell', harness: 'demo', demo: true, model: null }],
    sessions: { total: 0, awake: 0, quarantined: 0 },
    messages: { waiting: 0, working: 0, failed: 0 },
    channels: [{ name: 'web', state: 'up' as const, reason: null, refusals: 0, retryAt: null }],
    waitingFor: [],
    approvals: 0,
  });
  const serve = (name: ServedName) => {
    const conversations = createConversationLog(name, { store, clock, watchers, log });
    const channel = createServedChannel(name, conversations);
    return { name, log: conversations, channel };
  };
  const web = serve('web');
  const terminal = serve('terminal');
  const router = createRouter({
    store,
    access: createAccessGate(store),
    clock,
    log,
    newSessionId: () => `s${nudged.length}` as SessionId,
    nudge: (session) => nudged.push(session),
    commands: [],
    delivery: { send: async () => undefined },
    answered: () => undefined,
    journal: async (sql, channel, event) => (channel === 'web' ? web : terminal).log.journal(sql, event),
  });
  for (const { name, channel } of [web, terminal])
    await channel.start({ accept: (event) => router.accept(name, event) });
  const egress = new FakeEgress();
  egress.test = async () => ({ ms: 1, text: 'ok', inputTokens: 1, outputTokens: 1 });
  const known = () => egress.known;
  const models = await openModels({ store, known, forcedHarness: null, renew: () => undefined });
  const money = { costMicros: 3, chargedMicros: 3, unpriced: 0 };
  const sum = { calls: 1, inputTokens: 2, outputTokens: 1, cachedTokens: 0, ...money };
  const usage = () => [{ key: 'bell', ...sum }];
  const skill = { name: 'taxes', description: 'how', problem: null, on: ['bell' as AgentId] };
  const skills: Skills = { of: async () => [], list: async () => [skill], turn: async () => undefined };
  const asked: PackageNames = { apt: ['graphviz'], npm: [] };
  const packages: Packages = {
    impossible: null,
    imageOf: () => null,
    view: (agent) => ({ agent, ...asked, state: 'building', why: null }),
    add: async () => undefined,
    remove: async () => undefined,
    readLog: async () => ({ text: '', next: 0 }),
  };
  const modelRoutes = createModelRoutes({
    store,
    models,
    egress,
    usage,
    usageByTask: async () => usage().map((sum) => ({ ...sum, label: sum.key })),
    pricesPath: '/data/egress/prices.json',
  });
  const nothing = async () => ({ budgets: [], stops: [] });
  const spending = {
    budgets: nothing,
    setBudget: nothing,
    answerStop: nothing,
    alertTold: async () => undefined,
  };
  const none = async () => [];
  const policy = { hosts: none, allowHost: none, removeHost: none, grantHost: async () => undefined };
  const secrets = {
    secrets: none,
    keepSecret: none,
    rotate: async () => 0,
    requestRules: none,
    addRequestRules: none,
    removeRequestRules: none,
  };
  const guardRoutes = [
    ...createBudgetRoutes({ store, spending, supervisor }),
    ...createHostRoutes({ store, policy: { ...policy, ...secrets } }),
    ...createSecretRoutes({ store, secrets }),
  ];
  const approvals = new Approvals({
    store,
    policy,
    audit: { record: async () => undefined },
    clock,
    log,
    delivery: { send: async () => undefined },
    nudge: (session) => nudged.push(session),
    ended({ channel, chat, thread }, question, option) {
      const key = { channel, chat, thread: threadOf(thread) };
      watchers.tell(key, { type: 'answered', question, option });
    },
  });
  t.after(() => approvals.stop());
  const common = { store, models, supervisor, watchers, settings, clock, status };
  const spool = createSpool(dir, settings.maxFileBytes, safeName);
  const deps = { ...common, spool, received: createReceivedFiles(store, mailboxes) };
  const connections = { list: () => [] };
  const looks = { store, mailboxes, supervisor, connections, clock, dataDir: dir, readLog: async () => [] };
  const operator = [...deadLetterRoutes({ ...looks, own: 'web' }), whyRoute({ ...looks, own: 'web' })];
  const links = new Links(clock);
  const password = createPassword(store, clock);
  const cookies = createCookies(store, clock, INSTALL);
  const siteDir = join(dir, 'site');
  mkdirSync(join(siteDir, 'assets'), { recursive: true });
  writeFileSync(join(siteDir, 'index.html'), '<!doctype html><title>Stand-in</title>');
  writeFileSync(join(siteDir, 'assets/app-0123.js'), SCRIPT);
  writeFileSync(join(siteDir, 'assets/app-0123.js.gz'), gzipSync(SCRIPT));
  const served = [
    ...servedRoutes({ ...deps, ...web, showPaths: false }),
    ...createApprovalRoutes({ store, approvals, by: ownerOn('web') }),
    ...modelRoutes,
    ...guardRoutes,
    ...operator,
  ];
  const webApp = createWebApp({ links, cookies, password, served, siteDir, hostNames: settings.hostNames });
  const page = await listenForPage('127.0.0.1', 0, log, limits);
  t.after(() => page.close());
  page.serve(webApp);
  const url = `http://127.0.0.1:${page.port}/`;
  const stopped = { asked: false };
  const ownerApp = createOwnerApp({
    served: [
      ...servedRoutes({ ...deps, ...terminal, showPaths: true }),
      ...createApprovalRoutes({ store, approvals, by: ownerOn('terminal') }),
      ...modelRoutes,
      ...guardRoutes,
      ...operator,
      ...sessionRoutes(looks),
      ...packageRoutes({ store, packages }),
      ...skillRoutes({ store, skills, folder: dir }),
    ],
    links,
    password,
    url,
    stop: () => {
      stopped.asked = true;
    },
  });
  const socket = await listenOnSocket(dir, ownerApp, log);
  t.after(() => socket.close());
  const cookie = (await cookies.signIn()).split(';')[0] ?? '';

  function open(path: string, asked: Asked = {}): Promise<IncomingMessage> {
    const { method = 'GET', headers = {}, body, owner } = asked;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const where = owner ? { socketPath: join(dir, 'bellhop.sock') } : { port: page.port, host: '127.0.0.1' };
    return new Promise((resolve, reject) => {
      const all = { ...length, ...headers };
      const out = request({ ...where, path, method, headers: all, agent: false }, resolve);
      out.on('error', reject);
      out.end(body);
    });
  }

  async function ask(path: string, asked: Asked = {}): Promise<Got> {
    const response = await open(path, asked);
    const got = await text(response);
    const isJson = response.headers['content-type'] === 'application/json';
    const json: unknown = isJson ? JSON.parse(got) : null;
    const error = (json as Partial<ApiError> | null)?.error ?? { code: '', message: '', hint: '' };
    return { status: response.statusCode ?? 0, headers: response.headers, text: got, json, error };
  }

  /** As our own page asks, signed in. */
  const own = (path: string, asked: Asked = {}): Promise<Got> =>
    ask(path, {
      ...asked,
      headers: { cookie, origin: url.slice(0, -1), 'sec-fetch-site': 'same-origin', ...asked.headers },
    });
  const post = (path: string, body: object): Promise<Got> =>
    own(path, { method: 'POST', body: JSON.stringify(body) });

  /** An open stream of a conversation, and what it has told so far. */
  async function events(query: string, headers: Readonly<Record<string, string>> = {}) {
    const response = await open(`/v1/events?${query}`, { headers: { cookie, ...headers } });
    const heard: StreamEvent[] = [];
    const held = { text: '', ended: false };
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (held.text + chunk).split('\n\n');
      held.text = parts.pop() ?? '';
      for (const part of parts) {
        const data = part.split('\n').find((line) => line.startsWith('data: '));
        if (data) heard.push(JSON.parse(data.slice(6)) as StreamEvent);
      }
    });
    // `close` follows.
    response.on('error', () => undefined);
    response.once('close', () => {
      held.ended = true;
    });
    t.after(() => response.destroy());
    const hears = (what: string, is: (event: StreamEvent) => boolean) => until(what, () => heard.some(is));
    return { response, heard, hears, ended: () => until('the stream ends', () => held.ended) };
  }

  return {
    approvals,
    /** The question that is asked, where a test has made one. */
    card: { id: '', sha256: '' },
    dir,
    store,
    clock,
    log,
    models,
    watchers,
    web,
    terminal,
    links,
    password,
    cookies,
    cookie,
    page,
    url,
    webApp: webApp as App,
    ownerApp,
    stopped,
    told,
    enqueuer: createEnqueuer({ store, mailboxes, folders }),
    open,
    ask,
    own,
    post,
    events,
  };
}
