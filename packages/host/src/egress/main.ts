/**
 * The egress process: a child of the host, and the one way out of every sandbox. It holds the keys; the host holds
 * their names.
 *
 * One argument (EgressConfig), frames on stdin and stdout (frames.ts). It ends when stdin does: it never outlives its
 * host. Nothing is written to stdout but frames, and no key anywhere.
 */

import { join } from 'node:path';
import { clip } from '@bellhop/mailbox';
import type { AuditEntry } from './audit/chain.ts';
import { createDoorTrail } from './audit/door-trail.ts';
import { ownerRows } from './audit/owner-rows.ts';
import { RefusalRows } from './audit/refusals.ts';
import { Trail } from './audit/trail.ts';
import { heldOfAll, heldOfSession } from './body.ts';
import { type Handlers as DoorHandlers, type OpenDoor, openDoor } from './door.ts';
import { Authority } from './ending/authority.ts';
import { ENDER_LIMITS, Ender } from './ending/ender.ts';
import { wayBy } from './ending/judge-request.ts';
import { type ForwardDeps, forward } from './forward.ts';
import {
  EGRESS_REFUSED,
  type EgressConfig,
  type EgressToHost,
  type HostToEgress,
  type RequestName,
  type Requests,
  readLines,
  toLine,
} from './frames.ts';
import { Keys } from './keys.ts';
import { Asking } from './policy/asking.ts';
import { Grants } from './policy/grants.ts';
import { RequestRules } from './policy/requests.ts';
import { resolveAll } from './policy/resolve.ts';
import { Rules } from './policy/rules.ts';
import { TUNNEL_LIMITS } from './policy/tunnel.ts';
import { Tunnels } from './policy/tunnels.ts';
import { type DoorPlan, EgressError, type Known } from './port.ts';
import { askOllama, listModels, testModel } from './probe.ts';
import { refuse } from './refusals.ts';
import { Secrets } from './secrets.ts';
import { createUpstream } from './upstream.ts';
import { Budgets } from './usage/budgets.ts';
import { Ledger } from './usage/ledger.ts';
import { openPrices } from './usage/prices.ts';
import { checkPurse, letOut, type PurseDeps } from './usage/purse.ts';
import { openUsageDb } from './usage/usage-db.ts';
import { Vault } from './vault.ts';

type Handlers = {
  readonly [Name in RequestName]: (asks: Requests[Name]['asks']) => Promise<Requests[Name]['brings']>;
};

/** A row of an agent's may be the 50th that was not told yet; the owner's are told at once. */
const TELL_HEAD_EVERY = 50;

function say(frame: EgressToHost): void {
  process.stdout.write(toLine(frame));
}

