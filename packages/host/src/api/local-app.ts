/**
 * The API on `DATA/bellhop.sock`: for the CLI of the owner, who is known by the file's rights (0600), so there is no
 * login. The shapes are contract.ts; what comes in is checked here, once.
 */
import type { Accepted } from '@bellhop/channels';
import { LOCAL_USER, localChat, type TerminalChannel } from '@bellhop/channels/terminal';
import * as v from 'valibot';
import type { Models } from '../model/port.ts';
import { listAgents } from '../store/agents.ts';
import { repliesTo } from '../store/conversation.ts';
import { countOpenReplies } from '../store/deliveries.ts';
import { targetsOf } from '../store/events.ts';
import type { Store } from '../store/port.ts';
import type { Supervisor } from '../supervisor/port.ts';
import type { Agent, Clock, Settings } from '../types.ts';
import type { MessageState, SentMessage, Status, UploadedFile } from './contract.ts';
import { toLogEntry } from './conversation-log.ts';
import { conversationEvents } from './events.ts';
import type { ApiAnswer, ApiRequest, Route } from './http.ts';
import { Problem } from './problem.ts';
import type { Spool } from './spool.ts';
import type { Watchers } from './stream.ts';

const CHANNEL = 'terminal';
const DEMO_HARNESS = 'demo';

const name = v.pipe(
  v.string(),
  v.regex(/^[\w.:@-]{1,100}$/, 'letters, digits and . : @ _ - only, at most 100'),
);
const where = { id: name, agent: v.optional(name), thread: v.optional(name) };
const sendSchema = v.object({
  ...where,
  text: v.string(),
  files: v.optional(v.pipe(v.array(v.string()), v.maxLength(10)), []),
});
const answerSchema = v.object({
  ...where,
  question: v.pipe(v.string(), v.maxLength(300)),
  option: v.pipe(v.string(), v.maxLength(200)),
});

export interface LocalAppDeps {
  readonly store: Store;
  readonly channel: TerminalChannel;
  readonly supervisor: Supervisor;
  readonly models: Models;
  readonly watchers: Watchers;
  readonly spool: Spool;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly status: () => Promise<Status>;
  readonly stop: () => void;
}

export function createLocalApp(deps: LocalAppDeps): readonly Route[] {
  const { store, channel, supervisor, models, watchers, spool, settings, clock } = deps;

  async function sendMessage(request: ApiRequest): Promise<ApiAnswer> {
    const sent = await readBody(request, sendSchema, settings.maxTextBytes);
    if (Buffer.byteLength(sent.text) > settings.maxTextBytes) throw tooLong(settings.maxTextBytes);
    if (sent.text.trim() === '' && sent.files.length === 0) {
      throw new Problem(400, 'empty', 'the message is empty', 'Say something, or send a file.');
    }
    const agent = await findAgent(store, sent.agent);
    const thread = sent.thread ?? 'main';
    // A redelivery of an id names files that have moved on: it is answered before they are looked for.
    const known = (await targetsOf(store.read, CHANNEL, sent.id)).length > 0;
    const files = known ? [] : await Promise.all(sent.files.map((id) => spool.get(id)));
    const accepted = await channel.receive({
      ...event(sent.id, agent, thread, clock.now()),
      kind: 'message',
      text: sent.text,
      files,
      isMention: true,
      isGroup: false,
    });
    return { status: 202, json: toSent(accepted, agent, thread, models) };
  }

  async function sendAnswer(request: ApiRequest): Promise<ApiAnswer> {
    const { id, question, option, ...where } = await readBody(request, answerSchema, settings.maxTextBytes);
    const agent = await findAgent(store, where.agent);
    const thread = where.thread ?? 'main';
    const accepted = await channel.receive({
      ...event(id, agent, thread, clock.now()),
      kind: 'answer',
      question,
      option,
    });
    return { status: 202, json: toSent(accepted, agent, thread, models) };
  }

  async function upload({ query, body }: ApiRequest): Promise<ApiAnswer> {
    const name = query.get('name') ?? 'file';
    const stored = await spool.put(name, body);
    return { status: 201, json: { ...stored, name } satisfies UploadedFile };
  }

  async function watch({ query, headers, signal }: ApiRequest): Promise<ApiAnswer> {
    const agent = await findAgent(store, query.get('agent') ?? undefined);
    const key = { channel: CHANNEL, chat: localChat(agent.name), thread: query.get('thread') ?? 'main' };
    const after = Number(headers['last-event-id'] ?? query.get('after') ?? 0);
    const from = Number.isSafeInteger(after) ? after : 0;
    return { status: 200, events: conversationEvents(store, watchers, key, from, signal) };
  }

  return [
    { method: 'GET', path: '/v1/status', handle: async () => ({ status: 200, json: await deps.status() }) },
    { method: 'POST', path: '/v1/files', handle: upload },
    { method: 'POST', path: '/v1/messages', handle: sendMessage },
    {
      method: 'GET',
      path: '/v1/messages/:id',
      handle: async (_, id) => ({ status: 200, json: await messageState(store, supervisor, id ?? '') }),
    },
    { method: 'POST', path: '/v1/answers', handle: sendAnswer },
    { method: 'GET', path: '/v1/events', handle: watch },
    {
      method: 'POST',
      path: '/v1/stop',
      handle: async () => {
        // After the answer is on its way.
        setImmediate(deps.stop);
        return { status: 202, json: {} };
      },
    },
  ];
}

