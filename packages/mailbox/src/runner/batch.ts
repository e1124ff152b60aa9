/**
 * Which messages the next turn takes (M8): due waking ones, oldest first, with the context before them.
 *
 * A message that an earlier turn held is taken again with exactly the messages that this turn held, under the turn's
 * own id (M7): so the retry sees the same input and repeats the same tool rows. What this runner has acked, but the
 * host has not taken over yet, is left out before any limit is applied (L5).
 */
import type { Ack, InboundRow, MessageId, TurnId } from '../model.ts';

export interface BatchLimits {
  readonly batchSize: number;
  readonly contextRows: number;
}

export interface Batch {
  /** Null: a turn of its own; the caller names it. */
  readonly turnId: TurnId | null;
  readonly messages: readonly InboundRow[];
  readonly context: readonly InboundRow[];
  /** Older context than the agent is shown; acked as skipped. */
  readonly skipped: readonly InboundRow[];
}

/** Context rows acked as skipped in one turn at most; the rest goes with the next ones. */
const MAX_SKIPPED = 200;

/** Rows sources are iterated lazily. Null when nothing waking is due. */
export function selectBatch(
  due: Iterable<InboundRow>,
  contextBefore: (seq: number) => Iterable<InboundRow>,
  acks: ReadonlyMap<MessageId, Ack>,
  generation: number,
  limits: BatchLimits,
): Batch | null {
  const messages: InboundRow[] = [];
  let turnId: TurnId | null = null;
  for (const row of due) {
    if (isTaken(row, acks.get(row.id), generation)) continue;
    const ack = acks.get(row.id);
    // One that was answered and is handed out again (a task that was paused meanwhile) is a turn of its own: under the
    // old id its new answer would count as written already.
    const earlier = ack?.status === 'completed' ? null : (ack?.turnId ?? null);
    if (messages.length === 0) turnId = earlier;
    else if (earlier !== turnId) continue;
    messages.push(row);
    if (messages.length === limits.batchSize) break;
  }
  const last = messages.at(-1);
  if (!last) return null;
  const context: InboundRow[] = [];
  const skipped: InboundRow[] = [];
  for (const row of contextBefore(last.seq)) {
    if (isTaken(row, acks.get(row.id), generation)) continue;
    if (context.length < limits.contextRows) context.push(row);
    else skipped.push(row);
    if (skipped.length === MAX_SKIPPED) break;
  }
  // Only part of a turn is due: under its id, the answers of the other part would count as written already.
  const isWhole = [...acks.values()].filter((ack) => isOpenIn(turnId, ack)).length <= messages.length;
  return { turnId: isWhole ? turnId : null, messages, context: context.reverse(), skipped };
}

function isOpenIn(turnId: TurnId | null, ack: Ack): boolean {
  return ack.turnId === turnId && (ack.status === 'processing' || ack.status === 'released');
}

/** True for what this attempt has ended already, or what this very generation works on. */
function isTaken(row: InboundRow, ack: Ack | undefined, generation: number): boolean {
  // Of another attempt it says nothing: an earlier one is over, a later one nobody was ever given. An agent that writes
  // such an ack itself must not make its own message wait for ever.
  if (ack?.attempt !== row.attempt) return false;
  // A claim that an earlier generation left behind: this runner is the fresh one that clears it by claiming anew.
  return ack.status !== 'processing' || ack.generation === generation;
}
