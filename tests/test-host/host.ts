/**
 * A whole host in the test's process: the real `startHost` behind its real socket and its real page, on a data folder of
 * its own. A part that a test is about is put in; the rest is what production uses, but for three that cost time and
 * that most tests are not about: sandboxes are the runner's loop in this process, with a scripted agent in it; nothing
 * leads out of them; and the page that is served is a stand-in. Everything that it opens it closes.
 *
 *   await using host = await startTestHost();
 *   host.agent.on('hello', () => 'Hello, you.');
 *   const reply = await host.person().ask('hello');
 *
 * Many tests may share one: each in a conversation of its own.
 */
import { randomUUIDv7 } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Channel } from '@bellhop/channels';
import { createServedChannel } from '@bellhop/channels/served';
import { listenForPage } from '../../packages/host/src/api/server.ts';
import { systemClock } from '../../packages/host/src/clock.ts';
import { createDisk, type Disk } from '../../packages/host/src/disk.ts';
import { takeEnvironment } from '../../packages/host/src/egress/environment.ts';
import { EgressProcess } from '../../packages/host/src/egress/process.ts';
import type { Folders } from '../../packages/host/src/folders.ts';
import { type Host, type HostParts, startHost } from '../../packages/host/src/host.ts';
import type { SandboxRuntime } from '../../packages/host/src/sandboxes/port.ts';
import { readSettings } from '../../packages/host/src/settings.ts';
import type { Store } from '../../packages/host/src/store/port.ts';
import { openStore } from '../../packages/host/src/store/sqlite.ts';
import type { Clock, Log, LogFields, Settings } from '../../packages/host/src/types.ts';
import type { Harnesses } from '../../packages/runner/src/harness.ts';
import { ScriptedAgent } from './agent.ts';
import { type NoEgress, noEgress } from './no-egress.ts';
import { Person } from './person.ts';
import { LocalSandboxes } from './sandboxes.ts';

/** What a test puts in; every one may be left out. */
export interface TestParts {
  readonly clock?: Clock;
  readonly newId?: () => string;
  readonly sandboxes?: SandboxRuntime;
  readonly channels?: readonly Channel[];
  /** Around the store on disk, or in place of it. */
  readonly store?: (onDisk: Store) => Store;
  readonly disk?: Disk;
  readonly settings?: Partial<Settings>;
  readonly agent?: ScriptedAgent;
  /** Further harnesses by their names; any other name is the scripted agent's. */
  readonly harnesses?: Harnesses;
  /** The real egress process, with these variables of the environment. */
  readonly egress?: { readonly env: Readonly<Record<string, string>> };
  /** The built page; a stand-in otherwise. */
  readonly siteDir?: string;
}

export async function startTestHost(parts: TestParts = {}): Promise<TestHost> {
  const host = new TestHost(parts);
  await host.start();
  return host;
}

export class TestHost implements AsyncDisposable {
  /** The data folder. Short: sockets lie in it. */
  readonly data = mkdtempSync(join(tmpdir(), 'bh-'));
  readonly agent: ScriptedAgent;
  readonly log = new LogLines();
  /** Stands in for the egress process where the test did not ask for the real one. */
  readonly noEgress: NoEgress = noEgress();
  readonly #parts: TestParts;
  readonly #sandboxes: LocalSandboxes;
  #running: Running | null = null;
  #port = 0;
  /** How often somebody asked for the end by the API. */
  stopsAsked = 0;

