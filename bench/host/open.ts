/**
 * A real host in this process, on a data folder of its own: real store, real egress process, a real sandbox, the instant
 * harness. What it opens it closes; the folder is the caller's.
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
import { openStore } from '../../packages/host/src/store/sqlite.ts';
import type { Settings } from '../../packages/host/src/types.ts';
import { type CountedStore, countedStore } from './counted.ts';

/** The one channel that is spoken through: its API and its socket are not in what is measured. */
const CHANNEL = 'web';
/** No commit for this long: the host has done all that it was asked. */
export const QUIET_MS = 15;
/** Whose agent image it is. */
export const INSTALL_ID = 'bench';

export type BenchSandbox = 'bwrap' | 'docker';

export interface BenchHost {
  readonly store: CountedStore;
  /** Says one thing as its owner. Resolves when it is accepted, with the folder of its session. */
  say(thread: string, text: string): Promise<string>;
  /** Resolves when the host has nothing left to do for what was said. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

export interface BenchHostOptions {
  readonly dataDir: string;
  readonly sandbox: BenchSandbox;
  readonly settings?: Partial<Settings>;
  /** Puts something around the channel, to see what goes through it. */
  watched(channel: ServedChannel): ServedChannel;
}

/** Rejects with SandboxUnavailable where that sandbox cannot be had. */
export async function openHost({
  dataDir,
  sandbox,
  settings,
  watched,
}: BenchHostOptions): Promise<BenchHost> {
  const hostUid = process.getuid?.() ?? 0;
  const folders = await prepareDataFolder(dataDir, hostUid);
  const user = { dataDir, hostUid, hostGid: process.getgid?.() ?? 0 };
  const choice = await chooseRuntime(sandbox, [
    createDockerRuntime({ ...user, installId: INSTALL_ID, insisted: true, say: console.error }),
    createBwrapRuntime(user),
  ]);
  if (!choice.ok) throw new SandboxUnavailable(choice.why, choice.install);
  const store = countedStore(openStore(join(dataDir, 'bellhop.db')));
  const log = openLog(dataDir, systemClock.now);
  // Nobody opens it: the page costs what it costs by being there.
  const siteDir = join(dataDir, 'no-page');
  await mkdir(join(siteDir, 'assets'), { recursive: true });
  await makeFolder(folders, 'private', 'egress');
  const egress = new EgressProcess({ folders, clock: systemClock, log, env: takeEnvironment({}) });
  egress.start();
  const opened = Promise.withResolvers<ServedChannel>();
  const host = await startHost({
    ...{ folders, store, egress, log, siteDir, clock: systemClock, runtime: choice.runtime, others: [] },
    ...{ timeZone: 'UTC', newId: randomUUIDv7, disk: createDisk(dataDir) },
    settings: { ...readSettings(dataDir), ...settings },
    runnerDir: await ensureRunner(folders, () => undefined),
    serve(name, conversations) {
      const made = createServedChannel(name, conversations);
      if (name !== CHANNEL) return made;
      const seen = watched(made);
      opened.resolve(seen);
      return seen;
    },
    channels: [],
    page: await listenForPage('127.0.0.1', 0, log),
    ...{ version: 'bench', harness: 'instant', url: '', onStop: () => undefined },
  });
  const channel = await opened.promise;
  const [agent] = await listAgents(store.read);
  if (!agent) throw new Error('the first start made no agent');
  return {
    store,
    async say(thread, text) {
      const accepted = await channel.receive(toEvent(localChat(agent.name), thread, text));
      if (accepted.kind === 'refused') throw new Error(`the host refused a message: ${accepted.reason}`);
      return join(dataDir, 'sessions', agent.id, accepted.sessions[0] ?? '');
    },
    async quiet() {
      while (performance.now() - store.counts.lastMs < QUIET_MS) await delay(QUIET_MS / 3);
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

function toEvent(chat: string, thread: string, text: string) {
  return {
    ...({ kind: 'message', id: randomUUIDv7(), chat, thread, text, files: [] } as const),
    sender: { id: ownerOn(CHANNEL), name: 'you' },
    ...{ sentAt: Date.now(), isMention: true, isGroup: false },
  };
}
