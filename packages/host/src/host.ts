/**
 * One host, put together: with apps.ts the only place that constructs (design.md §2). Everything it makes it also ends,
 * in reverse.
 *
 *   terminal, web --accept--> router --nudge--> supervisor --> inbound.db --> runner --> outbound.db
 *       ^---------------- delivery engine <-- row checker <-- sweep <-----------------'
 */
import { join } from 'node:path';
import type { Channel } from '@bellhop/channels';
import {
  type ConversationLog,
  SERVED_NAMES,
  type ServedChannel,
  type ServedName,
  threadOf,
} from '@bellhop/channels/served';
import { Approvals } from './access/approvals.ts';
import { createAccessGate } from './access/gate.ts';
import { createConversationLog, type ServedLog } from './api/conversation-log.ts';
import { type Listener, listenOnSocket, type PageListener } from './api/server.ts';
import { createSpool } from './api/spool.ts';
import { Watchers } from './api/stream.ts';
import { createWatcher } from './api/watcher.ts';
import { createApps } from './apps.ts';
import { noteHead } from './audit-head.ts';
import { Connections } from './connections/connections.ts';
import { createRowChecker } from './delivery/check.ts';
import { Engine } from './delivery/engine.ts';
import type { Disk } from './disk.ts';
import type { AuditTrail, Egress, EgressListener, Policy, Secrets, Spending } from './egress/port.ts';
import { readUsageOf } from './egress/usage/report.ts';
import { firstStart, installIdOf } from './first-start.ts';
import { type Folders, makeFolder } from './folders.ts';
import { DEMO_HARNESS } from './model/choose.ts';
import { openModels } from './model/models.ts';
import { createExtraMounts } from './mounts/mounts.ts';
import { openPackages } from './packages/packages.ts';
import { Retention } from './retention/retention.ts';
import { createCommands } from './router/commands.ts';
import { createRouter } from './router/router.ts';
import type { SandboxRuntime } from './sandboxes/port.ts';
import { nextOccurrence } from './schedule/series.ts';
import { createEnqueuer } from './sessions/enqueue.ts';
import { createMailboxes } from './sessions/mailboxes.ts';
import { safeName } from './sessions/names.ts';
import { createThreadOf } from './sessions/threads.ts';
import { createSkills } from './skills/skills.ts';
import { spooledFiles } from './store/events.ts';
import type { Store } from './store/port.ts';
import { forgetSignIns } from './store/sign-ins.ts';
import { tellAlert } from './supervisor/budget-alert.ts';
import { Supervisor } from './supervisor/supervisor.ts';
import type { AgentId, Clock, Log, SessionId, Settings } from './types.ts';

const MAX_VALUE_BYTES = 1_000_000;
const MAX_ROWS = 50;
/** An outbox of NanoClaw's, which kept all that it ever said: a million answers of 4 kB. */
const MAX_OLD_OUTBOUND_BYTES = 4 * 1024 ** 3;
/** All of Bellhop: who may change it owns the next start. */
const PROGRAM_DIR = join(import.meta.dirname, '../../..');

export interface HostParts {
  readonly folders: Folders;
  readonly store: Store;
  readonly settings: Settings;
  readonly runtime: SandboxRuntime;
  /** What an earlier host on this data may have used instead. */
  readonly others: readonly SandboxRuntime[];
  /** Started already; it is the caller's, who ends it last. */
  readonly egress: Egress &
    Spending &
    Policy &
    Secrets &
    AuditTrail & { listen(listener: EgressListener): void };
  readonly runnerDir: string;
  readonly clock: Clock;
  /** A name that nothing else has, and no later one sorts before. */
  readonly newId: () => string;
  readonly disk: Disk;
  readonly log: Log;
  /** Makes the channels that the host serves itself. */
  readonly serve: (name: ServedName, log: ConversationLog) => ServedChannel;
  /** The platforms, each under its own name. */
  readonly channels: readonly Channel[];
  readonly version: string;
  /** IANA name (time-zone.ts). */
  readonly timeZone: string;
  /** BELLHOP_HARNESS: what every agent runs, whatever model it has; null for each its own. */
  readonly harness: string | null;
  readonly page: PageListener;
  /** Address of the page, with a slash at its end. */
  readonly url: string;
  /** The built page. */
  readonly siteDir: string;
  /** Someone asked for the end by the API. */
  readonly onStop: () => void;
}

