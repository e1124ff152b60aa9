/**
 * A whole host but for its API: router, supervisor, delivery and mailboxes are the real ones, on a real store and real
 * folders; the channel, the clock and the sandboxes are fakes. `restart` is a host that died and one that came after it.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Accepted, MessageEvent } from '@bellhop/channels';
import type { SnapshotLimits } from '@bellhop/mailbox/host';
import { createAccessGate } from '../../src/access/gate.ts';
import { createRowChecker } from '../../src/delivery/check.ts';
import { Engine } from '../../src/delivery/engine.ts';
import type { UsageSum } from '../../src/egress/port.ts';
import type { Folders } from '../../src/folders.ts';
import { openModels } from '../../src/model/models.ts';
import type { Models } from '../../src/model/port.ts';
import { createExtraMounts } from '../../src/mounts/mounts.ts';
import { createCommands } from '../../src/router/commands.ts';
import type { ModelCommandsDeps } from '../../src/router/model-commands.ts';
import { createRouter } from '../../src/router/router.ts';
import type { SandboxRuntime } from '../../src/sandboxes/port.ts';
import { nextOccurrence } from '../../src/schedule/series.ts';
import { createEnqueuer } from '../../src/sessions/enqueue.ts';
import { createMailboxes } from '../../src/sessions/mailboxes.ts';
import type { Mailboxes } from '../../src/sessions/port.ts';
import { readSettings } from '../../src/settings.ts';
import type { Skills } from '../../src/skills/port.ts';
import { createSkills } from '../../src/skills/skills.ts';
import type { Store } from '../../src/store/port.ts';
import { sessionById } from '../../src/store/sessions.ts';
import { Supervisor } from '../../src/supervisor/supervisor.ts';
import type { Clock, Session, SessionId, Settings } from '../../src/types.ts';
import { FakeChannel } from '../fake-channel.ts';
import { message } from '../router/events.ts';
import { openStoreWorld, type StoreWorld } from '../store-world.ts';
import type { Ending } from '../temp-folder.ts';
import { until } from '../until.ts';
import { FakeEgress } from './fake-egress.ts';
import { FakeRuntime } from './fake-runtime.ts';

const limits = {
  ...{ maxFileBytes: 4_000_000, maxOldFileBytes: 64_000_000 },
  ...{ maxValueBytes: 1_000_000, maxRows: 200 },
};

export interface House extends StoreWorld {
  readonly runtime: FakeRuntime;
  readonly egress: FakeEgress;
  readonly channel: FakeChannel;
  readonly mailboxes: Mailboxes;
  /** What commands know of; its sandboxes run the agent's own harness all the same. */
  readonly models: Models;
  /** By `session ID` or `agent ID`. */
  readonly used: Map<string, UsageSum>;
  readonly settings: Settings;
  readonly skills: Skills;
  /** What agents run on, by their ids. */
  readonly images: Map<string, string>;
  /** `message state` or `typing on`, as watchers were told. */
  readonly told: string[];
  /** How much is free, and what each session's folders hold. */
  readonly disk: { free: number; held: number; counted: number };
  supervisor: Supervisor;
  engine: Engine;
  /** Accepts a message; returns the first session it went to. */
  say(id: string, change?: Partial<MessageEvent>): Promise<Session>;
  accept(id: string, change?: Partial<MessageEvent>): Promise<Accepted>;
  stateOf(id: string): Promise<string>;
  /** Waits until the message is answered, or has failed. */
  end(id: string, state: 'answered' | 'failed'): Promise<void>;
  generations(): Promise<{ number: number; state: string; costs: number; reason: string | null }[]>;
  dueMs(): Promise<number | null>;
  /** Waits until a retry is scheduled and its timer set, then moves the clock there; returns how long that was. */
  advanceToRetry(): Promise<number>;
  /** Another supervisor and engine on the same data; the earlier ones are forgotten as a dead process is. */
  rehouse(store?: Store): void;
  sockets(): string[];
}

/** What a house with real sandboxes has in place of the fakes. */
export interface RealParts {
  readonly runtime: SandboxRuntime;
  readonly runnerDir: string;
  readonly clock: Clock;
  readonly user: Folders['user'];
  readonly limits: SnapshotLimits;
}

