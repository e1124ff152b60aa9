/** The list of conversations: one row per place, the newest first. */
import type { ConversationView } from '@bellhop/host/api';
import { keyOf, type Place } from './state.ts';

export function withConversation(
  list: readonly ConversationView[],
  changed: ConversationView,
): ConversationView[] {
  const others = list.filter((one) => keyOf(one) !== keyOf(changed));
  return [...others, changed].sort((a, b) => Date.parse(b.last.at) - Date.parse(a.last.at));
}

export function withRead(list: readonly ConversationView[], place: Place, seq: number): ConversationView[] {
  return list.map((one) =>
    keyOf(one) === keyOf(place) && one.readSeq < seq ? { ...one, readSeq: seq } : one,
  );
}

/** What a person wrote is read by them. */
export function isUnread({ seq, readSeq, last }: ConversationView): boolean {
  return seq > readSeq && last.by !== 'you';
}

/** How many conversations call for the person, but for the one they look at. */
export function callingCount(list: readonly ConversationView[], open: Place | null): number {
  return list.filter((one) => (isUnread(one) || one.needsYou) && !(open && keyOf(one) === keyOf(open)))
    .length;
}

/** Every word must occur, in the title, the agent's name or the last line. */
export function findConversations(list: readonly ConversationView[], query: string): ConversationView[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return list.filter(({ title, agent, last }) => {
    const text = `${title}\n${agent}\n${last.text}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
