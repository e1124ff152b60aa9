/**
 * Where the answer to a message goes: one rule for both sides. The runner addresses its rows by it, and the host, which
 * believes no row, derives the same from its own file and compares.
 *
 * A message of the session's own chat is answered where it was said, in its thread. Everything else is answered by the
 * session's routing: a note of another agent, a task without an address, what an imported mailbox holds of a chat that
 * this session does not speak in.
 */
import type { Address, InboundRow } from './model.ts';

/** Of a session whose routing was never written: each message is answered at its own address. */
export const NO_ROUTING: Address = { channel: null, chat: null, thread: null };

export function replyAddress(message: Address & Pick<InboundRow, 'kind'>, routing: Address): Address {
  const { channel, chat, thread } = message;
  if (routing.channel === null) return { channel, chat, thread };
  if (channel !== routing.channel || chat !== routing.chat) return routing;
  // What a person says outside of all threads is answered there; a task or note that names none is not addressed in full.
  return { channel, chat, thread: thread ?? (isChat(message) ? null : routing.thread) };
}

/** Whether a person of the session's own chat said it, or pressed a button there. */
export function isFromPerson(message: InboundRow, routing: Address): boolean {
  const isHere =
    routing.channel === null || (message.channel === routing.channel && message.chat === routing.chat);
  return isHere && (isChat(message) || isPress(message));
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.channel === b.channel && a.chat === b.chat && a.thread === b.thread;
}

function isChat({ kind }: Pick<InboundRow, 'kind'>): boolean {
  return kind === 'chat' || kind === 'chat-sdk';
}

function isPress({ kind, content }: InboundRow): boolean {
  if (kind !== 'system') return false;
  try {
    return (JSON.parse(content) as { type?: unknown } | null)?.type === 'question_response';
  } catch (notJson) {
    // An imported row may hold anything.
    if (notJson instanceof SyntaxError) return false;
    throw notJson;
  }
}
