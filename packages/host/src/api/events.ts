/**
 * One conversation as a stream of server-sent events. Entries are read from the store behind the reader's place, so
 * that none is missed, whatever was told when; receipts and live text pass by.
 */
import { type ConversationKey, entriesAfter } from '../store/conversation.ts';
import type { Store } from '../store/port.ts';
import { toLogEntry } from './conversation-log.ts';
import { conversationName, type Told, type Watchers } from './stream.ts';

const PAGE = 500;
/** A reader that takes nothing is told no more than this; entries are not lost by it, they are in the store. */
const MAX_QUEUED = 2_000;
/** A comment this often keeps a stream's other end from giving up, in milliseconds. */
const KEEPALIVE_MS = 15_000;

export async function* conversationEvents(
  store: Store,
  watchers: Watchers,
  key: ConversationKey,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const queue: Told[] = [{ type: 'entry' }];
  const bell: { ring: () => void } = { ring: () => undefined };
  const stopWatching = watchers.watch(conversationName(key.channel, key.chat, key.thread), (told) => {
    // One pending entry stands for all that follow it.
    const known = told.type === 'entry' && queue.some((waiting) => waiting.type === 'entry');
    if (!known && (told.type === 'entry' || queue.length < MAX_QUEUED)) queue.push(told);
    bell.ring();
  });
  const onAbort = () => bell.ring();
  signal.addEventListener('abort', onAbort);
  let seq = after;
  try {
    while (!signal.aborted) {
      const told = queue.shift();
      if (!told) {
        if (!(await rung(bell, () => queue.length > 0 || signal.aborted))) yield ': here\n\n';
        continue;
      }
      if (told.type !== 'entry') {
        yield `data: ${JSON.stringify(told)}\n\n`;
        continue;
      }
      const rows = await entriesAfter(store.read, key, seq, PAGE);
      for (const row of rows) {
        seq = row.seq;
        yield `id: ${row.seq}\ndata: ${JSON.stringify(toLogEntry(row))}\n\n`;
      }
      if (rows.length === PAGE) queue.unshift({ type: 'entry' });
    }
  } finally {
    stopWatching();
    signal.removeEventListener('abort', onAbort);
  }
}

/** True when there is something to do, false after the time. */
function rung(bell: { ring: () => void }, ready: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    if (ready()) return resolve(true);
    const timer = setTimeout(() => resolve(false), KEEPALIVE_MS);
    bell.ring = () => {
      clearTimeout(timer);
      resolve(true);
    };
  });
}
