/**
 * Sends the person's messages, one after the other, each until the host has said yes or no. A broken connection is
 * neither: the same id goes again, which the host takes once. Survives everything but the closing of the page.
 */
import { backoffMs } from '../model/backoff.ts';
import type { Outgoing, Place } from '../model/state.ts';
import { type Client, Refusal } from './client.ts';
import type { Store } from './store.ts';
import type { Waiting } from './stream.ts';

export interface Outbox {
  send(place: Place, message: Outgoing): void;
}

export function createOutbox(client: Client, store: Store, waiting: Waiting): Outbox {
  const forever = new AbortController().signal;

  async function deliver(place: Place, message: Outgoing): Promise<void> {
    const { id, text } = message;
    const files = message.files.map((file) => file.file);
    for (let tries = 0; ; tries += 1) {
      try {
        await client.send({ id, text, files, agent: place.agent, thread: place.thread });
        return store.dispatch({ type: 'accepted', place, id });
      } catch (error) {
        if (error instanceof Refusal && error.status < 500) {
          return store.dispatch({ type: 'refused', place, id, problem: error.problem });
        }
        await waiting.pause(backoffMs(tries, waiting.random()), forever);
      }
    }
  }

  let queue = Promise.resolve();
  return {
    send(place, message) {
      store.dispatch({ type: 'sending', place, message });
      queue = queue.then(() => deliver(place, message));
    },
  };
}
