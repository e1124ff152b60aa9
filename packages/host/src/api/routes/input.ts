/** What comes in with a request, checked once: bodies, and which conversation is meant. */
import { localChat, MAIN_THREAD } from '@bellhop/channels/served';
import * as v from 'valibot';
import { listAgents } from '../../store/agents.ts';
import type { ConversationKey } from '../../store/conversations.ts';
import type { Store } from '../../store/port.ts';
import type { Agent } from '../../types.ts';
import { Problem } from '../problem.ts';
import type { ApiRequest } from '../routing.ts';

export const nameSchema = v.pipe(
  v.string(),
  v.regex(/^[\w.:@-]{1,100}$/, 'letters, digits and . : @ _ - only, at most 100'),
);

/** Which conversation; without an agent the first one, without a thread `main`. */
export const placeEntries = { agent: v.optional(nameSchema), thread: v.optional(nameSchema) };
const placeSchema = v.object(placeEntries);

export interface Place {
  readonly agent: Agent;
  readonly key: ConversationKey;
}

export async function findPlace(
  store: Store,
  channel: string,
  wanted: v.InferOutput<typeof placeSchema>,
): Promise<Place> {
  const agent = await findAgent(store, wanted.agent);
  return { agent, key: { channel, chat: localChat(agent.name), thread: wanted.thread ?? MAIN_THREAD } };
}

/** By its name; without one the first. */
export async function findAgent(store: Store, wanted: string | undefined): Promise<Agent> {
  const agents = await listAgents(store.read);
  const agent = wanted === undefined ? agents[0] : agents.find((a) => a.name === wanted);
  if (agent) return agent;
  const names = agents.map((a) => a.name).join(', ');
  throw new Problem(404, 'no_such_agent', `there is no agent ${wanted}`, `You have: ${names}.`);
}

export function placeOf(store: Store, channel: string, query: URLSearchParams): Promise<Place> {
  const agent = query.get('agent') ?? undefined;
  const thread = query.get('thread') ?? undefined;
  return findPlace(store, channel, checked(placeSchema, { agent, thread }));
}

/** @param fallback for a query without it. Throws a 400 for anything but a whole number that is not negative. */
export function numberOf(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null || text === '') return fallback;
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new Problem(400, 'bad_request', `${name} is not a number`, `As in: ${name}=20`);
}

/** Reads at most `maxBytes`, as strict UTF-8 and as the schema. @param tooLong what a longer one is answered. */
export async function readBody<T>(
  request: ApiRequest,
  schema: v.GenericSchema<unknown, T>,
  maxBytes: number,
  tooLong: Problem = new Problem(413, 'too_long', 'the body is too long', 'Send less.'),
): Promise<T> {
  return checked(schema, parseJson(await readText(request, maxBytes, tooLong)));
}

export async function readText(request: ApiRequest, maxBytes: number, tooLong: Problem): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLong;
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Problem(400, 'bad_request', 'the body is not valid UTF-8', 'Send one JSON object in UTF-8.');
  }
}

export function noSuchMessage(id: string): Problem {
  const hint = 'It was not accepted: send it again.';
  return new Problem(404, 'no_such_message', `there is no message ${id}`, hint);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Problem(400, 'bad_request', 'the body is not JSON', 'Send one JSON object in UTF-8.');
  }
}

function checked<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  throw new Problem(400, 'bad_request', v.summarize(parsed.issues), 'See packages/host/src/api/contract.ts.');
}