async function main(config: EgressConfig, env: NodeJS.ProcessEnv): Promise<void> {
  // What is shared with a sandbox gets its rights one by one.
  process.umask(0o077);
  const dir = join(config.dataDir, 'egress');
  const warn = (what: string) => say({ t: 'warn', what });
  const vault = new Vault(dir, env.BELLHOP_KEY || undefined);
  const keys = new Keys(vault, env);
  const db = openUsageDb(dir);
  const budgets = new Budgets(db);
  const prices = openPrices(dir, warn);
  prices();
  const ollamaBase = ollamaUrl(env.OLLAMA_HOST);
  const all = heldOfAll();
  const deps: ForwardDeps = {
    upstream: createUpstream(),
    keyOf: (endpoint) => keys.of(endpoint),
    now: () => performance.now(),
    held: [all],
  };
  const state: { ollama: Known['ollama'] } = { ollama: null };
  const known = (): Known => ({ keys: keys.states, ollama: state.ollama });
  const doors = new Map<string, OpenDoor>();
  const rules = new Rules(dir);
  const grants = new Grants(dir);
  const asking = new Asking((n, ask) => say({ t: 'ask', n, ask }));
  const requests = new RequestRules(dir);
  const secrets = new Secrets(vault, requests, Date.now);
  const wayOf = (agent: string, host: string, port: number) =>
    wayBy(rules.find(agent, host, port), requests.of(agent, host, port));
  const ender = new Ender({
    authority: await Authority.open(config, Date.now),
    wayOf,
    secretOf: (name) => secrets.value(name),
    noteUsed: (name) => secrets.noteUsed(name),
    limits: ENDER_LIMITS,
  });
  const tunnels = new Tunnels({
    resolve: resolveAll,
    find(agent, host, port) {
      const way = wayOf(agent, host, port);
      return way && { isPrivate: way.isPrivate, isEnded: way.rules.length > 0 };
    },
    grants,
    refusal: (asker, to) => asking.refusal(asker, to),
    end: (inside, hello, to) => ender.end(inside, hello, to),
    limits: TUNNEL_LIMITS,
  });

  const trail = new Trail(dir, Date.now);
  const append = (entry: AuditEntry) => {
    trail.append(entry);
    if (entry.who === 'owner' || trail.head.n % TELL_HEAD_EVERY === 0) say({ t: 'head', head: trail.head });
  };
  const refusals = new RefusalRows(append, Date.now);

  const purse: PurseDeps = {
    ledger: new Ledger(db, budgets),
    budgets,
    prices,
    nowMs: Date.now,
    onCall: (call) => say({ t: 'call', call }),
    onAlert: (alert) => say({ t: 'alert', alert }),
    onParked: (agent) => say({ t: 'parked', agent }),
    warn,
  };

  const look = async (): Promise<Known> => {
    state.ollama = await askOllama(deps, ollamaBase);
    return known();
  };

  const handlers: Handlers = {
    async open(door) {
      await doors.get(doorName(door))?.close();
      checkPurse(purse, door);
      const { dir, session, agent, generation } = door;
      const whose = { session, agent, generation };
      const doorTrail = createDoorTrail({ append, refusals, warn }, door);
      const own = { ...deps, held: [heldOfSession(), all], trail: doorTrail };
      const ways: DoorHandlers = {
        handle: (incoming, response) =>
          void forward(own, withOllama(door.endpoint, ollamaBase), incoming, response, (endpoint, ask) =>
            letOut(purse, whose, endpoint, ask),
          ),
        connect: (request, socket, head) =>
          void tunnels.open({ session, agent, trail: doorTrail }, request, socket, head),
        refuse,
      };
      doors.set(doorName(door), await openDoor(config, dir, ways));
      return null;
    },
    async close(door) {
      await doors.get(doorName(door))?.close();
      doors.delete(doorName(door));
      refusals.end(door.session);
      return null;
    },
    async secret({ name, value }) {
      keys.keep(name, value);
      return keys.states;
    },
    look,
    test({ endpoint, agent }) {
      const real = withOllama(endpoint, ollamaBase) ?? endpoint;
      const whose = { session: '', agent, generation: 0 };
      return testModel(deps, real, (ask) => letOut(purse, whose, real, ask, true));
    },
    list: (endpoint) => listModels(deps, withOllama(endpoint, ollamaBase) ?? endpoint),
    hosts: async () => rules.all(),
    async allow(rule) {
      rules.allow(rule);
      return rules.all();
    },
    async disallow(rule) {
      rules.remove(rule);
      grants.remove(rule);
      tunnels.cut(rule);
      return rules.all();
    },
    async grant(grant) {
      grants.add(grant);
      return null;
    },
    async answerAsk({ ask, answer }) {
      asking.heard(ask, answer);
      return null;
    },
    secrets: async () => secrets.list(),
    async keepSecret({ name, value }) {
      const gone = value === null ? secrets.list().find((one) => one.name === name) : undefined;
      secrets.keep(name, value);
      for (const grant of gone?.grants ?? []) tunnels.cut(grant);
      return secrets.list();
    },
    rotate: async () => secrets.rotate(),
    requestRules: async () => requests.all(),
    async addRules(added) {
      secrets.add(added);
      // One that is blind would go on past them.
      for (const rule of added) tunnels.cut(rule);
      return requests.all();
    },
    async removeRules(which) {
      secrets.remove(which);
      tunnels.cut(which);
      return requests.all();
    },
    budgets: async () => budgets.show(Date.now()),
    async budget({ agent, period, capMicros }) {
      budgets.set(agent, period, capMicros);
      return budgets.show(Date.now());
    },
    async answer(answer) {
      budgets.answer(answer, Date.now());
      return budgets.show(Date.now());
    },
    async alertTold({ id }) {
      purse.ledger.told(id);
      return null;
    },
    // Written like every other row of the owner's, below.
    audit: async () => null,
  };

  readLines<HostToEgress>(process.stdin, (frame) => {
    // One handler for each name; that it fits its frame is what the table's type says.
    const handle = handlers[frame.t] as (asks: unknown) => Promise<unknown>;
    const done = async () => {
      for (const row of ownerRows(frame)) append(row);
      return handle(frame.asks);
    };
    done().then(
      (brings) => say({ t: 'done', n: frame.n, brings }),
      (error: unknown) => say({ t: 'failed', n: frame.n, error: toWords(error) }),
    );
  });
  process.stdin.once('close', () => process.exit(0));
  // Waited for: a message that wakes an agent before its Ollama was found would be answered by the demo. Where there is
  // none, that is known at once.
  void look().then((found) => {
    say({ t: 'head', head: trail.head });
    say({ t: 'ready', ...found });
    for (const alert of purse.ledger.untold()) say({ t: 'alert', alert });
  });
}

function doorName({ session, generation }: Pick<DoorPlan, 'session' | 'generation'>): string {
  return `${session} ${generation}`;
}

/** Where Ollama's own variable says that it listens; null for its usual place. */
function ollamaUrl(host: string | undefined): string | null {
  if (!host) return null;
  const url = `${/^https?:/.test(host) ? '' : 'http://'}${host}/v1`;
  return URL.canParse(url) ? url : null;
}

function withOllama(endpoint: DoorPlan['endpoint'], baseUrl: string | null): DoorPlan['endpoint'] {
  return endpoint?.provider === 'ollama' ? { ...endpoint, baseUrl: endpoint.baseUrl ?? baseUrl } : endpoint;
}

function toWords(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof EgressError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: 'internal', message: clip(String(error), 300), hint: 'Look at: ./bellhop logs' };
}

try {
  await main(JSON.parse(process.argv[2] ?? '') as EgressConfig, process.env);
} catch (error) {
  const { message, hint } = toWords(error);
  process.stderr.write(`${message}\n${hint}\n`);
  process.exit(EGRESS_REFUSED);
}
