/**
 * Keeps the conversation that the address names open: its last entries, then its stream; and asks, each time the
 * stream stands, what became of the messages that were waited for. One conversation is followed at a time; what happens
 * in the others comes on its stream as well.
 */

import { backoffMs } from '../model/backoff.ts';
import { partOf, placeOf } from '../model/route.ts';
import { type Conversation, conversationAt, type Place } from '../model/state.ts';
import { type Client, Refusal } from './client.ts';
import type { Store } from './store.ts';
import { follow, type Waiting } from './stream.ts';

const FIRST_ENTRIES = 60;

export interface OpenDeps {
  readonly client: Client;
  readonly store: Store;
  readonly waiting: Waiting;
  readonly now: () => number;
  /** A message has failed: there is one dead letter more. */
  readonly onFailed: () => void;
}

export function keepOpen(deps: OpenDeps): void {
  const { store } = deps;
  let current = new AbortController();
  let isIn = false;
  const reopen = (): void => {
    current.abort();
    current = new AbortController();
    const { open, auth } = store.get();
    if (open && auth === 'in') void followPlace(deps, open, current.signal);
  };
  const route = (): void => {
    const { hash } = location;
    store.dispatch({ type: 'opened', place: placeOf(hash), part: partOf(hash) });
    reopen();
  };
  window.addEventListener('hashchange', route);
  store.subscribe(() => {
    const wasIn = isIn;
    isIn = store.get().auth === 'in';
    if (isIn !== wasIn) reopen();
  });
  route();
}

async function followPlace(deps: OpenDeps, place: Place, signal: AbortSignal): Promise<void> {
  const { client, store, waiting, now, onFailed } = deps;
  if (!(await loadLast(deps, place, signal))) return;
  await follow(
    client,
    waiting,
    {
      place,
      after: () => conversationAt(store.get(), place).entries.at(-1)?.seq ?? 0,
      onOpen: () => {
        const wasLost = store.get().connection === 'lost';
        store.dispatch({ type: 'stream opened', place, atMs: now() });
        void catchUp(deps, place, wasLost);
      },
      onEvent: (event) => {
        store.dispatch({ type: 'event', place, event, atMs: now() });
        if (event.type === 'receipt' && event.state === 'failed') onFailed();
      },
      onLost: () => store.dispatch({ type: 'connection', connection: 'lost' }),
    },
    signal,
  );
}

/** False when it was given up: another conversation is open, or the host refuses this one. */
async function loadLast(
  { client, store, waiting }: OpenDeps,
  place: Place,
  signal: AbortSignal,
): Promise<boolean> {
  for (let tries = 0; !signal.aborted; tries += 1) {
    if (conversationAt(store.get(), place).loaded) return true;
    try {
      const page = await client.entries(place, null, FIRST_ENTRIES);
      store.dispatch({ type: 'page', place, page, older: false });
    } catch (error) {
      if (error instanceof Refusal) {
        store.dispatch({ type: 'problem', place, problem: error.problem });
        return false;
      }
      store.dispatch({ type: 'connection', connection: 'lost' });
      await waiting.pause(backoffMs(tries, waiting.random()), signal);
    }
  }
  return false;
}

/** The stream tells what goes on; what has ended while nobody listened must be asked for. */
async function catchUp({ client, store }: OpenDeps, place: Place, wasLost: boolean): Promise<void> {
  const asked = waitedFor(conversationAt(store.get(), place)).map(async (id) => {
    store.dispatch({ type: 'message state', place, state: await client.message(id) });
  });
  const lists = wasLost
    ? [
        client.conversations().then((list) => store.dispatch({ type: 'listed', list })),
        client.status().then((status) => store.dispatch({ type: 'signed in', status })),
      ]
    : [];
  const cards = hasOpenCard(conversationAt(store.get(), place))
    ? [
        client.entries(place, null, FIRST_ENTRIES).then((page) => {
          store.dispatch({ type: 'page', place, page, older: false });
        }),
      ]
    : [];
  // What fails here breaks the stream too, and is asked for again when that stands.
  await Promise.allSettled([...asked, ...lists, ...cards]);
}

/** It may have been decided while nobody listened. */
function hasOpenCard({ entries, answered }: Conversation): boolean {
  return entries.some(
    ({ body }) => body.kind === 'question' && body.approval && answered[body.question] === undefined,
  );
}

function waitedFor({ receipts }: Conversation): string[] {
  return Object.keys(receipts).filter((id) => ['accepted', 'at work'].includes(receipts[id]?.state ?? ''));
}
