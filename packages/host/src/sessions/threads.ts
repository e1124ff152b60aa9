/**
 * In which thread of its chat a message of a session is answered: from the store for what people sent, from the mailbox
 * for rows of the host's own (tasks). What is not known belongs to the session's own thread.
 */
import { type MessageId, replyAddress } from '@bellhop/mailbox';
import { targetOf } from '../store/events.ts';
import type { Store } from '../store/port.ts';
import type { Mailboxes, ThreadOf } from './port.ts';

export function createThreadOf(deps: {
  readonly store: Pick<Store, 'read'>;
  readonly mailboxes: Pick<Mailboxes, 'inbound'>;
}): ThreadOf {
  const { store, mailboxes } = deps;
  return async (session, message) => {
    const target = await targetOf(store.read, session.id, message);
    if (target) return target.thread;
    const id = message as MessageId;
    const row = await mailboxes.inbound(session, (mailbox) => mailbox.rows([id]).get(id));
    return row ? replyAddress(row, session).thread : session.thread;
  };
}