function event(id: string, agent: Agent, thread: string, nowMs: number) {
  return { id, chat: localChat(agent.name), thread, sender: { id: LOCAL_USER, name: 'you' }, sentAt: nowMs };
}

async function findAgent(store: Store, wanted: string | undefined): Promise<Agent> {
  const agents = await listAgents(store.read);
  const agent = wanted === undefined ? agents[0] : agents.find((a) => a.name === wanted);
  if (agent) return agent;
  const names = agents.map((a) => a.name).join(', ');
  throw new Problem(404, 'no_such_agent', `there is no agent ${wanted}`, `You have: ${names}.`);
}

function toSent(accepted: Accepted, agent: Agent, thread: string, models: Models): SentMessage {
  if (accepted.kind === 'refused') {
    throw new Problem(403, 'refused', accepted.reason, 'Nothing was stored.');
  }
  const demo = models.of(agent).harness === DEMO_HARNESS;
  return { message: accepted.event, session: accepted.sessions[0] ?? '', agent: agent.name, thread, demo };
}

async function messageState(store: Store, supervisor: Supervisor, id: string): Promise<MessageState> {
  const [target] = await targetsOf(store.read, CHANNEL, id);
  if (!target)
    throw new Problem(
      404,
      'no_such_message',
      `there is no message ${id}`,
      'It was not accepted: send it again.',
    );
  const agents = await listAgents(store.read);
  const [session] = await store.read.all(
    'SELECT agent_id, chat, thread FROM sessions WHERE id = ?',
    target.session,
  );
  const key = { channel: CHANNEL, chat: String(session?.chat), thread: String(session?.thread ?? 'main') };
  const ended = target.state === 'answered' || target.state === 'failed' ? target.state : null;
  const open = await countOpenReplies(store.read, target.session, id);
  return {
    message: id,
    session: target.session,
    agent: agents.find((a) => a.id === session?.agent_id)?.name ?? '',
    state: ended ?? (supervisor.working(target.session).has(id) ? 'at work' : 'accepted'),
    reason: ended ? target.reason : supervisor.waitingFor(target.session),
    settled: ended !== null && open === 0,
    replies: (await repliesTo(store.read, key, id)).map(toLogEntry),
  };
}

function tooLong(maxBytes: number): Problem {
  const limit = `${Math.floor(maxBytes / 1024)} kB`;
  return new Problem(
    413,
    'text_too_long',
    `the text is longer than ${limit}`,
    'Send it as a file: ./bellhop ask --file PATH "…".',
  );
}

/** Reads at most what a longest text needs, as strict UTF-8 and as the schema. */
async function readBody<T>(
  request: ApiRequest,
  schema: v.GenericSchema<unknown, T>,
  maxTextBytes: number,
): Promise<T> {
  // JSON may write one character as six bytes.
  const maxBytes = maxTextBytes * 6 + 4_096;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLong(maxTextBytes);
    chunks.push(chunk);
  }
  const parsed = v.safeParse(schema, parseJson(Buffer.concat(chunks)));
  if (parsed.success) return parsed.output;
  throw new Problem(400, 'bad_request', v.summarize(parsed.issues), 'See packages/host/src/api/contract.ts.');
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const what = error instanceof SyntaxError ? 'the body is not JSON' : 'the body is not valid UTF-8';
    throw new Problem(400, 'bad_request', what, 'Send one JSON object in UTF-8.');
  }
}
