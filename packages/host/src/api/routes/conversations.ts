/** The list of conversations, the entries of one page by page, and its events. */
import * as v from 'valibot';
import { entriesBefore } from '../../store/conversation.ts';
import { type ConversationKey, listConversations, markRead } from '../../store/conversations.ts';
import { targetsOf } from '../../store/events.ts';
import { questionById } from '../../store/questions.ts';
import type { AnsweredQuestion, ConversationList, EntryPage, LogEntry, ReceiptEvent } from '../contract.ts';
import { toLogEntry, toView } from '../conversation-log.ts';
import { conversationEvents } from '../events.ts';
import type { ApiAnswer, ApiRequest, Route } from '../routing.ts';
import type { ServedDeps } from './deps.ts';
import { findPlace, nameSchema, numberOf, placeEntries, placeOf, readBody } from './input.ts';
import { openReceipts, receiptOf } from './receipts.ts';

const MAX_CONVERSATIONS = 500;
const PAGE = 50;
const MAX_PAGE = 100;
const MAX_BODY_BYTES = 4_096;

const seqSchema = v.pipe(v.number(), v.integer(), v.minValue(0));
export const markReadSchema = v.object({ ...placeEntries, thread: nameSchema, seq: seqSchema });

export function conversationRoutes(deps: ServedDeps): readonly Route[] {
  const { store, supervisor, watchers } = deps;

  async function list(): Promise<ConversationList> {
    const rows = await listConversations(store.read, deps.name, MAX_CONVERSATIONS);
    return { conversations: rows.map(toView) };
  }

  async function read(request: ApiRequest): Promise<ApiAnswer> {
    const { seq, ...where } = await readBody(request, markReadSchema, MAX_BODY_BYTES);
    const { key } = await findPlace(store, deps.name, where);
    if (await store.transaction((sql) => markRead(sql, key, seq))) deps.log.changed(key.chat, key.thread);
    return { status: 204, empty: true };
  }

  async function page({ query }: ApiRequest): Promise<EntryPage> {
    const { key } = await placeOf(store, deps.name, query);
    const before = numberOf(query, 'before', Number.MAX_SAFE_INTEGER);
    const limit = Math.max(1, Math.min(MAX_PAGE, numberOf(query, 'limit', PAGE)));
    const rows = await entriesBefore(store.read, key, before, limit + 1);
    const entries = rows
      .slice(0, limit)
      .reverse()
      .map((row) => toLogEntry(row, deps.showPaths));
    return {
      entries,
      more: rows.length > limit,
      receipts: await receiptsOn(entries),
      answered: await answeredOn(entries, key),
    };
  }

  async function receiptsOn(entries: readonly LogEntry[]): Promise<ReceiptEvent[]> {
    const receipts: ReceiptEvent[] = [];
    for (const { id, body } of entries) {
      const [target] = body.kind === 'user' ? await targetsOf(store.read, deps.name, id) : [];
      if (target && target.state !== 'answered') receipts.push(receiptOf(target, supervisor));
    }
    return receipts;
  }

  async function answeredOn(
    entries: readonly LogEntry[],
    { channel, chat }: ConversationKey,
  ): Promise<AnsweredQuestion[]> {
    const answered: AnsweredQuestion[] = [];
    for (const { body } of entries) {
      if (body.kind !== 'question') continue;
      const asked = await questionById(store.read, body.question);
      // An agent names its questions itself: one of another chat may have the same name.
      const isHere = asked?.channel === channel && asked.chat === chat;
      if (isHere && !asked.open) answered.push({ question: body.question, option: asked.chosen });
    }
    return answered;
  }

  async function watch({ query, headers, signal, cut }: ApiRequest): Promise<ApiAnswer> {
    const { agent, key } = await placeOf(store, deps.name, query);
    const last = headers['last-event-id'];
    const after =
      typeof last === 'string' ? numberOf(new URLSearchParams({ after: last }), 'after', 0) : null;
    const source = {
      store,
      watchers,
      openReceipts: () => openReceipts(store, supervisor, agent.id, key),
    };
    const reader = {
      key,
      after: after ?? numberOf(query, 'after', 0),
      showPaths: deps.showPaths,
      signal,
      cut,
    };
    return { status: 200, events: conversationEvents(source, reader) };
  }

  return [
    { method: 'GET', path: '/v1/conversations', handle: async () => ({ status: 200, json: await list() }) },
    { method: 'POST', path: '/v1/conversations/read', handle: read },
    {
      method: 'GET',
      path: '/v1/entries',
      handle: async (request) => ({ status: 200, json: await page(request) }),
    },
    { method: 'GET', path: '/v1/events', handle: watch },
  ];
}
