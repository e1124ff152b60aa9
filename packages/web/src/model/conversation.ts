/**
 * One conversation under the events of its stream: pure, and safe to feed with anything twice (a stream that resumes
 * may repeat, and a page of older entries may overlap with it).
 */
import type { EntryPage, LedgerEvent, LogEntry, MessageState, StreamEvent } from '@bellhop/host/api';
import type { Conversation, Receipt } from './state.ts';

export function withEvent(conversation: Conversation, event: StreamEvent, nowMs: number): Conversation {
  switch (event.type) {
    case 'entry':
      return withEntry(conversation, event);
    case 'receipt':
      return withReceipt(conversation, event.message, event);
    case 'live': {
      const { live } = conversation;
      const goesOn = event.whole !== true && live?.turn === event.turn;
      const text = (goesOn ? live.text : '') + event.text;
      return { ...conversation, live: { turn: event.turn, text, done: false } };
    }
    case 'typing':
      return { ...conversation, typing: event.on };
    case 'ledger':
      return withLedger(conversation, event, nowMs);
    case 'answered': {
      const answered = { ...conversation.answered, [event.question]: event.option };
      return { ...conversation, answered };
    }
    case 'conversation': {
      const { agent, thread, needsYou } = event.conversation;
      if (needsYou || agent !== conversation.agent || thread !== conversation.thread) return conversation;
      return allAnswered(conversation);
    }
  }
}

export function withPage(conversation: Conversation, page: EntryPage, older: boolean): Conversation {
  const answered = Object.fromEntries(
    page.answered.map(({ question, option }) => [question, option ?? conversation.answered[question] ?? '']),
  );
  const receipts = Object.fromEntries(
    page.receipts.map((r) => [r.message, { state: r.state, reason: r.reason }]),
  );
  const entries = page.entries.reduce(insert, conversation.entries);
  const arrived = new Set(page.entries.map((entry) => entry.id));
  return {
    ...conversation,
    loaded: true,
    more: older || !conversation.loaded ? page.more : conversation.more,
    entries,
    outgoing: conversation.outgoing.filter((out) => !arrived.has(out.id)),
    receipts: { ...receipts, ...conversation.receipts },
    answered: { ...conversation.answered, ...answered },
  };
}

/** The host's full word on one message: after a broken connection, and after "try again". */
export function withState(conversation: Conversation, state: MessageState): Conversation {
  return state.replies.reduce(withEntry, withReceipt(conversation, state.message, state));
}

function withEntry(conversation: Conversation, entry: LogEntry): Conversation {
  const entries = insert(conversation.entries, entry);
  if (entries === conversation.entries) return conversation;
  const outgoing = conversation.outgoing.some((out) => out.id === entry.id)
    ? conversation.outgoing.filter((out) => out.id !== entry.id)
    : conversation.outgoing;
  return {
    ...conversation,
    entries,
    outgoing,
    live: replaces(conversation, entry) ? null : conversation.live,
  };
}

/** Does this entry hold what was seen being written? A message sent in mid-turn does not. */
function replaces({ live, ledger }: Conversation, { body, replyTo }: LogEntry): boolean {
  if (live === null || (body.kind !== 'text' && body.kind !== 'notice')) return false;
  if (body.text.trim().startsWith(live.text.trim())) return true;
  return live.done && (replyTo === null || ledger === null || ledger.turn.messages.includes(replyTo));
}

function withReceipt(
  conversation: Conversation,
  message: string,
  { state, reason }: Pick<Receipt, 'state' | 'reason'>,
): Conversation {
  const receipts = { ...conversation.receipts, [message]: { state, reason } };
  return { ...conversation, receipts, live: state === 'failed' ? null : conversation.live };
}

function withLedger(conversation: Conversation, { turn }: LedgerEvent, nowMs: number): Conversation {
  const { ledger, live } = conversation;
  if (turn === null) {
    const ended = ledger && ledger.endedAtMs === null ? { ...ledger, endedAtMs: nowMs } : ledger;
    return { ...conversation, ledger: ended, live: live && { ...live, done: true } };
  }
  const seen = ledger?.turn.turn === turn.turn ? ledger.generations : [];
  const isNewTry = !seen.includes(turn.generation);
  const generations = isNewTry ? [...seen, turn.generation] : seen;
  // A new try writes its text anew.
  const stale = live?.turn !== turn.turn || (isNewTry && seen.length > 0);
  return { ...conversation, ledger: { turn, generations, endedAtMs: null }, live: stale ? null : live };
}

function allAnswered(conversation: Conversation): Conversation {
  const open = conversation.entries.flatMap(({ body }) =>
    body.kind === 'question' && conversation.answered[body.question] === undefined ? [body.question] : [],
  );
  if (open.length === 0) return conversation;
  const answered = Object.fromEntries(open.map((question) => [question, '']));
  return { ...conversation, answered: { ...conversation.answered, ...answered } };
}

/** Keeps the order by seq; the same array when the entry is there already. New ones are nearly always the last. */
function insert(entries: readonly LogEntry[], entry: LogEntry): readonly LogEntry[] {
  const last = entries.at(-1);
  if (last === undefined || last.seq < entry.seq) return [...entries, entry];
  const at = entries.findIndex((known) => known.seq >= entry.seq);
  return entries[at]?.seq === entry.seq ? entries : entries.toSpliced(at, 0, entry);
}
