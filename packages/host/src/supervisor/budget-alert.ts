/** Tells a conversation that a budget has passed one of its marks: in the one whose call it was, once for each. */
import { notice } from '../delivery/notice.ts';
import type { DeliveryEngine } from '../delivery/port.ts';
import type { BudgetAlert } from '../egress/port.ts';
import { addDelivery } from '../store/deliveries.ts';
import { whereItWorks } from '../store/events.ts';
import type { Store } from '../store/port.ts';
import { sessionById } from '../store/sessions.ts';
import type { Clock, SessionId } from '../types.ts';
import { budgetAlertText } from './notices.ts';

export interface AlertDeps {
  readonly store: Store;
  readonly delivery: Pick<DeliveryEngine, 'send'>;
  readonly clock: Pick<Clock, 'now'>;
}

export async function tellAlert({ store, delivery, clock }: AlertDeps, alert: BudgetAlert): Promise<void> {
  const session = await sessionById(store.read, alert.session as SessionId);
  // The owner's own test of a model belongs to no conversation.
  if (!session) return;
  const { agent, period, startMs, percent, capMicros } = alert;
  // With the cap: one that was raised has marks of its own.
  const id = `budget:${agent}:${period}:${startMs}:${capMicros}:${percent}`;
  const where = await whereItWorks(store.read, session);
  const said = notice(where, id, budgetAlertText(alert), null, clock.now());
  if (await store.transaction((sql) => addDelivery(sql, said))) void delivery.send([said]);
}
