/**
 * What a person can ask about messages that failed, and about the way of any message. No action rejects: what goes wrong
 * is returned, or stands in the story.
 */
import { isSameMessage, type MessageRef, type Problem } from '../model/state.ts';
import { problemOf } from './actions.ts';
import type { Client } from './client.ts';
import type { Store } from './store.ts';

export interface LetterActions {
  /** Asks which dead letters there are. */
  look(): Promise<Problem | null>;
  retry(letter: MessageRef): Promise<Problem | null>;
  discard(letter: MessageRef): Promise<Problem | null>;
  /** What a dead letter said; null when its mailbox has it no longer, or cannot be read. */
  textOf(letter: MessageRef): Promise<string | null>;
  /** Shows the story of a message, as it is now, in the right column; null closes it. */
  tell(of: MessageRef | null): Promise<void>;
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
    retry: (letter) => attempt(() => client.retryLetter(letter)),
    discard: (letter) => attempt(() => client.discardLetter(letter)),
    async textOf(letter) {
      const found = await client.deadLetter(letter).catch(() => null);
      return found?.deadLetters.find(({ text }) => text !== null)?.text ?? null;
    },
    async tell(of) {
      if (of === null) return store.dispatch({ type: 'story', story: null });
      const shown = store.get().story;
      // Told again, it stays until the new one is here.
      const { message, session } = of;
      if (!isSameMessage(of, shown))
        store.dispatch({ type: 'story', story: { message, session, views: null, problem: null } });
      const story = await client.why(of).then(
        ({ messages }) => ({ message, session, views: messages, problem: null }),
        (error: unknown) => ({ message, session, views: null, problem: problemOf(error) }),
      );
      // Another one may have been asked for meanwhile.
      if (isSameMessage(of, store.get().story)) store.dispatch({ type: 'story', story });
    },
  };
}
