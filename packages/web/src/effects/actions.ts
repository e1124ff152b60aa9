/**
 * What a person can make the page do. Each action is a call to the host and what its answer changes; the components
 * know nothing else of the outside. No action rejects: what goes wrong becomes words in the conversation.
 */
import type { DecideApproval } from '@bellhop/host/api';
import { backoffMs } from '../model/backoff.ts';
import { freshName, hashOf } from '../model/route.ts';
import { conversationAt, type OutgoingFile, type Place, type Problem } from '../model/state.ts';
import { type Client, Refusal } from './client.ts';
import type { Outbox } from './outbox.ts';
import type { Store } from './store.ts';
import type { Waiting } from './stream.ts';

const PAGE_ENTRIES = 100;

/** What a card's button stands for. */
export interface Word {
  readonly id: string;
  readonly sha256: string;
  readonly decision: string;
}

export interface Actions {
  start(): Promise<void>;
  go(place: Place | null): void;
  /** A fresh conversation with an agent (default: the first). */
  begin(agent?: string): void;
  send(place: Place, text: string, files: readonly OutgoingFile[]): void;
  again(place: Place, id: string): Promise<void>;
  withdraw(place: Place, id: string): void;
  answer(place: Place, question: string, option: string): Promise<void>;
  /** The owner's word on what an agent may do. */
  decide(place: Place, word: Word): Promise<void>;
  stop(place: Place): Promise<void>;
  older(place: Place): Promise<void>;
  read(place: Place, seq: number): Promise<void>;
  signIn(password: string): Promise<Problem | null>;
  signOut(): Promise<void>;
}

export interface ActionsDeps {
  readonly client: Client;
  readonly store: Store;
  readonly outbox: Outbox;
  readonly waiting: Waiting;
  readonly fillRandom: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly now: () => number;
}

export function createActions({ client, store, outbox, waiting, fillRandom, now }: ActionsDeps): Actions {
  const loading = new Set<string>();
  const forever = new AbortController().signal;

  /** Runs one call; what the host refuses is shown above the composer. */
  async function attempt(place: Place, call: () => Promise<void>): Promise<boolean> {
    try {
      await call();
      return true;
    } catch (error) {
      store.dispatch({ type: 'problem', place, problem: problemOf(error) });
      return false;
    }
  }

  const actions: Actions = {
    async start() {
      for (let tries = 0; ; tries += 1) {
        try {
          store.dispatch({ type: 'signed in', status: await client.status() });
          return store.dispatch({ type: 'listed', list: await client.conversations() });
        } catch (error) {
          // The client has told a 401 already.
          if (error instanceof Refusal && error.status === 401) return;
          store.dispatch({ type: 'connection', connection: 'lost' });
          await waiting.pause(backoffMs(tries, waiting.random()), forever);
        }
      }
    },
    go(place) {
      location.hash = hashOf(place);
    },
    begin(agent = store.get().status?.agents[0]?.name) {
      if (agent !== undefined) actions.go({ agent, thread: freshName('c', fillRandom) });
    },
    send(place, text, files) {
      const at = new Date(now()).toISOString();
      outbox.send(place, { id: freshName('m', fillRandom), text, files, at, problem: null });
    },
    async again(place, id) {
      const out = conversationAt(store.get(), place).outgoing.find((one) => one.id === id);
      if (out) return outbox.send(place, { ...out, problem: null });
      await attempt(place, async () => {
        await client.retry(id);
        store.dispatch({ type: 'message state', place, state: await client.message(id) });
      });
    },
    withdraw(place, id) {
      store.dispatch({ type: 'withdrawn', place, id });
    },
    async answer(place, question, option) {
      store.dispatch({ type: 'answering', place, question, option });
      const id = freshName('a', fillRandom);
      const sent = await attempt(place, () => client.answer({ id, question, option, ...place }));
      if (!sent) store.dispatch({ type: 'answering', place, question, option: null });
    },
    async decide(place, { id, sha256, decision }) {
      store.dispatch({ type: 'answering', place, question: id, option: decision });
      const word = { id, sha256, decision: decision as DecideApproval['decision'] };
      if (await attempt(place, () => client.decide(word))) return;
      store.dispatch({ type: 'answering', place, question: id, option: null });
      // Another tab was first, or its time is over: then the host says how it ended.
      await attempt(place, async () => {
        const page = await client.entries(place, null, PAGE_ENTRIES);
        store.dispatch({ type: 'page', place, page, older: false });
      });
    },
    async stop(place) {
      await attempt(place, () => client.stopTurn(place));
    },
    async older(place) {
      const { entries, more } = conversationAt(store.get(), place);
      const before = entries[0]?.seq ?? null;
      const name = `${place.agent}/${place.thread}`;
      if (!more || loading.has(name)) return;
      loading.add(name);
      await attempt(place, async () => {
        const page = await client.entries(place, before, PAGE_ENTRIES);
        store.dispatch({ type: 'page', place, page, older: true });
      });
      loading.delete(name);
    },
    async read(place, seq) {
      store.dispatch({ type: 'read', place, seq });
      // Only a dot: when it does not arrive, it is sent with the next message that is read.
      await client.markRead({ ...place, seq }).catch(() => undefined);
    },
    async signIn(password) {
      try {
        await client.signIn(password);
      } catch (error) {
        return problemOf(error);
      }
      await actions.start();
      return null;
    },
    async signOut() {
      await client.signOut().catch(() => undefined);
      store.dispatch({ type: 'signed out' });
    },
  };
  return actions;
}

/** What went wrong, for the person. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  return {
    message: 'The host did not answer.',
    hint: 'Nothing was changed. Try again when the page is connected.',
  };
}
