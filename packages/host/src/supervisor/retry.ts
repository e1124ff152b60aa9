/** A dead letter's way back, asked for by a person: it is accepted once more, and goes the way of any other message. */
import type { MessageId } from '@bellhop/mailbox';
import { acceptAgain } from '../store/events.ts';
import type { Store } from '../store/port.ts';
import { noteDue, sessionById } from '../store/sessions.ts';
import type { SessionId } from '../types.ts';
import type { Watcher } from './port.ts';

/** False when this message has not failed. The caller nudges the session. */
export async function retryMessage(
  deps: { readonly store: Store; readonly watcher: Watcher },
  id: SessionId,
  message: MessageId,
): Promise<boolean> {
  const session = await sessionById(deps.store.read, id);
  if (!session) return false;
  const accepted = await deps.store.transaction(async (sql) => {
    if (!(await acceptAgain(sql, id, message))) return false;
    await noteDue(sql, id, 0);
    return true;
  });
  if (accepted) deps.watcher.receipt(session, message, 'accepted', null);
  return accepted;
}
