/**
 * What a person can ask about messages that failed, and about the way of any message. No action rejects: what goes wrong
 * is returned, or stands in the story.
 */
import type { Problem } from '../model/state.ts';
import { problemOf } from './actions.ts';
import type { Client } from './client.ts';
import type { Store } from './store.ts';

export interface LetterActions {
  /** Asks which dead letters there are. */
  look(): Promise<Problem | null>;
  retry(message: string): Promise<Problem | null>;
  discard(message: string): Promise<Problem | null>;
  /** What a dead letter said; null when its mailbox has it no longer, or cannot be read. */
  textOf(message: string): Promise<string | null>;
  /** Shows the story of a message, as it is now, in the right column; null closes it. */
  tell(message: string | null): Promise<void>;
}

export function createLetterActions(client: Client, store: Store): LetterActions {
  async function attempt(call: () => Promise<void>): Promise<Problem | null> {
    try {
      await call();
      store.dispatch({ type: 'letters', list: await client.deadLetters() });
      return null;
    } catch (error) {
      return problemOf(error);
    }
  }

  return {
    look: () => attempt(async () => undefined),
    retry: (message) => attempt(() => client.retryLetter(message)),
    discard: (message) => attempt(() => client.discardLetter(message)),
    async textOf(message) {
      const found = await client.deadLetter(message).catch(() => null);
      return found?.deadLetters.find(({ text }) => text !== null)?.text ?? null;
    },
    async tell(message) {
      if (message === null) return store.dispatch({ type: 'story', story: null });
      const shown = store.get().story;
      // Told again, it stays until the new one is here.
      if (shown?.message !== message)
        store.dispatch({ type: 'story', story: { message, views: null, problem: null } });
      const story = await client.why(message).then(
        ({ messages }) => ({ message, views: messages, problem: null }),
        (error: unknown) => ({ message, views: null, problem: problemOf(error) }),
      );
      // Another one may have been asked for meanwhile.
      if (store.get().story?.message === message) store.dispatch({ type: 'story', story });
    },
  };
}
