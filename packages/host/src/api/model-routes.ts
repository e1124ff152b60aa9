/** Choosing a model, testing it, and what it has cost: for the owner, by socket or page. No answer ever holds a key. */
import * as v from 'valibot';
import type { Egress, Known, UsageBy, UsageSum } from '../egress/port.ts';
import {
  badBaseUrl,
  type Endpoint,
  isProvider,
  keyName,
  PROVIDERS,
  type ProviderId,
} from '../egress/providers.ts';
import type { ModelChoice, Models } from '../model/port.ts';
import { listAgents } from '../store/agents.ts';
import type { Store } from '../store/port.ts';
import { sessionById } from '../store/sessions.ts';
import type { Agent, SessionId } from '../types.ts';
import type { LabelledSum } from '../usage-by-task.ts';
import type { ModelList, ModelTest, ModelView, UsageView } from './contract.ts';
import { Problem } from './problem.ts';
import { findAgent, parseJson, readText } from './routes/input.ts';
import type { ApiRequest, Route } from './routing.ts';

const MAX_BODY_BYTES = 16 * 1024;
const SET_HINT = 'As in: ./bellhop model set anthropic';

const word = v.pipe(v.string(), v.regex(/^[\w.:@/+-]{1,200}$/, 'letters, digits and . : @ / + _ - only'));
export const setModelSchema = v.strictObject({
  agent: v.optional(word),
  provider: v.optional(word),
  model: v.optional(word),
  baseUrl: v.optional(v.nullable(v.string())),
  key: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(5_000)))),
});
export const testModelSchema = v.strictObject({ agent: v.optional(word) });
const BY: readonly UsageView['by'][] = ['agent', 'session', 'task', 'day', 'model'];

export interface ModelRoutesDeps {
  readonly store: Store;
  readonly models: Models;
  readonly egress: Egress;
  readonly usage: (by: UsageBy) => readonly UsageSum[];
  /** An estimate (usage-by-task.ts). */
  readonly usageByTask: () => Promise<readonly LabelledSum[]>;
  /** The owner's own table of prices. */
  readonly pricesPath: string;
}

export function createModelRoutes(deps: ModelRoutesDeps): readonly Route[] {
  const { store, models, egress, usage, usageByTask, pricesPath } = deps;
  const show = (agent: Agent) => toView(agent, models, egress.known);

  async function set(request: ApiRequest): Promise<ModelView> {
    const asked = await readBody(request, setModelSchema);
    const agent = await findAgent(store, asked.agent);
    if (asked.provider === 'auto') {
      await models.choose(agent.id, null);
      return show(agent);
    }
    const choice = choiceOf(asked, models.of(agent).endpoint);
    // The key first: a model that cannot be called yet would answer the next message with an error.
    if (asked.key !== undefined) await egress.keep(keyName(choice), asked.key?.trim() ?? null);
    await models.choose(agent.id, choice);
    return show(agent);
  }

  async function test(request: ApiRequest): Promise<ModelTest> {
    const agent = await findAgent(store, (await readBody(request, testModelSchema)).agent);
    const { endpoint } = models.of(agent);
    if (!endpoint) throw new Problem(409, 'no_key', 'no model is connected', SET_HINT);
    const reply = await egress.test(endpoint, agent.id);
    return { provider: endpoint.provider, model: endpoint.model, ...reply };
  }

  async function list({ query }: ApiRequest): Promise<ModelList> {
    const agent = await findAgent(store, query.get('agent') ?? undefined);
    const { endpoint } = models.of(agent);
    const provider = query.get('provider') ?? endpoint?.provider;
    if (provider === undefined) throw new Problem(409, 'no_key', 'no model is connected', SET_HINT);
    const known = asProvider(provider);
    const asked = known === endpoint?.provider ? endpoint : { provider: known, model: '', baseUrl: null };
    if (asked.baseUrl === null && PROVIDERS[known].baseUrl === null) throw noAddress();
    return { provider: known, models: await egress.list(asked) };
  }

  async function used({ query }: ApiRequest): Promise<UsageView> {
    const by = BY.find((known) => known === (query.get('by') ?? 'agent'));
    if (!by) throw new Problem(400, 'bad_request', 'there is no such sum', `There is: ${BY.join(', ')}.`);
    const names = new Map((await listAgents(store.read)).map(({ id, name }) => [String(id), name] as const));
    const frame = { by, estimate: by === 'task', prices: pricesPath };
    if (by === 'task') return { ...frame, rows: await usageByTask() };
    const rows = await Promise.all(
      usage(by).map(async (row) => {
        const key = by === 'agent' ? (names.get(row.key) ?? row.key) : row.key;
        const session = by === 'session' ? await sessionById(store.read, key as SessionId) : null;
        const label = session ? `${names.get(session.agentId)} · ${session.thread ?? 'main'}` : key;
        return { ...row, key, label };
      }),
    );
    return { ...frame, rows };
  }

  const json = (handle: (request: ApiRequest) => Promise<unknown>): Route['handle'] => {
    return async (request) => ({ status: 200, json: await handle(request) });
  };
  return [
    {
      method: 'GET',
      path: '/v1/model',
      handle: json(async ({ query }) => {
        const agent = await findAgent(store, query.get('agent') ?? undefined);
        await egress.look();
        return show(agent);
      }),
    },
    { method: 'PUT', path: '/v1/model', handle: json(set) },
    { method: 'POST', path: '/v1/model/test', handle: json(test) },
    { method: 'GET', path: '/v1/models', handle: json(list) },
    { method: 'GET', path: '/v1/usage', handle: json(used) },
  ];
}

