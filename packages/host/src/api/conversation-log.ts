/** The durable log behind a channel that Bellhop serves itself, and what those who read along are told of it. */

import type { ChannelEvent, OutgoingContent } from '@bellhop/channels';
import { agentOfChat, type ConversationLog, threadOf } from '@bellhop/channels/served';
import { clip } from '@bellhop/mailbox';
import { appendEntry, type ConversationRow } from '../store/conversation.ts';
import {
  type ConversationKey,
  type ConversationSummary,
  conversationAt,
  type Gist,
} from '../store/conversations.ts';
import type { Sql, Store } from '../store/port.ts';
import type { Clock, Log } from '../types.ts';
import type { ConversationView, FileView, LogBody, LogEntry } from './contract.ts';
import type { Watchers } from './stream.ts';

const MAX_TITLE = 80;
const MAX_LAST_LINE = 200;

export interface ServedLog extends ConversationLog {
  /** Writes what a person said into the log, in the transaction that accepts it. */
  journal(sql: Sql, event: ChannelEvent): Promise<void>;
  /** The list has changed: told to every stream of the channel. */
  changed(chat: string, thread: string): void;
}

export function createConversationLog(
  channel: string,
  deps: { readonly store: Store; readonly clock: Clock; readonly watchers: Watchers; readonly log: Log },
): ServedLog {
  const { store, clock, watchers, log } = deps;

  function add(sql: Sql, key: ConversationKey, id: string, replyTo: string | null, body: LogBody) {
    const entry = { id, replyTo, body: JSON.stringify(body), atMs: clock.now() };
    return appendEntry(sql, key, entry, gistOf(body));
  }

  function changed(chat: string, thread: string): void {
    if (!watchers.isWatched(channel)) return;
    conversationAt(store.read, { channel, chat, thread }).then(
      (found) => {
        if (found) watchers.tellChannel(channel, { type: 'conversation', conversation: toView(found) });
      },
      // A hint alone: a page reads the list again when it comes back.
      (error: unknown) => log.warn('conversation not told', { error: String(error) }),
    );
  }

  return {
    changed,
    async append({ chat, thread, id, replyTo, content }) {
      const key = { channel, chat, thread };
      const added = await store.transaction((sql) => add(sql, key, id, replyTo, toBody(content)));
      if (!added) return;
      watchers.tell(key, { type: 'entry' });
      changed(chat, thread);
    },
    async journal(sql, event) {
      // The press of a button is seen in its question.
      if (event.kind === 'answer') return;
      const files = event.files.map((f): FileView => ({ name: f.name, path: '', size: f.size }));
      const key = { channel, chat: event.chat, thread: threadOf(event.thread) };
      await add(sql, key, event.id, null, { kind: 'user', text: event.text, files });
    },
    accepted({ chat, thread }) {
      watchers.tell({ channel, chat, thread: threadOf(thread) }, { type: 'entry' });
      changed(chat, threadOf(thread));
    },
    typing(chat, thread, on) {
      watchers.tell({ channel, chat, thread }, { type: 'typing', on });
    },
  };
}

function toBody(content: OutgoingContent): LogBody {
  if (content.kind !== 'text') return content;
  return content.notice
    ? { kind: 'notice', text: content.text }
    : { kind: 'text', text: content.text, files: content.files };
}

function gistOf(body: LogBody): Gist {
  const files = 'files' in body ? body.files : [];
  const words = body.kind === 'reaction' ? body.emoji : body.text || (files[0]?.name ?? '');
  const isOurs = body.kind === 'notice' || (body.kind === 'question' && body.approval !== undefined);
  const by = body.kind === 'user' ? 'you' : isOurs ? 'bellhop' : 'agent';
  return { by, text: oneLine(words, MAX_LAST_LINE), title: by === 'you' ? oneLine(words, MAX_TITLE) : '' };
}

/** @param max characters. */
export function oneLine(text: string, max: number): string {
  // Cut first: the text may be long, and this stands on a message's way.
  return Array.from(
    clip(text, max * 4)
      .replaceAll(/\s+/g, ' ')
      .trim(),
  )
    .slice(0, max)
    .join('');
}

export function toView(summary: ConversationSummary): ConversationView {
  const { chat, thread, title, text, atMs, by, seq, readSeq, asks } = summary;
  return {
    agent: agentOfChat(chat),
    thread,
    // One that the agent began has no title yet.
    title: title || thread,
    last: { text, at: new Date(atMs).toISOString(), by },
    seq,
    readSeq,
    needsYou: asks,
  };
}

/** @param showPaths to the owner at this machine; a browser is never told where things lie. */
export function toLogEntry(row: ConversationRow, showPaths: boolean): LogEntry {
  const body = JSON.parse(row.body) as LogBody;
  const hidesPaths = !showPaths && 'files' in body && body.files.length > 0;
  return {
    type: 'entry',
    seq: row.seq,
    at: new Date(row.atMs).toISOString(),
    id: row.id,
    replyTo: row.replyTo,
    body: hidesPaths ? { ...body, files: body.files.map((file) => ({ ...file, path: '' })) } : body,
  };
}