  constructor(parts: TestParts) {
    this.#parts = parts;
    this.agent = parts.agent ?? new ScriptedAgent();
    const { now } = parts.clock ?? systemClock;
    const named = parts.harnesses ?? {};
    this.#sandboxes = new LocalSandboxes(
      ({ harness }) => named[harness]?.() ?? this.agent.harness(harness),
      now,
    );
  }

  get store(): Store {
    return this.#now.store;
  }

  /** Of the page, with a slash at its end; the same after a restart. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Sandboxes of this process; none where the test brought a runtime. */
  get sandboxes(): LocalSandboxes {
    return this.#sandboxes;
  }

  /** Signs a browser in, once. */
  signInLink(): string {
    return this.#now.host.signInLink(3_600_000);
  }

  /** Somebody at the owner's socket, in a conversation of this name; a new one when it is left out. */
  person(thread: string = randomUUIDv7()): Person {
    return new Person(this.data, thread);
  }

  async start(): Promise<void> {
    if (this.#running) throw new Error('it runs already');
    this.#running = await run(this.data, this.#parts, this.#port, {
      sandboxes: this.#parts.sandboxes ?? this.#sandboxes,
      egress: this.noEgress.parts,
      log: this.log,
      onStop: () => {
        this.stopsAsked += 1;
      },
    });
    this.#port = this.#running.port;
  }

  /** A clean end. The data stay, and `start` goes on with them. Safe twice. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }

  get #now(): Running {
    if (!this.#running) throw new Error('the host does not run');
    return this.#running;
  }
}

/** What the host wrote to its log, for a test's failure to show. */
class LogLines implements Log {
  readonly lines: string[] = [];
  info = (what: string, fields: LogFields = {}): void => this.#add('info', what, fields);
  warn = (what: string, fields: LogFields = {}): void => this.#add('warn', what, fields);
  error = (what: string, fields: LogFields = {}): void => this.#add('error', what, fields);

  #add(level: string, what: string, fields: LogFields): void {
    this.lines.push(`${level} ${what} ${JSON.stringify(fields)}`);
  }
}

interface Running {
  readonly host: Host;
  readonly store: Store;
  readonly port: number;
  stop(): Promise<void>;
}

interface Own {
  readonly sandboxes: SandboxRuntime;
  readonly egress: HostParts['egress'];
  readonly log: Log;
  readonly onStop: () => void;
}

async function run(dataDir: string, parts: TestParts, port: number, own: Own): Promise<Running> {
  const { clock = systemClock, newId = randomUUIDv7 } = parts;
  const folders: Folders = { dataDir, user: null };
  const { log } = own;
  const store = openStore(join(dataDir, 'bellhop.db'));
  const egress = parts.egress ? startEgress(folders, clock, log, parts.egress.env) : null;
  await egress?.settled();
  const page = await listenForPage('127.0.0.1', port, log);
  const shown = parts.store?.(store) ?? store;
  const host = await startHost({
    folders,
    store: shown,
    settings: { ...readSettings(dataDir), minFreeDiskBytes: 0, ...parts.settings },
    runtime: own.sandboxes,
    others: [],
    egress: egress ?? own.egress,
    runnerDir: join(dataDir, 'runner'),
    clock,
    timeZone: 'UTC',
    newId,
    disk: parts.disk ?? createDisk(dataDir),
    log,
    serve: createServedChannel,
    channels: parts.channels ?? [],
    version: 'test',
    harness: null,
    page,
    url: `http://127.0.0.1:${page.port}/`,
    siteDir: parts.siteDir ?? standIn(dataDir),
    onStop: own.onStop,
  });
  return {
    host,
    store: shown,
    port: page.port,
    async stop() {
      await host.stop();
      await egress?.stop();
      await store.close();
      await host.closeSocket();
    },
  };
}

function startEgress(
  folders: Folders,
  clock: Clock,
  log: Log,
  env: Readonly<Record<string, string>>,
): EgressProcess {
  mkdirSync(join(folders.dataDir, 'egress'), { recursive: true, mode: 0o700 });
  const egress = new EgressProcess({ folders, clock, log, env: takeEnvironment({ ...env }) });
  egress.start();
  return egress;
}

/** A page that says only that it is there. */
function standIn(dataDir: string): string {
  const dir = join(dataDir, 'page');
  mkdirSync(join(dir, 'assets'), { recursive: true });
  writeFileSync(join(dir, 'index.html'), '<!doctype html><title>Stand-in</title>');
  return dir;
}