/** What is not asked for stays, as far as it belongs to the same provider. */
function choiceOf(asked: v.InferOutput<typeof setModelSchema>, now: Endpoint | null): ModelChoice {
  const wanted = asked.provider ?? now?.provider;
  if (wanted === undefined) throw new Problem(400, 'bad_request', 'which provider?', SET_HINT);
  const provider = asProvider(wanted);
  const kept = now?.provider === provider ? now : null;
  const baseUrl = asked.baseUrl === undefined ? (kept?.baseUrl ?? null) : asked.baseUrl;
  const bad = baseUrl === null ? null : badBaseUrl(baseUrl);
  if (bad !== null)
    throw new Problem(400, 'bad_request', `${baseUrl}: ${bad}`, 'As in: --base-url https://host/v1');
  if (baseUrl === null && PROVIDERS[provider].baseUrl === null) throw noAddress();
  const model = asked.model ?? kept?.model ?? PROVIDERS[provider].defaultModel;
  if (model === null) {
    const hint = `See which there are: ./bellhop model list ${provider}`;
    throw new Problem(400, 'bad_request', `which model of ${PROVIDERS[provider].label}?`, hint);
  }
  return { provider, model, baseUrl };
}

function toView(agent: Agent, models: Models, known: Known): ModelView {
  const { by, endpoint, harness } = models.of(agent);
  const ids = Object.keys(PROVIDERS) as ProviderId[];
  return {
    agent: agent.name,
    by,
    provider: endpoint?.provider ?? null,
    model: endpoint?.model ?? null,
    baseUrl: endpoint?.baseUrl ?? null,
    key: endpoint ? keyState(endpoint, known) : 'missing',
    harness,
    demo: harness === 'demo',
    providers: ids.map((id) => ({
      id,
      label: PROVIDERS[id].label,
      variable: PROVIDERS[id].variable,
      key: keyState({ provider: id, baseUrl: null }, known),
      defaultModel: id === 'ollama' ? (known.ollama?.[0] ?? null) : PROVIDERS[id].defaultModel,
    })),
  };
}

function keyState(endpoint: Pick<Endpoint, 'provider' | 'baseUrl'>, known: Known): ModelView['key'] {
  const states = known.keys.filter((key) => key.name === keyName(endpoint));
  const usable = states.find((key) => key.readable);
  if (usable) return usable.from;
  if (states.length > 0) return 'unreadable';
  return PROVIDERS[endpoint.provider].keyless ? 'none needed' : 'missing';
}

function asProvider(name: string): ProviderId {
  if (isProvider(name)) return name;
  throw new Problem(
    400,
    'bad_request',
    `there is no provider ${name}`,
    `There is: ${Object.keys(PROVIDERS).join(', ')}.`,
  );
}

function noAddress(): Problem {
  return new Problem(
    400,
    'bad_request',
    'which address?',
    'As in: ./bellhop model set compatible NAME --base-url URL',
  );
}

/** Its words never quote what was sent: that may be a key. */
async function readBody<T>(request: ApiRequest, schema: v.GenericSchema<unknown, T>): Promise<T> {
  const tooLong = new Problem(413, 'too_long', 'the request is too long', 'Send less.');
  const text = await readText(request, MAX_BODY_BYTES, tooLong);
  const parsed = v.safeParse(schema, parseJson(text === '' ? '{}' : text));
  if (parsed.success) return parsed.output;
  const where = parsed.issues.map((issue) => v.getDotPath(issue) ?? 'the body').join(', ');
  throw new Problem(
    400,
    'bad_request',
    `not as it should be: ${where}`,
    'See packages/host/src/api/contract.ts.',
  );
}
