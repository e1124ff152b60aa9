/**
 * The egress process: a child of the host, and the one way out of every sandbox. It holds the keys; the host holds
 * their names.
 *
 * One argument (EgressConfig), frames on stdin and stdout (frames.ts). It ends when stdin does: it never outlives its
 * host. Nothing is written to stdout but frames, and no key anywhere.
 */
import { join } from 'node:path';
import { type OpenDoor, openDoor } from './door.ts';
import { type ForwardDeps, forward, type Outcome, refuse } from './forward.ts';
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
import { type DoorPlan, EgressError, type Known } from './port.ts';
import { askOllama, listModels, testModel } from './probe.ts';
import { createUpstream } from './upstream.ts';
import { openCalls } from './usage/calls-db.ts';
import { costMicros, openPrices } from './usage/prices.ts';
import { Vault } from './vault.ts';

type Handlers = {
  readonly [Name in RequestName]: (asks: Requests[Name]['asks']) => Promise<Requests[Name]['brings']>;
};

function say(frame: EgressToHost): void {
  process.stdout.write(toLine(frame));
}

function main(config: EgressConfig, env: NodeJS.ProcessEnv): void {
  // What is shared with a sandbox gets its rights one by one.
  process.umask(0o077);
  const dir = join(config.dataDir, 'egress');
  const warn = (what: string) => say({ t: 'warn', what });
  const keys = new Keys(new Vault(dir, env.BELLHOP_KEY || undefined), env);
  const calls = openCalls(dir);
  const prices = openPrices(dir, warn);
  prices();
  const ollamaBase = ollamaUrl(env.OLLAMA_HOST);
  const deps: ForwardDeps = {
    upstream: createUpstream(),
    keyOf: (endpoint) => keys.of(endpoint),
    now: () => performance.now(),
    held: { bytes: 0 },
  };
  const state: { ollama: Known['ollama'] } = { ollama: null };
  const known = (): Known => ({ keys: keys.states, ollama: state.ollama });
  const doors = new Map<string, OpenDoor>();

  const record = (
    door: Pick<DoorPlan, 'session' | 'agent' | 'generation' | 'endpoint'>,
    outcome: Outcome,
  ) => {
    if (!door.endpoint) return;
    const { provider } = door.endpoint;
    const { usage, status, firstByteMs, totalMs } = outcome;
    const model = usage?.model ?? door.endpoint.model;
    const call = {
      atMs: Date.now(),
      session: door.session,
      agent: door.agent,
      generation: door.generation,
      provider,
      model,
      status,
      inputTokens: usage?.input ?? null,
      outputTokens: usage?.output ?? null,
      cachedTokens: usage?.cached ?? null,
      // The name that was asked for is priced when the one that answered is not: a gateway may rename it.
      costMicros: usage
        ? (costMicros(prices(), model, usage) ?? costMicros(prices(), door.endpoint.model, usage))
        : null,
      firstByteMs,
      totalMs,
    };
    try {
      calls.add(call);
    } catch (error) {
      warn(`a call is not on record: ${(error as Error).message}`);
    }
    say({ t: 'call', call });
  };

  const look = async (): Promise<Known> => {
    state.ollama = await askOllama(deps, ollamaBase);
    return known();
  };

  const handlers: Handlers = {
    async open(door) {
      await doors.get(doorName(door))?.close();
      const handle = (incoming: Parameters<typeof forward>[2], response: Parameters<typeof forward>[3]) =>
        forward(deps, withOllama(door.endpoint, ollamaBase), incoming, response, (outcome) =>
          record(door, outcome),
        );
      doors.set(doorName(door), await openDoor(config, door.dir, handle, refuse));
      return null;
    },
    async close(door) {
      await doors.get(doorName(door))?.close();
      doors.delete(doorName(door));
      return null;
    },
    async secret({ name, value }) {
      keys.keep(name, value);
      return keys.states;
    },
    look,
    test: ({ endpoint, agent }) =>
      testModel(deps, withOllama(endpoint, ollamaBase) ?? endpoint, (outcome) =>
        record({ session: '', agent, generation: 0, endpoint }, outcome),
      ),
    list: (endpoint) => listModels(deps, withOllama(endpoint, ollamaBase) ?? endpoint),
  };

  readLines<HostToEgress>(process.stdin, (frame) => {
    // One handler for each name; that it fits its frame is what the table's type says.
    const handle = handlers[frame.t] as (asks: unknown) => Promise<unknown>;
    handle(frame.asks).then(
      (brings) => say({ t: 'done', n: frame.n, brings }),
      (error: unknown) => say({ t: 'failed', n: frame.n, error: toWords(error) }),
    );
  });
  process.stdin.once('close', () => process.exit(0));
  say({ t: 'ready', ...known() });
  // Not waited for: most machines have none.
  void look().then((found) => {
    if (found.ollama !== null) say({ t: 'known', ...found });
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
  return { code: 'internal', message: String(error).slice(0, 300), hint: 'Look at: ./bellhop logs' };
}

try {
  main(JSON.parse(process.argv[2] ?? '') as EgressConfig, process.env);
} catch (error) {
  const { message, hint } = toWords(error);
  process.stderr.write(`${message}\n${hint}\n`);
  process.exit(EGRESS_REFUSED);
}