export async function openHouse(
  t: Ending,
  change: Partial<Settings> = {},
  real: (dataDir: string) => Promise<RealParts | null> = async () => null,
): Promise<House> {
  const world = await openStoreWorld(t);
  const { dir, clock, log, store } = world;
  const settings = { ...readSettings(dir), maxAwake: 8, ...change };
  const runtime = new FakeRuntime(clock);
  const egress = new FakeEgress();
  const channel = new FakeChannel();
  const parts = await real(dir);
  const ticking = parts?.clock ?? clock;
  const folders = { dataDir: dir, user: parts?.user ?? null };
  const mailboxes = createMailboxes(folders, parts?.limits ?? limits);
  const images = new Map<string, string>();
  const skills = createSkills({
    store,
    folders,
    log,
    record: async () => undefined,
    renew: (agent, why) => house.supervisor.renew(agent, why),
  });
  const told: string[] = [];
  const disk = { free: Number.MAX_SAFE_INTEGER, held: 0, counted: 0 };
  const counter = { sessions: 0 };

  const build = (on: Store): { supervisor: Supervisor; engine: Engine } => {
    const delivery = new Engine({
      store: on,
      channels: new Map([[channel.name, channel]]),
      isUp: () => true,
      clock: ticking,
      log,
      onEnd: (end) => supervisor.deliveryEnded(end.session),
    });
    const supervisor: Supervisor = new Supervisor({
      store: on,
      mailboxes,
      runtime: parts?.runtime ?? runtime,
      egress,
      models: { of: (agent) => ({ by: 'nobody', endpoint: null, config: null, harness: agent.harness }) },
      extraMounts: createExtraMounts(settings, [dir]),
      packages: { imageOf: (agent) => images.get(agent) ?? null },
      skills,
      folders,
      clock: ticking,
      log,
      settings,
      delivery,
      zone: 'UTC',
      nextOccurrence: (row, nowMs) => nextOccurrence(row, nowMs, 'UTC'),
      enqueuer: createEnqueuer({ store: on, mailboxes, folders }),
      checker: createRowChecker({
        store: on,
        mailboxes,
        settings,
        clock: ticking,
        warning: null,
        allowedHosts: async () => [],
      }),
      watcher: {
        receipt: (_session, id, state) => void told.push(`${id} ${state}`),
        live: (_session, _turn, text, whole) => void told.push(`live ${whole ? '(anew) ' : ''}${text}`),
        ledger: (_session, turn) =>
          void told.push(
            `ledger ${turn ? turn.tools.map((tool) => `${tool.name} ${tool.ok}`).join() : 'none'}${
              turn?.usage ? ` after ${turn.usage.calls} calls` : ''
            }`,
          ),
        typing: (_session, on) => void told.push(`typing ${on ? 'on' : 'off'}`),
      },
      random: () => 0,
      markPrefix: 'bellhop:test:',
      runnerDir: parts?.runnerDir ?? join(dir, 'runner'),
      disk: {
        freeBytes: async () => disk.free,
        heldBytes: async () => {
          disk.counted += 1;
          return disk.held;
        },
      },
      stopLeftovers: async () => {
        for (const leftover of await runtime.leftovers()) await leftover.kill();
      },
    });
    return { supervisor, engine: delivery };
  };
  const living = { now: mortal(store) };
  const first = build(living.now.store);
  const models = await openModels({
    store,
    known: () => egress.known,
    forcedHarness: null,
    renew: (agent, why) => house.supervisor.renew(agent, why),
  });
  const used = new Map<string, UsageSum>();
  const model: ModelCommandsDeps = { models, usage: (by, key) => used.get(`${by} ${key}`) ?? null };
  const router = createRouter({
    store,
    access: createAccessGate(store),
    clock: ticking,
    log,
    newSessionId: () => `session-${++counter.sessions}` as SessionId,
    nudge: (session) => house.supervisor.nudge(session),
    commands: createCommands({ supervisor: first.supervisor, sandbox: 'fake', version: '0', model }),
    delivery: first.engine,
    answered: (_session, id) => void told.push(`${id} answered`),
    journal: async () => undefined,
  });
  const accept: House['accept'] = (id, event = {}) => router.accept(channel.name, message(id, event));
  const dueMs = async (): Promise<number | null> => {
    const [row] = await store.read.all('SELECT min(due_ms) AS due FROM due WHERE due_ms > 0');
    return typeof row?.due === 'number' ? row.due : null;
  };
  const house: House = {
    ...world,
    runtime,
    egress,
    channel,
    mailboxes,
    models,
    used,
    settings,
    images,
    skills,
    told,
    disk,
    ...first,
    accept,
    dueMs,
    async say(id, event) {
      const accepted = await accept(id, event);
      if (accepted.kind === 'refused') throw new Error(accepted.reason);
      const session = await sessionById(store.read, (accepted.sessions[0] ?? '') as SessionId);
      if (!session) throw new Error('no session');
      return session;
    },
    async stateOf(id) {
      const [row] = await store.read.all('SELECT state FROM targets WHERE message_id = ?', id);
      return String(row?.state);
    },
    async end(id, state) {
      await until(`${id} is ${state}`, async () => (await house.stateOf(id)) === state);
    },
    async generations() {
      const rows = await store.read.all(
        'SELECT number, state, costs, reason FROM generations ORDER BY session_id, number',
      );
      return rows.map((row) => ({ ...row }) as never);
    },
    async advanceToRetry() {
      await until('a retry is scheduled', async () => {
        const atMs = await dueMs();
        return atMs !== null && atMs > clock.now() && clock.isSetFor(atMs);
      });
      const waitMs = ((await dueMs()) ?? 0) - clock.now();
      clock.advance(waitMs);
      return waitMs;
    },
    rehouse(on = store) {
      living.now.die();
      living.now = mortal(on);
      Object.assign(house, build(living.now.store));
    },
    sockets: () => readdirSync(join(dir, 'run'), { recursive: true }).map(String),
  };
  await house.supervisor.start();
  // In reverse order of their making; a test may have stopped them already.
  t.after(async () => {
    for (const life of runtime.running) life.exit(0);
    await house.supervisor.stop();
  });
  return house;
}

/** A store as one process has it: after its death nothing is answered to it any more. */
function mortal(store: Store): { store: Store; die: () => void } {
  const state = { dead: false };
  const never = new Promise<never>(() => undefined);
  return {
    die: () => {
      state.dead = true;
    },
    store: {
      read: {
        all: (...q) => (state.dead ? never : store.read.all(...q)),
        run: (...q) => store.read.run(...q),
      },
      transaction: (work) => (state.dead ? never : store.transaction(work)),
      close: () => store.close(),
    },
  };
}

/** The notices that people were sent. */
export function notices(house: House): string[] {
  return house.channel.confirmed.flatMap(({ content }) =>
    content.kind === 'text' && content.notice ? [content.text] : [],
  );
}
