/**
 * The host of a run: the real `startHost` on a data folder that stays, in one simulated process after another. When one
 * dies, somebody starts the next, as an init system would.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createServedChannel } from '../../../packages/channels/src/served/index.ts';
import type { DeadLetterList } from '../../../packages/host/src/api/operator/shapes.ts';
import { type ApiRequest, type App, answer } from '../../../packages/host/src/api/routing.ts';
import { systemClock } from '../../../packages/host/src/clock.ts';
import { createDisk } from '../../../packages/host/src/disk.ts';
import { type Host, type HostParts, startHost } from '../../../packages/host/src/host.ts';
import { readSettings } from '../../../packages/host/src/settings.ts';
import { addAgent, addUser, addWiring } from '../../../packages/host/src/store/agents.ts';
import type { Store } from '../../../packages/host/src/store/port.ts';
import { openStore } from '../../../packages/host/src/store/sqlite.ts';
import type { AgentId, Log, Settings } from '../../../packages/host/src/types.ts';
import { Crash, type Kernel, type Process } from '../machine/kernel.ts';
import type { Random } from '../machine/random.ts';
import { randomUUIDv7 } from '../node/crypto.ts';
import { ownerOf, type Platform } from './platform.ts';
import type { Sandboxes } from './sandboxes.ts';

/** Short, so that a run is; the rest are the product's own. */
const SETTINGS: Partial<Settings> = {
  idleStopMs: 30_000,
  claimStuckMs: 15_000,
  progressStuckMs: 40_000,
  readyTimeoutMs: 10_000,
  maxAwake: 2,
  batchSize: 4,
};
const AGENT = { id: 'agent' as AgentId, name: 'agent', harness: 'sim' };

export class House {
  readonly #kernel: Kernel;
  readonly #random: Random;
  readonly #dataDir: string;
  readonly #siteDir: string;
  readonly #platforms: readonly Platform[];
  readonly #chats: readonly string[];
  readonly #sandboxes: Sandboxes;
  #process: Process | null = null;
  #host: Host | null = null;
  #store: Store | null = null;
  #page: App | null = null;
  #wanted = true;
  boots = 0;

