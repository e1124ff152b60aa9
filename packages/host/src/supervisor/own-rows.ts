/**
 * Rows of the host's own making in a session's mailbox: the tasks that its agent scheduled, and what the agent should
 * know of what it sent. Their ids are made from what they are about, so that making them again changes nothing (M4).
 */
import type { MessageId, NewMessage } from '@bellhop/mailbox';
import type { CheckedRows } from '../delivery/port.ts';
import type { TerminalDelivery } from '../store/deliveries.ts';
import type { Session } from '../types.ts';

/** The host's name of an agent's task, so that no agent can take the place of a message to come. */
function taskId(id: string): MessageId {
  return `task:${id}` as MessageId;
}

/** The series that the agent has called off. */
export function cancelled({ tasks }: CheckedRows): MessageId[] {
  return tasks.flatMap((task) => (task.kind === 'cancel' ? [taskId(task.id)] : []));
}

export function toTasks(session: Session, checked: CheckedRows, nowMs: number): NewMessage[] {
  return checked.tasks.flatMap((task) => {
    if (task.kind !== 'schedule') return [];
    const { channel, chat } = session;
    const { thread } = task;
    const content = JSON.stringify({ prompt: task.prompt, script: null });
    return [
      {
        id: taskId(task.id),
        kind: 'task',
        timestampMs: nowMs,
        content,
        trigger: true,
        dueMs: task.dueMs,
        recurrence: task.recurrence,
        seriesId: taskId(task.id),
        channel,
        chat,
        thread,
      } as const,
    ];
  });
}

/** The agent learns that something it sent did not arrive; as context, it wakes nobody (D4). */
export function toNotes(
  session: Session,
  mirrored: readonly TerminalDelivery[],
  nowMs: number,
): NewMessage[] {
  const { channel, chat, thread } = session;
  return mirrored
    .filter((d) => d.state !== 'delivered' && !d.id.startsWith('notice:'))
    .map((d) => ({
      id: `delivery_failed:${d.id}` as MessageId,
      kind: 'system',
      timestampMs: nowMs,
      content: JSON.stringify({ type: 'delivery_failed', messageId: d.id, reason: d.reason }),
      trigger: false,
      dueMs: 0,
      recurrence: null,
      seriesId: null,
      channel,
      chat,
      thread,
    }));
}
