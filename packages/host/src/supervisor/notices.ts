/** What Bellhop itself says in a chat: short, plain, without blame (ui.md), with what to do. */
import type { MessageId, OutboundId } from '@bellhop/mailbox';
import type { DeliveryContent } from '../delivery/content.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { Session } from '../types.ts';

export function failureText(reason: string): string {
  return `There is no answer to this message: ${reason.replace(/\.$/, '')}. Nothing else was lost; you can send it again.`;
}

export function waitingText(reason: string, hint: string): string {
  return `Your message is safe and waits: ${reason.replace(/\.$/, '')}. ${hint}`;
}

/** Why a harness gave a turn back, by its class, where a person who waits should know. */
const MODEL_AWAY: Readonly<Record<string, string>> = {
  rate_limit: 'the model asks to wait, it has had too many requests',
  overload: 'the model is overloaded',
  network: 'the model cannot be reached',
  server: 'the model has a problem of its own',
};

/** Null for a reason that is nobody's business. */
export function modelAwayText(errorClass: string | null): string | null {
  const reason = Object.hasOwn(MODEL_AWAY, errorClass ?? '') ? MODEL_AWAY[errorClass ?? ''] : undefined;
  return reason === undefined ? null : waitingText(reason, 'It is tried again by itself.');
}

export function quarantineText(reason: string): string {
  return `This conversation has been stopped: ${reason.replace(/\.$/, '')}. Your others go on; start a fresh one to talk on.`;
}

/** One notice per `id`, however often it is recorded. */
export function notice(
  session: Session,
  id: string,
  text: string,
  inReplyTo: MessageId | null,
  nowMs: number,
): Delivery {
  const content: DeliveryContent = { kind: 'text', text, files: [], notice: true };
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
