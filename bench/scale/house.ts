/**
 * A real host in this process with the instant harness, and a channel that notes every reply: its thread, its text, its
 * time. Real store, real bubblewrap.
 */
import { randomUUIDv7 } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
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
import { chooseRuntime, createBwrapRuntime } from '../../packages/host/src/sandboxes/index.ts';
import { readSettings } from '../../packages/host/src/settings.ts';
import { listAgents } from '../../packages/host/src/store/agents.ts';
import { openStore } from '../../packages/host/src/store/sqlite.ts';
import type { Settings } from '../../packages/host/src/types.ts';

const CHANNEL = 'web';
const PATIENCE_MS = 60_000;

export interface Reply {
  readonly thread: string;
  readonly text: string;
  readonly atMs: number;
}

export interface House {
  readonly replies: Reply[];
  /** Resolves when it is accepted. */
  say(thread: string, text: string): Promise<void>;
  /** Resolves when there are so many replies. */
  until(replies: number): Promise<void>;
  stop(): Promise<void>;
}

export async function openHouse(dataDir: string, change: Partial<Settings>): Promise<House> {
  const hostUid = process.getuid?.() ?? 0;
  const hostGid = process.getgid?.() ?? 0;
  const folders = await prepareDataFolder(dataDir, hostUid);
  const choice = await chooseRuntime('bwrap', [createBwrapRuntime({ dataDir, hostUid, hostGid })]);
  if (!choice.ok) throw new Error(`no sandbox can be used: ${choice.why}\n  ${choice.install}`);
  const store = openStore(join(dataDir, 'bellhop.db'));
  const log = openLog(dataDir, systemClock.now);
  const replies: Reply[] = [];
  const watch = { onReply: (): void => undefined };
  const channels: ServedChannel[] = [];
  const siteDir = join(dataDir, 'no-page');
  await mkdir(join(siteDir, 'assets'), { recursive: true });
  await makeFolder(folders, 'private', 'egress');
  const egress = new EgressProcess({ folders, clock: systemClock, log, env: takeEnvironment({}) });
  egress.start();
  const host = await startHost({
    folders,
    store,
    settings: { ...readSettings(dataDir), ...change },
    runtime: choice.runtime,
    others: [],
    egress,
    runnerDir: await ensureRunner(folders, () => undefined),
    clock: systemClock,
    newId: randomUUIDv7,
    disk: createDisk(dataDir),
    log,
    serve(name, conversations) {
      const made = createServedChannel(name, conversations);
      const heard: ServedChannel = {
        ...made,
        send(message, signal) {
          const { content, thread } = message;
          const text = content.kind === 'text' ? content.text : content.kind;
          replies.push({ thread: thread ?? '', text, atMs: performance.now() });
          watch.onReply();
          return made.send(message, signal);
        },
      };
      if (name === CHANNEL) channels.push(heard);
      return heard;
    },
    channels: [],
    page: await listenForPage('127.0.0.1', 0, log),
    siteDir,
    version: 'bench',
    timeZone: 'UTC',
    harness: 'instant',
    url: '',
    onStop: () => undefined,
  });
  const [agent] = await listAgents(store.read);
  if (!agent) throw new Error('the first start made no agent');
  const chat = localChat(agent.name);
  const [channel] = channels;
  if (!channel) throw new Error('the host made no channel to watch');
  return {
    replies,
    async say(thread, text) {
      const accepted = await channel.receive({
        kind: 'message',
        id: randomUUIDv7(),
        chat,
        thread,
        sender: { id: ownerOn(CHANNEL), name: 'you' },
        sentAt: Date.now(),
        text,
        files: [],
        isMention: true,
        isGroup: false,
      });
      if (accepted.kind === 'refused') throw new Error(`the host refused a message: ${accepted.reason}`);
    },
    until(count) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const failed = setTimeout(
        () => reject(new Error(`${replies.length} of ${count} replies came`)),
        PATIENCE_MS,
      );
      watch.onReply = () => {
        if (replies.length >= count) resolve();
      };
      watch.onReply();
      return promise.finally(() => clearTimeout(failed));
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
