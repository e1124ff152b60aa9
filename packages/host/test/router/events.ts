/** Events as a channel reports them, and a router over a real store. */
import type { TestContext } from 'node:test';
import type { AnswerEvent, MessageEvent } from '@bellhop/channels';
import { createAccessGate } from '../../src/access/gate.ts';
import type { Router } from '../../src/router/port.ts';
import { createRouter } from '../../src/router/router.ts';
import type { Store } from '../../src/store/port.ts';
import type { SessionId } from '../../src/types.ts';
import { START_MS } from '../fake-clock.ts';
import { OWNER, openStoreWorld, type StoreWorld } from '../store-world.ts';

export function message(id: string, change: Partial<MessageEvent> = {}): MessageEvent {
  return {
    id,
    kind: 'message',
    chat: 'chat',
    thread: null,
    sender: { id: OWNER, name: 'Ann' },
    sentAt: START_MS,
    text: `text of ${id}`,
    files: [],
    isMention: false,
    isGroup: false,
    ...change,
  };
}

export function answer(
  id: string,
  question: string,
  option: string,
  change: Partial<AnswerEvent> = {},
): AnswerEvent {
  const who = { sender: { id: OWNER, name: 'Ann' }, sentAt: START_MS };
  return { id, kind: 'answer', chat: 'chat', thread: null, ...who, question, option, ...change };
}

export interface RouterWorld extends StoreWorld {
  readonly router: Router;
  readonly nudged: SessionId[];
  routerOn(store: Store): Router;
}

export async function openRouterWorld(t: TestContext): Promise<RouterWorld> {
  const world = await openStoreWorld(t);
  const nudged: SessionId[] = [];
  const counter = { sessions: 0 };
  const routerOn = (store: Store) =>
    createRouter({
      store,
      access: createAccessGate(store),
      clock: world.clock,
      log: world.log,
      newSessionId: () => `routed-${counter.sessions++}` as SessionId,
      nudge: (session) => nudged.push(session),
      journal: async () => undefined,
    });
  return { ...world, nudged, routerOn, router: routerOn(world.store) };
}
