/**
 * One conversation as a stream of server-sent events: first what the reader has missed of the running turn and the
 * receipts of what is open, then entries from the store behind the reader's place, so that none is missed, whatever was
 * told when; receipts, ledger and live text pass by.
 *
 * A reader that falls behind is cut off: it connects again, and so begins with what it missed, instead of costing
 * memory here.
 */
import { entriesAfter } from '../store/conversation.ts';
import type { ConversationKey } from '../store/conversations.ts';
import type { Store } from '../store/port.ts';
import type { ReceiptEvent } from './contract.ts';
import { toLogEntry } from './conversation-log.ts';
import type { Told, Watchers } from './stream.ts';

/** Entries that are read at once. */
const PAGE = 20;
/** What waits for one reader, in characters of JSON. */
const MAX_WAITING = 256 * 1024;
/** A comment this often keeps a stream's other end from giving up, in milliseconds. */
const KEEPALIVE_MS = 15_000;

interface Reader {
  readonly key: ConversationKey;
  /** Seq of the last entry that the reader has. */
  readonly after: number;
  readonly showPaths: boolean;
  readonly signal: AbortSignal;
  /** Breaks the connection. */
  readonly cut: () => void;
}

export interface StreamSource {
  readonly store: Store;
  readonly watchers: Watchers;
  /** Receipts of the messages of a conversation that have not ended. */
  openReceipts(key: ConversationKey): Promise<readonly ReceiptEvent[]>;
}

export async function* conversationEvents(source: StreamSource, reader: Reader): AsyncGenerator<string> {
  const { store, watchers } = source;
  const { key, signal } = reader;
  const queue = new Queue(reader.cut);
  const stopWatching = watchers.watch(key, (told) => queue.put(told));
  const onAbort = () => queue.ring();
  signal.addEventListener('abort', onAbort);
  let seq = reader.after;
  try {
    // Read while the queue already listens: what changes in between comes again, and is lost by nobody.
    const opening = [...watchers.caughtUp(key), ...(await source.openReceipts(key))];
    for (const told of opening) yield frame(told);
    queue.put({ type: 'entry' });
    while (!signal.aborted) {
      const told = queue.take();
      if (told === undefined) {
        if (!(await queue.rung(signal))) yield ': here\n\n';
        continue;
      }
      if (told.type !== 'entry') {
        yield frame(told);
        continue;
      }
      const rows = await entriesAfter(store.read, key, seq, PAGE);
      for (const row of rows) {
        seq = row.seq;
        yield `id: ${row.seq}\n${frame(toLogEntry(row, reader.showPaths))}`;
      }
      if (rows.length === PAGE) queue.putFirst({ type: 'entry' });
    }
  } finally {
    stopWatching();
    signal.removeEventListener('abort', onAbort);
  }
}

function frame(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

class Queue {
  readonly #waiting: Told[] = [];
  readonly #cut: () => void;
  #size = 0;
  #ring: () => void = () => undefined;

  /** @param cut called when more waits than one reader may cost. */
  constructor(cut: () => void) {
    this.#cut = cut;
  }

  put(told: Told): void {
    // One pending entry stands for all that follow it.
    if (told.type === 'entry' && this.#waiting.some((waiting) => waiting.type === 'entry')) return;
    this.#waiting.push(told);
    this.#size += sizeOf(told);
    if (this.#size > MAX_WAITING) this.#cut();
    this.ring();
  }

  putFirst(told: Told): void {
    this.#waiting.unshift(told);
    this.#size += sizeOf(told);
  }

  take(): Told | undefined {
    const told = this.#waiting.shift();
    if (told) this.#size -= sizeOf(told);
    return told;
  }

  ring(): void {
    this.#ring();
  }

  /** True when there is something to do, false after the time. */
  rung(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#waiting.length > 0 || signal.aborted) return resolve(true);
      const timer = setTimeout(() => resolve(false), KEEPALIVE_MS);
      this.#ring = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

/** An estimate, cheaper than the JSON: text as it is, and a little for the rest. */
function sizeOf(told: Told): number {
  if (told.type === 'live') return told.text.length + 100;
  if (told.type === 'ledger') return 100 + (told.turn?.tools.length ?? 0) * 400;
  return told.type === 'conversation' ? 600 : 200;
}
