/** Who watches which conversation, and what they are told. In memory only: everything durable is read from the store. */
import type { LiveEvent, ReceiptEvent } from './contract.ts';

/** `entry` says only that the log has grown: the watcher reads on from where it is, and so misses none. */
export type Told = ReceiptEvent | LiveEvent | { readonly type: 'entry' };

export class Watchers {
  readonly #watchers = new Map<string, Set<(told: Told) => void>>();

  /** Returns the function that ends it. */
  watch(conversation: string, tell: (told: Told) => void): () => void {
    const set = this.#watchers.get(conversation) ?? new Set();
    this.#watchers.set(conversation, set.add(tell));
    return () => {
      set.delete(tell);
      if (set.size === 0) this.#watchers.delete(conversation);
    };
  }

  tell(conversation: string, told: Told): void {
    for (const tell of this.#watchers.get(conversation) ?? []) tell(told);
  }
}

export function conversationName(channel: string, chat: string, thread: string | null): string {
  return JSON.stringify([channel, chat, thread ?? 'main']);
}
