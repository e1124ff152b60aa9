/**
 * Which messages the next turn takes (M8): the oldest due waking one, those behind it that are answered at the same
 * address, oldest first, and the context before them. A turn has one address, so that nothing it says can go astray:
 * what is due for another thread is the next turn's.
 *
 * A message that an earlier turn held is taken again with exactly the messages that this turn held, under the turn's
 * own id (M7): so the retry sees the same input and repeats the same tool rows. What this runner has acked, but the
 * host has not taken over yet, is left out before any limit is applied (L5).
 */
import type { Ack, Address, InboundRow, MessageId, TurnId } from '../model.ts';
import { NO_ROUTING, replyAddress, sameAddress } from '../reply.ts';

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
/** Rows of other addresses that are passed over in one look. */
const MAX_PASSED = 200;

/**
 * Row sources are iterated lazily. Null when nothing waking is due.
 * @param routing the session's default reply address.
 */
export function selectBatch(
  due: Iterable<InboundRow>,
  contextBefore: (seq: number) => Iterable<InboundRow>,
  acks: ReadonlyMap<MessageId, Ack>,
  generation: number,
  limits: BatchLimits,
  routing: Address = NO_ROUTING,
): Batch | null {
  const messages: InboundRow[] = [];
  let turnId: TurnId | null = null;
  let passed = 0;
  for (const row of due) {
    if (isTaken(row, acks.get(row.id), generation)) continue;
    const ack = acks.get(row.id);
    // One that was answered and is handed out again (a task that was paused meanwhile) is a turn of its own: under the
    // old id its new answer would count as written already.
    const earlier = ack?.status === 'completed' ? null : (ack?.turnId ?? null);
    if (messages.length === 0) turnId = earlier;
    else if (earlier !== turnId) continue;
    // An unfinished turn is taken whole, whatever it holds (M7).
    else if (turnId === null && !isAnsweredTogether(messages, row, routing)) {
      passed += 1;
      if (passed === MAX_PASSED) break;
      continue;
    }
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

/** Whether this row belongs into one turn with those: it is answered where they are. */
export function isAnsweredTogether(
  [first]: readonly InboundRow[],
  row: InboundRow,
  routing: Address,
): boolean {
  return !first || sameAddress(replyAddress(first, routing), replyAddress(row, routing));
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
