/**
 * One host, put together: the only place that constructs (design.md §2). Everything it makes it also ends, in reverse.
 *
 *   terminal --accept--> router --nudge--> supervisor --> inbound.db --> runner --> outbound.db
 *       ^------------- delivery engine <-- row checker <-- sweep <--------------------'
 */
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Channel } from '@bellhop/channels';
import { createTerminalChannel } from '@bellhop/channels/terminal';
import { createAccessGate } from './access/gate.ts';
import { createConversationLog } from './api/conversation-log.ts';
import { createLocalApp } from './api/local-app.ts';
import { createModelRoutes } from './api/model-routes.ts';
import { type Listener, listenOnSocket } from './api/server.ts';
import { createSpool } from './api/spool.ts';
import { createStatusReader } from './api/status.ts';
import { conversationName, Watchers } from './api/stream.ts';
import { createRowChecker } from './delivery/check.ts';
import { Engine } from './delivery/engine.ts';
import type { Egress, EgressListener } from './egress/port.ts';
import { readUsageSums } from './egress/usage/report.ts';
import { firstStart } from './first-start.ts';
import { type Folders, makeFolder } from './folders.ts';
import { DEMO_HARNESS } from './model/choose.ts';
import { openModels } from './model/models.ts';
import { createRouter } from './router/router.ts';
import type { SandboxRuntime } from './sandboxes/port.ts';
import { nextOccurrence } from './schedule/series.ts';
import { createEnqueuer } from './sessions/enqueue.ts';
import { createMailboxes } from './sessions/mailboxes.ts';
import { safeName } from './sessions/names.ts';
import { forgetEvents, spooledFiles } from './store/events.ts';
import type { Store } from './store/port.ts';
import type { Watcher } from './supervisor/port.ts';
import { Supervisor } from './supervisor/supervisor.ts';
import type { Clock, Log, SessionId, Settings } from './types.ts';

const REMEMBER_EVENTS_MS = 30 * 86_400_000;
const MAX_VALUE_BYTES = 1_000_000;
const MAX_ROWS = 50;

export interface HostParts {
  readonly folders: Folders;
  readonly store: Store;
  readonly settings: Settings;
  readonly runtime: SandboxRuntime;
  /** Started already; it is the caller's, who ends it last. */
  readonly egress: Egress & { listen(listener: EgressListener): void };
  readonly runnerDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The platforms, each under its own name, beside the terminal, which the host serves itself. */
  readonly channels: readonly Channel[];
  readonly version: string;
  /** BELLHOP_HARNESS: what every agent runs, whatever model it has; null for each its own. */
  readonly harness: string | null;
  /** Where the page is. */
  readonly url: string;
  /** Someone asked for the end by the API. */
  readonly onStop: () => void;
}

export interface Host {
  /** Resolves when nothing runs and nothing is on its way. The owner's socket still answers. */
  stop(): Promise<void>;
  /** The very last: who waits for the host to be gone waits for this. */
  closeSocket(): Promise<void>;
}

export async function startHost(parts: HostParts): Promise<Host> {
  const { folders, store, settings, runtime, egress, clock, log } = parts;
  const installId = await firstStart(
    store,
    parts.harness ?? DEMO_HARNESS,
    randomUUID().slice(0, 8),
    clock.now(),
  );
  await stopLeftovers(runtime, installId, log);
  // Sockets of the dead: nobody is left to connect to them.
  await rm(join(folders.dataDir, 'run'), { recursive: true, force: true });
  await makeFolder(folders, 'passage', 'run');
  await store.transaction((sql) => forgetEvents(sql, clock.now() - REMEMBER_EVENTS_MS));
  const spool = createSpool(folders.dataDir, settings.maxFileBytes, safeName);
  const claimed = (await spooledFiles(store.read)).join('\n');
  await spool.removeUnclaimed(clock.now(), (id) => claimed.includes(id));

  const watchers = new Watchers();
  const terminal = createTerminalChannel(createConversationLog('terminal', store, clock, watchers));
  const channels = new Map<string, Channel>([terminal, ...parts.channels].map((c) => [c.name, c]));
  const mailboxes = createMailboxes(folders, {
    maxFileBytes: settings.maxOutboundBytes,
    maxValueBytes: MAX_VALUE_BYTES,
    maxRows: MAX_ROWS,
  });
  const delivery = new Engine({
    store,
    channels,
    clock,
    log,
    onEnd: (end) => supervisor.deliveryEnded(end.session),
  });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const models = await openModels({
    store,
    known: () => egress.known,
    forcedHarness: parts.harness,
    renew: (agent, why) => supervisor.renew(agent, why),
  });
  const supervisor: Supervisor = new Supervisor({
    store,
    mailboxes,
    runtime,
    egress,
    models,
    folders,
    clock,
    log,
    settings,
    delivery,
    zone,
    nextOccurrence: (row, nowMs) => nextOccurrence(row, nowMs, zone),
    enqueuer: createEnqueuer({ store, mailboxes, folders }),
    checker: createRowChecker({ mailboxes, settings, clock, warning: runtime.warning }),
    watcher: createWatcher(watchers, channels),
    random: Math.random,
    markPrefix: `bellhop:${installId}:`,
    runnerDir: parts.runnerDir,
  });
  const router = createRouter({
    store,
    access: createAccessGate(store),
    clock,
    log,
    newSessionId: () => randomUUIDv7() as SessionId,
    nudge: (session) => supervisor.nudge(session),
  });

  egress.listen({ call: (call) => supervisor.modelCalled(call), known: () => models.lookAgain() });
  await delivery.start();
  await supervisor.start();
  for (const channel of channels.values()) {
    await channel.start({ accept: (event) => router.accept(channel.name, event) });
  }
  const status = createStatusReader({ ...parts, models, supervisor, startedMs: clock.now() });
  const local = createLocalApp({
    store,
    models,
    channel: terminal,
    supervisor,
    watchers,
    spool,
    settings,
    clock,
    status,
    stop: parts.onStop,
  });
  const modelRoutes = createModelRoutes({
    store,
    models,
    egress,
    usage: (by) => readUsageSums(join(folders.dataDir, 'egress'), by),
  });
  const socket: Listener = await listenOnSocket(folders.dataDir, [...local, ...modelRoutes], log);
  return {
    async stop() {
      // New work first: what was accepted is durable, what was not is refused. Then what runs, then what is on its way.
      for (const channel of channels.values()) await channel.stop();
      await supervisor.stop();
      await delivery.stop();
    },
    closeSocket: () => socket.close(),
  };
}

/** A dead host's sandboxes: stopped and verified gone before anything starts, so that no session ever has two. */
async function stopLeftovers(runtime: SandboxRuntime, installId: string, log: Log): Promise<void> {
  const leftovers = await runtime.leftovers(installId);
  await Promise.all(leftovers.map((leftover) => leftover.kill()));
  if (leftovers.length > 0) log.warn('sandboxes of a dead host stopped', { count: leftovers.length });
}

function createWatcher(watchers: Watchers, channels: ReadonlyMap<string, Channel>): Watcher {
  const nameOf = (s: { channel: string; chat: string; thread: string | null }) =>
    conversationName(s.channel, s.chat, s.thread);
  return {
    receipt: (session, message, state, reason) =>
      watchers.tell(nameOf(session), { type: 'receipt', message, state, reason }),
    live: (session, turn, text) => watchers.tell(nameOf(session), { type: 'live', turn, text }),
    ledger: () => undefined,
    typing: (session, on) => channels.get(session.channel)?.typing(session.chat, session.thread, on),
  };
}
