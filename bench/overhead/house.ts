/**
 * A real host in this process, on a data folder of its own: real store, a real sandbox, the instant harness, and the
 * watched channel wired to its agent. What it opens it closes; the folder is the caller's.
 */
import { randomUUIDv7 } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createServedChannel, localChat, ownerOn, type ServedChannel } from '@bellhop/channels/served';
import { listenForPage } from '../../packages/host/src/api/server.ts';
import { systemClock } from '../../packages/host/src/clock.ts';
import { prepareDataFolder } from '../../packages/host/src/data-folder.ts';
import { createDisk } from '../../packages/host/src/disk.ts';
import { takeEnvironment } from '../../packages/host/src/egress/environment.ts';
import { EgressProcess } from '../../packages/host/src/egress/process.ts';
import { makeFolder } from '../../packages/host/src/folders.ts';
import { startHost } from '../../packages/host/src/host.ts';
import { openLog } from '../../packages/host/src/log.ts';
import { ensureRunner } from '../../packages/host/src/runner-bundle.ts';
import {
  chooseRuntime,
  createBwrapRuntime,
  createDockerRuntime,
  SandboxUnavailable,
} from '../../packages/host/src/sandboxes/index.ts';
import { readSettings } from '../../packages/host/src/settings.ts';
import { listAgents } from '../../packages/host/src/store/agents.ts';
import { openGenerations } from '../../packages/host/src/store/generations.ts';
import { openStore } from '../../packages/host/src/store/sqlite.ts';
import { BENCH_CHANNEL, type Moments, watchedChannel } from './channel.ts';
import { type CountedStore, countedStore } from './commits.ts';

/** No commit for this long: the host has done all that a message asked of it. */
const QUIET_MS = 15;
const MESSAGE_PATIENCE_MS = 20_000;

export interface Exchange {
  /**
   * performance.now() of each. `working` is when the host heard that a turn had claimed the message: a little later than
   * the claim, and at the latest when its answer was sent.
   */
  readonly acceptMs: number;
  readonly workingMs: number;
  readonly sendMs: number;
  /** `sessions/<agent>/<session>` in the data folder. */
  readonly mailbox: string;
}

export type BenchSandbox = 'bwrap' | 'docker';

export interface House {
  readonly store: CountedStore;
  /** One message there and its answer back. `onSend` is called when the send is entered. */
  exchange(onSend?: () => void): Promise<Exchange>;
  /** Resolves when the host has nothing left to do for what was said. */
  quiet(): Promise<void>;
  /** Resolves when no sandbox is left; for a house whose idle time is short. */
  asleep(): Promise<void>;
  stop(): Promise<void>;
}

/** Rejects with SandboxUnavailable where that sandbox cannot be had. */
export async function openHouse(sandbox: BenchSandbox, dataDir: string, idleStopMs?: number): Promise<House> {
  const hostUid = process.getuid?.() ?? 0;
  const hostGid = process.getgid?.() ?? 0;
  const folders = await prepareDataFolder(dataDir, hostUid);
  const user = { dataDir, hostUid, hostGid };
  const say = (line: string) => console.error(line);
  const choice = await chooseRuntime(sandbox, [
    createDockerRuntime({ ...user, installId: 'bench', insisted: true, say }),
    createBwrapRuntime(user),
  ]);
  if (!choice.ok) throw new SandboxUnavailable(choice.why, choice.install);
  const store = countedStore(openStore(join(dataDir, 'bellhop.db')));
  const log = openLog(dataDir, systemClock.now);
  const moments = { accept: ignore, send: ignore, working: ignore, idle: ignore };
  const watched = {
    accept: () => moments.accept(),
    send: () => moments.send(),
    working: () => moments.working(),
    idle: () => moments.idle(),
  } satisfies Moments;
  const channels: ServedChannel[] = [];
  // Nobody opens it: the page costs what it costs by being there.
  const siteDir = join(dataDir, 'no-page');
  await mkdir(join(siteDir, 'assets'), { recursive: true });
  const settings = readSettings(dataDir);
  await makeFolder(folders, 'private', 'egress');
  const egress = new EgressProcess({ folders, clock: systemClock, log, env: takeEnvironment({}) });
  egress.start();
  const host = await startHost({
    folders,
    store,
    settings: { ...settings, idleStopMs: idleStopMs ?? settings.idleStopMs },
    runtime: choice.runtime,
    others: [],
    egress,
    runnerDir: await ensureRunner(folders, ignore),
    clock: systemClock,
    newId: randomUUIDv7,
    disk: createDisk(dataDir),
    log,
    serve(name, conversations) {
      const isWatched = name === BENCH_CHANNEL;
      const made = isWatched
        ? watchedChannel(conversations, watched)
        : createServedChannel(name, conversations);
      if (isWatched) channels.push(made);
      return made;
    },
    channels: [],
    version: 'bench',
    timeZone: 'UTC',
    harness: 'instant',
    page: await listenForPage('127.0.0.1', 0, log),
    url: '',
    siteDir,
    onStop: ignore,
  });
  const [agent] = await listAgents(store.read);
  if (!agent) throw new Error('the first start made no agent');
  const chat = localChat(agent.name);
  const [channel] = channels;
  if (!channel) throw new Error('the host made no channel to watch');

  async function exchange(onSend: () => void = ignore): Promise<Exchange> {
    const at = { acceptMs: 0, workingMs: 0, sendMs: 0 };
    const sent = Promise.withResolvers<void>();
    const failed = setTimeout(() => sent.reject(new Error('no answer came')), MESSAGE_PATIENCE_MS);
    moments.accept = () => {
      at.acceptMs = performance.now();
    };
    moments.working = () => {
      at.workingMs = performance.now();
    };
    moments.send = () => {
      at.sendMs = performance.now();
      onSend();
      sent.resolve();
    };
    const accepted = await channel?.receive({
      kind: 'message',
      id: randomUUIDv7(),
      chat,
      thread: 'main',
      sender: { id: ownerOn(BENCH_CHANNEL), name: 'you' },
      sentAt: Date.now(),
      text: 'How long does this take?',
      files: [],
      isMention: true,
      isGroup: false,
    });
    if (accepted?.kind !== 'accepted') throw new Error('the host refused a message');
    await sent.promise;
    clearTimeout(failed);
    return {
      ...at,
      workingMs: at.workingMs || at.sendMs,
      mailbox: join(dataDir, 'sessions', agent?.id ?? '', accepted.sessions[0] ?? ''),
    };
  }

  async function quiet(): Promise<void> {
    while (performance.now() - store.counts.lastMs < QUIET_MS) await delay(QUIET_MS / 3);
  }

  return {
    store,
    exchange,
    quiet,
    async asleep() {
      while ((await openGenerations(store.read)).length > 0) await delay(QUIET_MS);
      await quiet();
    },
    async stop() {
      await host.stop();
      await egress.stop();
      await host.closeSocket();
      await store.close();
      log.close();
    },
  };
}

function ignore(): void {
  // Nobody watches between two messages.
}
