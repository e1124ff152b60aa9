/**
 * The breaker of one session: a sandbox that dies again and again before it takes up work is not started at every
 * message for ever (W2). Each such end is charged like any other; what the breaker adds is time between the starts, and
 * two notices per incident instead of one per start.
 *
 *   closed --OPENS_AT boot failures in a row--> open, told once --a life that takes up work--> closed, told once
 *
 * An incident is read from the generations on disk, so a restart of the host neither forgets nor repeats it.
 */
import { notice } from '../delivery/notice.ts';
import type { DeliveryEngine } from '../delivery/port.ts';
import { addDelivery } from '../store/deliveries.ts';
import { whereItWorks } from '../store/events.ts';
import type { BootFailures } from '../store/generations.ts';
import type { Store } from '../store/port.ts';
import type { Clock, Session } from '../types.ts';
import { bootFailureText, bootOverText } from './notices.ts';

const OPENS_AT = 3;
const BASE_MS = 10_000;
const MAX_MS = 600_000;

export interface BreakerDeps {
  readonly store: Store;
  readonly delivery: DeliveryEngine;
  readonly clock: Clock;
}

/** How long to wait before the next start; null while the breaker is closed. */
export function breakerDelayMs({ count }: BootFailures): number | null {
  return count < OPENS_AT ? null : Math.min(BASE_MS * 2 ** (count - OPENS_AT), MAX_MS);
}

/** Tells the sender, once per incident. */
export function tellOpen(
  deps: BreakerDeps,
  session: Session,
  failures: BootFailures,
  reason: string,
): Promise<void> {
  return tell(deps, session, `boot:${failures.first}`, bootFailureText(reason));
}

/** Tells that it is over, once, if it was an incident. */
export async function tellOver(deps: BreakerDeps, session: Session, failures: BootFailures): Promise<void> {
  if (breakerDelayMs(failures) === null) return;
  await tell(deps, session, `boot-over:${failures.first}`, bootOverText());
}

async function tell(deps: BreakerDeps, session: Session, id: string, text: string): Promise<void> {
  const { store, clock } = deps;
  const said = notice(await whereItWorks(store.read, session), id, text, null, clock.now());
  const isNew = await store.transaction((sql) => addDelivery(sql, said));
  if (isNew) void deps.delivery.send([said]);
}
