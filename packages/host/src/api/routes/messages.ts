/** Messages on their way in, the answers to questions, and what became of each. */
import type { Accepted } from '@bellhop/channels';
import { agentOfChat, ownerOn } from '@bellhop/channels/served';
import * as v from 'valibot';
import type { Models } from '../../model/port.ts';
import { repliesTo } from '../../store/conversation.ts';
import { countOpenReplies } from '../../store/deliveries.ts';
import { targetsOf } from '../../store/events.ts';
import { sessionById } from '../../store/sessions.ts';
import type { MessageState, SentMessage } from '../contract.ts';
import { toLogEntry } from '../conversation-log.ts';
import { Problem } from '../problem.ts';
import type { ApiAnswer, ApiRequest, Route } from '../routing.ts';
import type { ServedDeps } from './deps.ts';
import { findPlace, nameSchema, noSuchMessage, type Place, placeEntries, readBody } from './input.ts';
import { conversationOf, receiptOf } from './receipts.ts';

const DEMO_HARNESS = 'demo';
const MAX_FILES = 10;
/** Around a text in a JSON body. */
const JSON_BYTES = 4_096;

export const sendSchema = v.object({
  id: nameSchema,
  text: v.string(),
  ...placeEntries,
  files: v.optional(v.pipe(v.array(v.string()), v.maxLength(MAX_FILES)), []),
});
export const answerSchema = v.object({
  id: nameSchema,
  question: v.pipe(v.string(), v.maxLength(300)),
  option: v.pipe(v.string(), v.maxLength(200)),
  ...placeEntries,
});

export function messageRoutes(deps: ServedDeps): readonly Route[] {
  const { store, channel, supervisor, models, spool, settings, clock } = deps;
  const { maxTextBytes } = settings;
  // JSON may write one character as six bytes.
  const maxBodyBytes = maxTextBytes * 6 + JSON_BYTES;

  function event(id: string, { key }: Place) {
    const sender = { id: ownerOn(deps.name), name: 'you' };
    return { id, chat: key.chat, thread: key.thread, sender, sentAt: clock.now() };
  }

  async function sendMessage(request: ApiRequest): Promise<ApiAnswer> {
    const sent = await readBody(request, sendSchema, maxBodyBytes, tooLong(maxTextBytes));
    if (Buffer.byteLength(sent.text) > maxTextBytes) throw tooLong(maxTextBytes);
    if (sent.text.trim() === '' && sent.files.length === 0) {
      throw new Problem(400, 'empty', 'the message is empty', 'Say something, or send a file.');
    }
    const place = await findPlace(store, deps.name, sent);
    // A redelivery of an id names files that have moved on: it is answered before they are looked for.
    const known = (await targetsOf(store.read, deps.name, sent.id)).length > 0;
    const files = known ? [] : await Promise.all(sent.files.map((id) => spool.get(id)));
    const accepted = await channel.receive({
      ...event(sent.id, place),
      kind: 'message',
      text: sent.text,
      files,
      isMention: true,
      isGroup: false,
    });
    return { status: 202, json: toSent(accepted, place, models) };
  }

  async function sendAnswer(request: ApiRequest): Promise<ApiAnswer> {
    const { id, question, option, ...where } = await readBody(request, answerSchema, JSON_BYTES);
    const place = await findPlace(store, deps.name, where);
    const accepted = await channel.receive({ ...event(id, place), kind: 'answer', question, option });
    return { status: 202, json: toSent(accepted, place, models) };
  }

  async function findTarget(id: string) {
    const [target] = await targetsOf(store.read, deps.name, id);
    if (target) return target;
    throw noSuchMessage(id);
  }

  async function state(id: string): Promise<MessageState> {
    const target = await findTarget(id);
    const session = await sessionById(store.read, target.session);
    if (!session) throw new Error('a message has no session');
    const { state, reason } = receiptOf(target, supervisor);
    const open = await countOpenReplies(store.read, target.session, id);
    const replies = await repliesTo(store.read, conversationOf(session, target), id);
    return {
      message: id,
      session: target.session,
      agent: agentOfChat(session.chat),
      state,
      reason,
      settled: (state === 'answered' || state === 'failed') && open === 0,
      replies: replies.map((row) => toLogEntry(row, deps.showPaths)),
    };
  }

  return [
    { method: 'POST', path: '/v1/messages', handle: sendMessage },
    {
      method: 'GET',
      path: '/v1/messages/:id',
      handle: async (_, id = '') => ({ status: 200, json: await state(id) }),
    },
    { method: 'POST', path: '/v1/answers', handle: sendAnswer },
  ];
}

function toSent(accepted: Accepted, { agent, key }: Place, models: Models): SentMessage {
  if (accepted.kind === 'refused') {
    throw new Problem(403, 'refused', accepted.reason, 'Nothing was stored.');
  }
  return {
    message: accepted.event,
    session: accepted.sessions[0] ?? '',
    agent: agent.name,
    thread: key.thread,
    demo: models.of(agent).harness === DEMO_HARNESS,
  };
}

function tooLong(maxBytes: number): Problem {
  return new Problem(
    413,
    'text_too_long',
    `the text is longer than ${Math.floor(maxBytes / 1024)} kB`,
    'Send it as a file: ./bellhop ask --file PATH "…".',
  );
}
