/** What Bellhop itself says in a chat, as a delivery: it goes the way of an agent's words, and is said once per id. */

import type { OutgoingContent } from '@bellhop/channels';
import type { MessageId, OutboundId } from '@bellhop/mailbox';
import type { Delivery } from '../store/deliveries.ts';
import type { Session } from '../types.ts';
import { guardLinks } from './links/guard.ts';

/** The session, speaking in this thread of its chat: where the message is that it speaks about. */
export function inThread(session: Session, thread: string | null): Session {
  return { ...session, thread };
}

/** One notice per `id`, however often it is recorded; in the session's thread (`inThread` for another one). */
export function notice(
  session: Session,
  id: string,
  text: string,
  inReplyTo: MessageId | null,
  nowMs: number,
): Delivery {
  // It may quote a runner: why it gave up.
  const quoted = guardLinks(text, () => false).text;
  const content: OutgoingContent = { kind: 'text', text: quoted, files: [], notice: true };
  return {
    session: session.id,
    id: `notice:${id}` as OutboundId,
    // Behind the rows of the agent that are copied at the same time.
    seq: Number.MAX_SAFE_INTEGER,
    inReplyTo,
    channel: session.channel,
    chat: session.chat,
    thread: session.thread,
    content: JSON.stringify(content),
    state: 'queued',
    reason: null,
    dueMs: 0,
    createdMs: nowMs,
  };
}
