/** The durable log behind the channels that Bellhop serves itself. */
import type { ConversationLog } from '@bellhop/channels/terminal';
import { appendEntry, type ConversationRow } from '../store/conversation.ts';
import type { Store } from '../store/port.ts';
import type { Clock } from '../types.ts';
import type { FileView, LogBody, LogEntry } from './contract.ts';
import { conversationName, type Watchers } from './stream.ts';

export function createConversationLog(
  channel: string,
  store: Store,
  clock: Clock,
  watchers: Watchers,
): ConversationLog {
  return {
    async append({ chat, thread, id, replyTo, content }) {
      const body = JSON.stringify(toBody(content));
      const entry = { id, replyTo, body, atMs: clock.now() };
      const added = await store.transaction((sql) => appendEntry(sql, { channel, chat, thread }, entry));
      if (added) watchers.tell(conversationName(channel, chat, thread), { type: 'entry' });
    },
    typing(chat, thread, on) {
      watchers.tell(conversationName(channel, chat, thread), { type: 'typing', on });
    },
  };
}

function toBody(content: Parameters<ConversationLog['append']>[0]['content']): LogBody {
  switch (content.kind) {
    case 'user': {
      const { event } = content;
      if (event.kind === 'answer') return { kind: 'user', text: event.option, files: [] };
      const files = event.files.map((f): FileView => ({ name: f.name, path: '', size: f.size }));
      return { kind: 'user', text: event.text, files };
    }
    case 'text':
      return content.notice
        ? { kind: 'notice', text: content.text }
        : { kind: 'text', text: content.text, files: content.files };
    default:
      return content;
  }
}

export function toLogEntry(row: ConversationRow): LogEntry {
  return {
    type: 'entry',
    seq: row.seq,
    at: new Date(row.atMs).toISOString(),
    id: row.id,
    replyTo: row.replyTo,
    body: JSON.parse(row.body) as LogBody,
  };
}
