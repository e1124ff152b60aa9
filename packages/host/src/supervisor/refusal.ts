/**
 * The end of every message of a quarantined session: failed, in words, once. What was accepted has a fate also when
 * its session cannot go on.
 */
import { notice } from '../delivery/notice.ts';
import type { DeliveryEngine } from '../delivery/port.ts';
import { addDelivery } from '../store/deliveries.ts';
import { endTarget, openTargetsOf } from '../store/events.ts';
import { type Generation, markSettled } from '../store/generations.ts';
import type { Store } from '../store/port.ts';
import { setDue } from '../store/sessions.ts';
import type { Clock, Session } from '../types.ts';
import { quarantineText } from './notices.ts';
import type { Watcher } from './port.ts';

export async function refuseMessages(
  deps: {
    readonly store: Store;
    readonly clock: Clock;
    readonly watcher: Watcher;
    readonly delivery: DeliveryEngine;
  },
  session: Session,
  reason: string,
  ended: readonly Generation[],
): Promise<void> {
  const { store, clock, watcher, delivery } = deps;
  const open = await openTargetsOf(store.read, session.id);
  const text = quarantineText(reason);
  const notices = open.map((id) => notice(session, `quarantine:${id}`, text, id, clock.now()));
  await store.transaction(async (sql) => {
    for (const n of notices) await addDelivery(sql, n);
    for (const id of open) await endTarget(sql, session.id, id, 'failed', reason, clock.now());
    for (const g of ended) await markSettled(sql, session.id, g.number);
    await setDue(sql, session.id, null);
  });
  await delivery.send(notices);
  for (const id of open) watcher.receipt(session, id, 'failed', reason);
}
