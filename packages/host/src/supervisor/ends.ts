/**
 * The ends of messages, and what people are told of them: commit 2 of a sweep (sweep.ts). Idempotent by id, so that the
 * next sweep may do the same again: a message ends once, and a notice is named by what it is about.
 */
import type { Ack, MessageId } from '@bellhop/mailbox';
import type { InboundChange } from '@bellhop/mailbox/host';
import { notice } from '../delivery/notice.ts';
import { addDelivery, type Delivery } from '../store/deliveries.ts';
import { endTarget, targetOf } from '../store/events.ts';
import { addOwnEnd } from '../store/own-ends.ts';
import type { Store } from '../store/port.ts';
import type { Clock, Session } from '../types.ts';
import { failureText, modelAwayText } from './notices.ts';

export interface EndDeps {
  readonly store: Store;
  readonly clock: Clock;
}

export interface Ends {
  readonly notices: readonly Delivery[];
  /** What had not ended before. */
  readonly fresh: readonly { id: MessageId; state: 'answered' | 'failed'; reason: string | null }[];
}

/**
 * Commit 2: ends of messages, with a notice for each failure, and one for a turn whose model is away.
 * @param cancelled tasks that their agent has called off; they end without a word.
 */
export async function recordEnds(
  deps: EndDeps,
  session: Session,
  changes: readonly InboundChange[],
  acks: readonly Ack[],
  cancelled: readonly MessageId[],
): Promise<Ends> {
  const ends = changes.flatMap((c) => (c.kind === 'completed' || c.kind === 'failed' ? [c] : []));
  const nowMs = deps.clock.now();
  const wanted = ends.flatMap((end) =>
    end.kind === 'failed'
      ? [notice(session, `${end.id}:${end.attempt}`, failureText(end.reason), end.id, nowMs)]
      : [],
  );
  for (const change of changes) {
    const ack = change.kind === 'released' ? acks.find((a) => a.messageId === change.id) : undefined;
    const text = modelAwayText(ack?.errorClass ?? null);
    // Named by the turn, which keeps its id when it is tried again: said once, however often that is.
    if (text !== null) wanted.push(notice(session, `waits:${ack?.turnId}`, text, change.id, nowMs));
  }
  if (ends.length + wanted.length + cancelled.length === 0) return { notices: [], fresh: [] };
  const notices: Delivery[] = [];
  const fresh = await deps.store.transaction(async (sql) => {
    const told = [];
    for (const end of ends) {
      const reason = end.kind === 'failed' ? end.reason : null;
      const state = end.kind === 'failed' ? 'failed' : 'answered';
      if (await endTarget(sql, session.id, end.id, state, reason, nowMs))
        told.push({ id: end.id, state, reason } as const);
      else if (!(await targetOf(sql, session.id, end.id))) await addOwnEnd(sql, session.id, end.id, nowMs);
    }
    for (const id of cancelled) await addOwnEnd(sql, session.id, id, nowMs);
    for (const n of wanted) if (await addDelivery(sql, n)) notices.push(n);
    return told;
  });
  return { notices, fresh };
}
