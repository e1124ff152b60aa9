/**
 * Who watches which conversation, what they are told, and what one that comes later must be told first: the running
 * turn. In memory only, one turn for each conversation that is at work; everything durable is read from the store.
 */
import { clipToEnd } from '@bellhop/mailbox';
import type { ConversationKey } from '../store/conversations.ts';
import type { AnsweredEvent, ConversationEvent, LedgerEvent, LiveEvent, ReceiptEvent } from './contract.ts';

/** `entry` says only that the log has grown: the watcher reads on from where it is, and so misses none. */
export type Told =
  | ReceiptEvent
  | LiveEvent
  | LedgerEvent
  | ConversationEvent
  | AnsweredEvent
  | { readonly type: 'entry' };

/** Of a longer text a late watcher gets the end, in characters; the whole comes with the entry. */
const MAX_LIVE_TEXT = 64 * 1024;

interface RunningTurn {
  readonly ledger: LedgerEvent | null;
  readonly live: { readonly turn: string; readonly text: string } | null;
}

const NOTHING: RunningTurn = { ledger: null, live: null };

export class Watchers {
  /** By channel, then by conversation. */
  readonly #watchers = new Map<string, Map<string, Set<(told: Told) => void>>>();
  readonly #turns = new Map<string, RunningTurn>();

  /** Returns the function that ends it. */
  watch(key: ConversationKey, tell: (told: Told) => void): () => void {
    const name = nameOf(key);
    const channel = this.#watchers.get(key.channel) ?? new Map<string, Set<(told: Told) => void>>();
    const set = channel.get(name) ?? new Set();
    this.#watchers.set(key.channel, channel.set(name, set.add(tell)));
    return () => {
      set.delete(tell);
      if (set.size === 0) channel.delete(name);
    };
  }

  /** What a watcher that comes now has missed of the running turn. */
  caughtUp(key: ConversationKey): readonly Told[] {
    const { ledger, live } = this.#turns.get(nameOf(key)) ?? NOTHING;
    return [...(ledger ? [ledger] : []), ...(live ? [{ type: 'live', whole: true, ...live } as const] : [])];
  }

  tell(key: ConversationKey, told: Told): void {
    const name = nameOf(key);
    const before = this.#turns.get(name) ?? NOTHING;
    const after = remembered(before, told);
    if (after === NOTHING || (after.ledger === null && after.live === null)) this.#turns.delete(name);
    else if (after !== before) this.#turns.set(name, after);
    for (const tell of this.#watchers.get(key.channel)?.get(name) ?? []) tell(told);
  }

  /** To whoever watches any conversation of the channel. */
  tellChannel(channel: string, told: Told): void {
    for (const set of this.#watchers.get(channel)?.values() ?? []) for (const tell of set) tell(told);
  }

  isWatched(channel: string): boolean {
    return (this.#watchers.get(channel)?.size ?? 0) > 0;
  }
}

/** The text is over when its turn is: then the entry stands in the log, and would be shown twice. */
function remembered(turn: RunningTurn, told: Told): RunningTurn {
  switch (told.type) {
    case 'live': {
      const soFar = turn.live?.turn === told.turn && !told.whole ? turn.live.text : '';
      const text = clipToEnd(soFar + told.text, MAX_LIVE_TEXT);
      return { ...turn, live: { turn: told.turn, text } };
    }
    case 'ledger':
      return told.turn === null ? NOTHING : { ...turn, ledger: told };
    case 'receipt':
      return told.state === 'answered' || told.state === 'failed' ? { ...turn, live: null } : turn;
    case 'typing':
      return told.on ? turn : NOTHING;
    default:
      return turn;
  }
}

function nameOf(key: ConversationKey): string {
  return JSON.stringify([key.channel, key.chat, key.thread]);
}
