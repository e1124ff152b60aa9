/**
 * Where in its session's chat an agent's row goes. A row claims an address; it is believed when it is the session's own,
 * or when the host's own records say the same: the message that it answers, or the one that it changes, was said there.
 * So an answer reaches the thread that it answers, and no row reaches a thread that this session never heard of.
 */
import { type MessageId, type OutboundRow, replyAddress, sameAddress } from '@bellhop/mailbox';
import type { Mailboxes } from '../sessions/port.ts';
import { threadOfDelivery } from '../store/deliveries.ts';
import type { Store } from '../store/port.ts';
import type { Session } from '../types.ts';

export interface Place {
  readonly thread: string | null;
  /** False: the row claims an address that it may not use; `thread` is where its people are told of that. */
  readonly isAllowed: boolean;
}

export interface PlaceDeps {
  readonly store: Pick<Store, 'read'>;
  readonly mailboxes: Pick<Mailboxes, 'inbound'>;
}

/** @param target the message that an edit or a reaction names, or null. */
export async function placeOf(
  { store, mailboxes }: PlaceDeps,
  session: Session,
  row: OutboundRow,
  target: string | null,
): Promise<Place> {
  if (sameAddress(row, session)) return { thread: session.thread, isAllowed: true };
  const named = [row.inReplyTo, target].flatMap((id) => (id === null ? [] : [id as MessageId]));
  const heard = await mailboxes.inbound(session, (mailbox) => mailbox.rows(named));
  const threads = [...heard.values()].map((message) => replyAddress(message, session).thread);
  if (target !== null) threads.push(...(await threadOfDelivery(store.read, session.id, target)));
  const isHere = row.channel === session.channel && row.chat === session.chat;
  if (isHere && threads.includes(row.thread)) return { thread: row.thread, isAllowed: true };
  return { thread: heard.size > 0 ? (threads[0] ?? null) : session.thread, isAllowed: false };
}
