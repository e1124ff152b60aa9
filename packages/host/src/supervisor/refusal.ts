/**
 * The end of messages that cannot be worked on: failed, in words, once. What was accepted has a fate also when its
 * session cannot go on, or has lost it.
 */
import type { MessageId } from '@bellhop/mailbox';
import { inThread, notice } from '../delivery/notice.ts';
import type { DeliveryEngine } from '../delivery/port.ts';
import { addDelivery, type Delivery } from '../store/deliveries.ts';
import { endTarget, openTargetsOf, targetOf } from '../store/events.ts';
import { type Generation, markSettled } from '../store/generations.ts';
import type { Sql, Store } from '../store/port.ts';
import { setDue } from '../store/sessions.ts';
import type { Clock, Session } from '../types.ts';
import { failureText, quarantineText } from './notices.ts';
import type { Watcher } from './port.ts';

export interface RefusalDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly watcher: Watcher;
  readonly delivery: DeliveryEngine;
}

/** All messages of a quarantined session. */
export async function refuseMessages(
  deps: RefusalDeps,
  session: Session,
  reason: string,
  ended: readonly Generation[],
): Promise<void> {
  const open = (await openTargetsOf(deps.store.read, session.id)).map(({ message }) => message);
  const said = { name: 'quarantine', text: quarantineText(reason), reason };
  await fail(deps, session, open, said, async (sql) => {
    for (const g of ended) await markSettled(sql, session.id, g.number);
    await setDue(sql, session.id, null);
  });
}

/** Dead letters that were to be tried again, and of which nothing is left. */
export function refuseLost(deps: RefusalDeps, session: Session, lost: readonly MessageId[]): Promise<void> {
  const reason = 'it is no longer in its mailbox';
  return fail(
    deps,
    session,
    lost,
    { name: 'lost', text: failureText(reason), reason },
    async () => undefined,
  );
}

async function fail(
  { store, clock, watcher, delivery }: RefusalDeps,
  session: Session,
  messages: readonly MessageId[],
  said: { readonly name: string; readonly text: string; readonly reason: string },
  withIt: (sql: Sql) => Promise<void>,
): Promise<void> {
  const nowMs = clock.now();
  // By the time as well: told in the commit that ends it, so once, and again when it was tried again and fails again.
  const notices: Delivery[] = [];
  for (const id of messages) {
    const target = await targetOf(store.read, session.id, id);
    const there = target ? inThread(session, target.thread) : session;
    notices.push(notice(there, `${said.name}:${id}:${nowMs}`, said.text, id, nowMs));
  }
  await store.transaction(async (sql) => {
    for (const n of notices) await addDelivery(sql, n);
    for (const id of messages) await endTarget(sql, session.id, id, 'failed', said.reason, nowMs);
    await withIt(sql);
  });
  await delivery.send(notices);
  for (const id of messages) watcher.receipt(session, id, 'failed', said.reason);
}
