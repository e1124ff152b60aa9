/** The card of a question, as a delivery into the conversation whose session asks; and the end, as a row for its agent. */
import type { OutgoingContent } from '@bellhop/channels';
import type { MessageId, OutboundId } from '@bellhop/mailbox';
import type { AcceptedRow } from '../sessions/port.ts';
import type { Approval, Decision } from '../store/approvals.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { Agent, Session } from '../types.ts';
import { type Action, endWords } from './action.ts';

const CHOICES: readonly { readonly label: string; readonly value: Decision }[] = [
  { label: 'Once', value: 'once' },
  { label: 'This conversation', value: 'session' },
  { label: 'Always', value: 'always' },
  { label: 'No', value: 'no' },
];

/** Once per approval, however often it is recorded. */
export function card(session: Session, agent: Agent, approval: Approval, { host, port }: Action): Delivery {
  const { id, sha256, expiresMs, askedMs } = approval;
  const content: OutgoingContent = {
    kind: 'question',
    question: id,
    title: 'Bellhop asks',
    text: `May ${agent.name} reach ${host}, port ${port}?`,
    options: CHOICES,
    approval: { agent: agent.name, host, port, sha256, expiresAt: new Date(expiresMs).toISOString() },
  };
  return {
    session: session.id,
    id: `notice:approval:${id}` as OutboundId,
    seq: Number.MAX_SAFE_INTEGER,
    inReplyTo: null,
    channel: session.channel,
    chat: session.chat,
    thread: session.thread,
    content: JSON.stringify(content),
    state: 'queued',
    reason: null,
    dueMs: 0,
    createdMs: askedMs,
  };
}

/** Wakes the agent that asked. Its id is the approval's: it is told once. */
export function endRow(
  { channel, chat, thread }: Session,
  { id }: Approval,
  action: Action,
  end: Decision | 'expired',
  nowMs: number,
): AcceptedRow {
  const content = { type: 'approval', status: end, approval: id, text: endWords(action, end) };
  return {
    message: {
      id: `approval:${id}` as MessageId,
      kind: 'system',
      timestampMs: nowMs,
      content: JSON.stringify(content),
      trigger: true,
      dueMs: 0,
      recurrence: null,
      seriesId: null,
      channel,
      chat,
      thread,
    },
    attachments: [],
  };
}
