/** What has become of a person's message, as far as the host knows. */
import { threadOf } from '@bellhop/channels/served';
import type { ConversationKey } from '../../store/conversations.ts';
import { openTargetsOf, type Target } from '../../store/events.ts';
import type { Store } from '../../store/port.ts';
import { findSession } from '../../store/sessions.ts';
import type { Supervisor } from '../../supervisor/port.ts';
import type { AgentId, Session } from '../../types.ts';
import type { ReceiptEvent } from '../contract.ts';

export function receiptOf(target: Target, supervisor: Supervisor): ReceiptEvent {
  const { message, session } = target;
  if (target.state === 'answered' || target.state === 'failed')
    return { type: 'receipt', message, state: target.state, reason: target.reason };
  const state = supervisor.working(session).has(message) ? 'at work' : 'accepted';
  return { type: 'receipt', message, state, reason: supervisor.waitingFor(session) };
}

/** Of the messages of a conversation that have not ended. */
export async function openReceipts(
  store: Store,
  supervisor: Supervisor,
  agent: AgentId,
  key: ConversationKey,
): Promise<ReceiptEvent[]> {
  const session = await findSession(store.read, agent, key);
  if (!session) return [];
  const open = await openTargetsOf(store.read, session);
  // The session may hold other threads of the chat as well.
  return open
    .filter(({ thread }) => threadOf(thread) === key.thread)
    .map((target) => receiptOf(target, supervisor));
}

/** The conversation of a served channel that a message of this session stands in. */
export function conversationOf({ channel, chat }: Session, { thread }: Target): ConversationKey {
  return { channel, chat, thread: threadOf(thread) };
}
