/**
 * A real host in this process, on a data folder of its own: real store, real bubblewrap, the instant harness, and the
 * watched channel wired to its agent. What it opens it closes; the folder is the caller's.
 */
import { randomUUIDv7 } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LOCAL_USER, localChat } from '@bellhop/channels/terminal';
import { createConversationLog } from '../../packages/host/src/api/conversation-log.ts';
import { Watchers } from '../../packages/host/src/api/stream.ts';
import { systemClock } from '../../packages/host/src/clock.ts';
import { prepareDataFolder } from '../../packages/host/src/data-folder.ts';
import { takeEnvironment } from '../../packages/host/src/egress/environment.ts';
import { EgressProcess } from '../../packages/host/src/egress/process.ts';
import { makeFolder } from '../../packages/host/src/folders.ts';
import { startHost } from '../../packages/host/src/host.ts';
import { openLog } from '../../packages/host/src/log.ts';
import { ensureRunner } from '../../packages/host/src/runner-bundle.ts';
import { chooseRuntime, createBwrapRuntime } from '../../packages/host/src/sandboxes/index.ts';
import { readSettings } from '../../packages/host/src/settings.ts';
import { addWiring, listAgents } from '../../packages/host/src/store/agents.ts';
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

export async function openHouse(dataDir: string, idleStopMs?: number): Promise<House> {
  const hostUid = process.getuid?.() ?? 0;
  const hostGid = process.getgid?.() ?? 0;
  const folders = await prepareDataFolder(dataDir, hostUid);
  const choice = await chooseRuntime('bwrap', [createBwrapRuntime({ dataDir, hostUid, hostGid })]);
  if (!choice.ok) throw new Error(`no sandbox can be used: ${choice.why}\n  ${choice.install}`);
  const store = countedStore(openStore(join(dataDir, 'bellhop.db')));
  const log = openLog(dataDir, systemClock.now);
  const moments = { accept: ignore, send: ignore, working: ignore, idle: ignore };
  const channel = watchedChannel(createConversationLog(BENCH_CHANNEL, store, systemClock, new Watchers()), {
    accept: () => moments.accept(),
    send: () => moments.send(),
    working: () => moments.working(),
    idle: () => moments.idle(),
  } satisfies Moments);
  const settings = readSettings(dataDir);
  await makeFolder(folders, 'private', 'egress');
  const egress = new EgressProcess({ folders, clock: systemClock, log, env: takeEnvironment({}) });
  egress.start();
  const host = await startHost({
    folders,
    store,
    settings: { ...settings, idleStopMs: idleStopMs ?? settings.idleStopMs },
    runtime: choice.runtime,
    egress,
    runnerDir: await ensureRunner(folders, ignore),
    clock: systemClock,
    log,
    channels: [channel],
    version: 'bench',
    harness: 'instant',
    url: '',
    onStop: ignore,
  });
  const [agent] = await listAgents(store.read);
  if (!agent) throw new Error('the first start made no agent');
  const chat = localChat(agent.name);
  await store.transaction((sql) =>
    addWiring(sql, {
      channel: BENCH_CHANNEL,
      chat,
      agent: agent.id,
      engageMode: 'always',
      sessionMode: 'per-thread',
    }),
  );

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
    const session = await channel.receive({
      kind: 'message',
      id: randomUUIDv7(),
      chat,
      thread: 'main',
      sender: { id: LOCAL_USER, name: 'you' },
      sentAt: Date.now(),
      text: 'How long does this take?',
      files: [],
      isMention: true,
      isGroup: false,
    });
    await sent.promise;
    clearTimeout(failed);
    return {
      ...at,
      workingMs: at.workingMs || at.sendMs,
      mailbox: join(dataDir, 'sessions', agent?.id ?? '', session),
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