export interface Host {
  /** How many sandboxes of a dead host go on: on the runner that they were started with. */
  readonly takenOver: number;
  /** Why folders of settings.json are not shown, a sentence each. */
  readonly refusedFolders: readonly string[];
  /** Resolves when nothing runs and nothing is on its way. The owner's socket still answers. */
  stop(): Promise<void>;
  /** The address that signs a browser in, once, within this time. */
  signInLink(lifeMs: number): string;
  /** The very last: who waits for the host to be gone waits for this. */
  closeSocket(): Promise<void>;
}

export async function startHost(parts: HostParts): Promise<Host> {
  const { folders, store, settings, runtime, egress, clock, log } = parts;
  await firstStart(store, parts.harness ?? DEMO_HARNESS, clock.now());
  const installId = await installIdOf(store, parts.newId().slice(-8));
  await store.transaction((sql) => forgetSignIns(sql, clock.now()));
  const spool = createSpool(folders.dataDir, settings.maxFileBytes, safeName);
  const claimed = (await spooledFiles(store.read)).join('\n');
  await spool.removeUnclaimed(clock.now(), (id) => claimed.includes(id));

  const watchers = new Watchers();
  const served = SERVED_NAMES.map((name) => {
    const conversations = createConversationLog(name, { store, clock, watchers, log });
    return { name, log: conversations, channel: parts.serve(name, conversations) };
  });
  const logs = new Map<string, ServedLog>(served.map((one) => [one.name, one.log]));
  const channels = new Map<string, Channel>(
    [...served.map((one) => one.channel), ...parts.channels].map((c) => [c.name, c]),
  );
  const mailboxes = createMailboxes(folders, {
    maxFileBytes: settings.maxOutboundBytes,
    maxOldFileBytes: MAX_OLD_OUTBOUND_BYTES,
    maxValueBytes: MAX_VALUE_BYTES,
    maxRows: MAX_ROWS,
  });
  const delivery = new Engine({
    store,
    channels,
    isUp: (channel) => connections.isUp(channel),
    clock,
    log,
    onEnd: (end) => supervisor.deliveryEnded(end.session),
  });
  const egressDir = join(folders.dataDir, 'egress');
  const connections: Connections = new Connections({
    channels,
    store,
    clock,
    log,
    accept: (channel, event) => router.accept(channel, event),
    onUp: (channel) => void delivery.channelUp(channel),
  });
  const watcher = createWatcher({
    watchers,
    connections,
    sandbox: runtime.kind,
    threadOf: createThreadOf({ store, mailboxes }),
    log,
  });
  const models = await openModels({
    store,
    known: () => egress.known,
    forcedHarness: parts.harness,
    renew: (agent, why) => supervisor.renew(agent, why),
  });
  const extraMounts = createExtraMounts(settings, [folders.dataDir, PROGRAM_DIR]);
  const packages = await openPackages({
    store,
    runtime,
    log,
    dir: await makeFolder(folders, 'private', 'packages'),
    renew: (agent, why) => supervisor.renew(agent, why),
    record: (agent, target) =>
      egress.record({
        ...{ who: 'owner', what: 'packages changed', agent, session: '' },
        ...{ target, decision: 'done', detail: '' },
      }),
  });
  const skills = createSkills({
    store,
    folders,
    log,
    renew: (agent, why) => supervisor.renew(agent, why),
    record: (agent, target) =>
      egress.record({
        ...{ who: 'owner', what: 'skill switched', agent, session: '' },
        ...{ target, decision: 'done', detail: '' },
      }),
  });
  const supervisor: Supervisor = new Supervisor({
    store,
    mailboxes,
    runtime,
    egress,
    models,
    extraMounts,
    packages,
    skills,
    folders,
    clock,
    log,
    settings,
    delivery,
    zone: parts.timeZone,
    nextOccurrence: (row, nowMs) => nextOccurrence(row, nowMs, parts.timeZone),
    enqueuer: createEnqueuer({ store, mailboxes, folders }),
    checker: createRowChecker({
      store,
      mailboxes,
      settings,
      clock,
      warning: runtime.warning,
      allowedHosts: async (agent) =>
        (await egress.hosts()).filter((rule) => rule.agent === agent).map(({ host }) => host),
    }),
    watcher,
    random: Math.random,
    markPrefix: `bellhop:${installId}:`,
    runnerDir: parts.runnerDir,
    disk: parts.disk,
    stopLeftovers: () => stopLeftovers(runtime, parts.others, installId, log),
  });
  const router = createRouter({
    store,
    access: createAccessGate(store),
    clock,
    log,
    newSessionId: () => parts.newId() as SessionId,
    nudge: (session) => supervisor.nudge(session),
    commands: createCommands({
      supervisor,
      sandbox: runtime.kind,
      version: parts.version,
      model: { models, usage: (by, key) => readUsageOf(egressDir, by, key) },
    }),
    delivery,
    answered: (session, message) => watcher.receipt(session, message, 'answered', null),
    journal: async (sql, channel, event) => logs.get(channel)?.journal(sql, event),
  });

  const approvals = new Approvals({
    store,
    policy: egress,
    audit: egress,
    delivery,
    clock,
    log,
    nudge: (session) => supervisor.nudge(session),
    ended({ channel, chat, thread }, question, option) {
      const key = { channel, chat, thread: threadOf(thread) };
      watchers.tell(key, { type: 'answered', question, option });
      logs.get(channel)?.changed(chat, key.thread);
    },
  });
  egress.listen({
    call: (call) => supervisor.modelCalled(call),
    known: () => models.lookAgain(),
    parked: (agent) => supervisor.renew(agent as AgentId, 'its budget is used up'),
    alert: (alert) => {
      const told = tellAlert({ store, delivery, clock }, alert).then(() => egress.alertTold(alert.id));
      told.catch((error: unknown) =>
        log.error('budget alert', { session: alert.session, error: String(error) }),
      );
    },
    ask: (ask) => approvals.ask(ask),
    auditHead: (head) => {
      noteHead(folders.dataDir, head).catch((error: unknown) =>
        log.warn('length of the audit not noted', { error: String(error) }),
      );
    },
  });
  await delivery.start();
  const takenOver = await supervisor.start();
  packages.start();
  await approvals.start();
  const retention = new Retention({ store, mailboxes, settings, dataDir: folders.dataDir, clock, log });
  retention.start();
  connections.start();
  const { page, owner, links } = createApps({
    ...parts,
    ...{ installId, mailboxes, supervisor, models, watchers, spool, served, approvals, packages, skills },
    connections,
  });
  parts.page.serve(page);
  const socket: Listener = await listenOnSocket(folders.dataDir, owner, log);
  return {
    takenOver,
    refusedFolders: await extraMounts.refusals(),
    async stop() {
      // New work first: what was accepted is durable, what was not is refused. Then what runs, then what is on its way.
      await connections.stop();
      await packages.stop();
      await retention.stop();
      approvals.stop();
      await supervisor.stop();
      await delivery.stop();
      await parts.page.close();
    },
    signInLink: (lifeMs) => `${parts.url}in/${links.issue(lifeMs).token}`,
    closeSocket: () => socket.close(),
  };
}

/** What a dead host left and nobody took over: verified gone before anything starts, in every runtime there is. */
async function stopLeftovers(
  runtime: SandboxRuntime,
  others: readonly SandboxRuntime[],
  installId: string,
  log: Log,
): Promise<void> {
  const found = await Promise.all([
    runtime.leftovers(installId),
    ...others.map((other) =>
      other.leftovers(installId).catch((error: Error) => {
        // An engine that is off runs nothing, and whoever does not use it must be able to start.
        log.warn('leftovers unknown', { sandbox: other.kind, error: error.message });
        return [];
      }),
    ),
  ]);
  const leftovers = found.flat();
  await Promise.all(leftovers.map((leftover) => leftover.kill()));
  if (leftovers.length > 0) log.warn('leftovers of a dead host stopped', { count: leftovers.length });
}