  constructor(parts: {
    readonly kernel: Kernel;
    readonly random: Random;
    readonly dataDir: string;
    readonly platforms: readonly Platform[];
    readonly chats: readonly string[];
    readonly sandboxes: Sandboxes;
  }) {
    this.#kernel = parts.kernel;
    this.#random = parts.random;
    this.#dataDir = parts.dataDir;
    this.#platforms = parts.platforms;
    this.#chats = parts.chats;
    this.#sandboxes = parts.sandboxes;
    this.#siteDir = join(parts.dataDir, 'page');
    mkdirSync(join(this.#siteDir, 'assets'), { recursive: true });
  }

  get storePath(): string {
    return join(this.#dataDir, 'bellhop.db');
  }

  get isUp(): boolean {
    return this.#host !== null && this.#process?.alive === true;
  }

  boot(): void {
    this.boots += 1;
    const process = this.#kernel.spawn('host', `host ${this.boots}`);
    this.#process = process;
    this.#host = null;
    this.#kernel.trace(`${process.name} starts`);
    process.onExit(() => {
      this.#host = null;
      if (this.#wanted) this.#kernel.post(this.#random.between(50, 3_000), null, () => this.boot());
    });
    process.enter(() => {
      this.#start(process).catch((error: unknown) => {
        // What `up` does: it says why, and ends.
        if (process.alive) this.#kernel.trace(`${process.name} could not start: ${String(error)}`);
        process.exit({ code: 1, signal: null });
      });
    });
  }

  kill(): void {
    this.#process?.exit({ code: null, signal: 'SIGKILL' });
  }

  /** SIGTERM; the next one starts when it is gone. */
  restart(): void {
    const [process, host, store] = [this.#process, this.#host, this.#store];
    if (!process?.alive || !host) return;
    this.#host = null;
    process.enter(() => {
      const stopped = async (): Promise<void> => {
        await host.stop();
        await store?.close();
        process.exit({ code: 0, signal: null });
      };
      stopped().catch((error: unknown) => {
        if (process.alive && !(error instanceof Crash)) this.#kernel.onUncaught(process, error);
      });
    });
  }

  /** A person on the page asks for the last dead letter to be tried again; false when there is no page. */
  tryAgain(asked: (session: string, message: string) => void): boolean {
    const [process, page] = [this.#process, this.#page];
    if (!this.isUp || !process || !page) return false;
    const ask = (method: string, path: string) => answer(page, requestOf(method, path), logTo(process));
    process.enter(() => {
      const asking = async (): Promise<void> => {
        const list = await ask('GET', '/v1/dead-letters');
        const [letter] =
          'json' in list && list.status === 200 ? (list.json as DeadLetterList).deadLetters : [];
        if (!letter) return;
        asked(letter.session, letter.message);
        await ask('POST', `/v1/dead-letters/${letter.message}/retry`);
      };
      // An answer never rejects: what its process died of is an answer that nobody reads.
      void asking();
    });
    return true;
  }

  /** For good. */
  end(): void {
    this.#wanted = false;
    this.kill();
    for (const { process } of this.#sandboxes.alive) process.exit({ code: null, signal: 'SIGKILL' });
  }

  async #start(process: Process): Promise<void> {
    const store = openStore(this.storePath);
    await this.#furnish(store);
    const host = await startHost({
      folders: { dataDir: this.#dataDir, user: null },
      store,
      settings: { ...readSettings(this.#dataDir), ...SETTINGS },
      runtime: this.#sandboxes.runtimeOf(process),
      others: [],
      egress: noWayOut(process),
      runnerDir: join(this.#dataDir, 'runner'),
      clock: systemClock,
      newId: randomUUIDv7,
      disk: createDisk(this.#dataDir),
      log: logTo(process),
      serve: createServedChannel,
      channels: this.#platforms.map((platform) => platform.adapter()),
      version: 'sim',
      timeZone: 'UTC',
      harness: 'sim',
      page: {
        port: 0,
        serve: (app) => {
          // Whoever asks here is signed in.
          this.#page = { routes: app.routes };
        },
        close: async () => undefined,
      },
      url: '',
      siteDir: this.#siteDir,
      onStop: () => undefined,
    });
    this.#store = store;
    this.#host = host;
    this.#kernel.trace(`${process.name} is ready`);
  }

  /** One agent, and a wiring for each chat of each platform. */
  async #furnish(store: Store): Promise<void> {
    await store.transaction(async (sql) => {
      await addAgent(sql, AGENT, 1);
      for (const { name } of this.#platforms) {
        await addUser(sql, ownerOf(name), 'owner');
        for (const chat of this.#chats) {
          const modes = { engageMode: 'always', sessionMode: 'per-thread' } as const;
          await addWiring(sql, { channel: name, chat, agent: AGENT.id, ...modes });
        }
      }
    });
  }
}

/** Nobody here speaks to a model; the door can still fail to open. */
function noWayOut(process: Process): HostParts['egress'] {
  const nothing = (): never => {
    throw new Error('there is no model');
  };
  return {
    known: { keys: [], ollama: null },
    listen: () => undefined,
    open: () => process.wait('open the way out', () => ({ close: async () => undefined })),
    look: nothing,
    keep: nothing,
    test: nothing,
    list: nothing,
    budgets: nothing,
    setBudget: nothing,
    answerStop: nothing,
    alertTold: nothing,
    hosts: nothing,
    allowHost: nothing,
    removeHost: nothing,
    grantHost: nothing,
    record: () => process.wait('write the audit', () => undefined),
    secrets: nothing,
    keepSecret: nothing,
    rotate: nothing,
    requestRules: nothing,
    addRequestRules: nothing,
    removeRequestRules: nothing,
  };
}

function requestOf(method: string, path: string): ApiRequest {
  return {
    method,
    path,
    query: new URLSearchParams(),
    headers: {},
    body: (async function* () {})(),
    local: { address: '', port: 0 },
    signal: new AbortController().signal,
    cut: () => undefined,
  };
}

function logTo(process: Process): Log {
  const line = (what: string, fields: object = {}) =>
    process.kernel.trace(`${process.name}: ${what} ${JSON.stringify(fields)}`);
  return { info: line, warn: line, error: line };
}
