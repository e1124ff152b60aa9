/**
 * The ends of messages, and what people are told of them: commit 2 of a sweep (sweep.ts). Idempotent by id, so that the
 * next sweep may do the same again: a message ends once, and a notice is named by what it is about.
 */
import type { Ack, MessageId } from '@bellhop/mailbox';
import type { InboundChange } from '@bellhop/mailbox/host';
import { notice } from '../delivery/notice.ts';
import { addDelivery, type Delivery } from '../store/deliveries.ts';
import { addTargetWithoutEvent, endTarget, targetOf } from '../store/events.ts';
import { incidentOf, setIncident } from '../store/incidents.ts';
import { addOwnEnd } from '../store/own-ends.ts';
import type { Sql, Store } from '../store/port.ts';
import type { Clock, Session } from '../types.ts';
import { noticeOf } from './incident.ts';
import { modelAwayText } from './notices.ts';

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
 * Commit 2: ends of messages, and what Bellhop says about them.
 * @param at the session in the thread where a message is answered.
 * @param cancelled tasks that their agent has called off; they end without a word.
 */
export async function recordEnds(
  deps: EndDeps,
  session: Session,
  changes: readonly InboundChange[],
  acks: readonly Ack[],
  at: (message: MessageId) => Session,
  cancelled: readonly MessageId[],
): Promise<Ends> {
  const nowMs = deps.clock.now();
  const ackOf = (id: MessageId) => acks.find((ack) => ack.messageId === id);
  const ends = changes.flatMap((c) => (c.kind === 'completed' || c.kind === 'failed' ? [c] : []));
  const waits = changes.flatMap((change): Delivery[] => {
    const ack = change.kind === 'released' ? ackOf(change.id) : undefined;
    const text = modelAwayText(ack?.errorClass ?? null);
    // Named by the turn, which keeps its id when it is tried again: said once, however often that is.
    return text === null ? [] : [notice(at(change.id), `waits:${ack?.turnId}`, text, change.id, nowMs)];
  });
  if (ends.length + waits.length + cancelled.length === 0) return { notices: [], fresh: [] };
  const notices: Delivery[] = [];
  const fresh = await deps.store.transaction(async (sql) => {
    const before = await incidentOf(sql, session.id);
    let incident = before;
    const wanted = [...waits];
    const told = [];
    for (const end of ends) {
      const reason = end.kind === 'failed' ? end.reason : null;
      const state = end.kind === 'failed' ? 'failed' : 'answered';
      if (await endTarget(sql, session.id, end.id, state, reason, nowMs))
        told.push({ id: end.id, state, reason } as const);
      else if (!(await targetOf(sql, session.id, end.id)))
        await addEnd(sql, at(end.id), end.id, reason, nowMs);
      const about = noticeOf(incident, reason, ackOf(end.id)?.errorClass ?? null);
      incident = about.incident;
      if (about.text !== null)
        wanted.push(notice(at(end.id), `${end.id}:${end.attempt}`, about.text, end.id, nowMs));
    }
    for (const id of cancelled) await addOwnEnd(sql, session.id, id, nowMs);
    if (incident !== before) await setIncident(sql, session.id, incident);
    for (const one of wanted) if (await addDelivery(sql, one)) notices.push(one);
    return told;
  });
  return { notices, fresh };
}

/** Of a row that nobody sent. One that has failed is kept where a person finds it, and can try it again. */
async function addEnd(
  sql: Sql,
  session: Session,
  id: MessageId,
  reason: string | null,
  nowMs: number,
): Promise<void> {
  if (reason === null) await addOwnEnd(sql, session.id, id, nowMs);
  else await addTargetWithoutEvent(sql, session, id, reason, nowMs);
}
