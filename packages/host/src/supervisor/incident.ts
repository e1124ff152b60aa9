/**
 * An incident: something at the model that no message can change and its owner must, so that every further one fails the
 * same way. It is told in each conversation once, and once when it is over; the messages that fail meanwhile say why by
 * their receipts. Pure; the conversation's open incident is in the store.
 *
 *   none --failed by a class below--> open, told --failed by the same--> open --an answer--> none, told
 */
import { failureText, incidentOverText } from './notices.ts';

/** Classes of the light harness (runner: light/errors.ts). */
const LASTING: ReadonlySet<string> = new Set(['bad_key', 'no_credit', 'unknown_model']);

export interface EndNotice {
  /** Open after this end; null for none. */
  readonly incident: string | null;
  /** What is said about this end; null for nothing. */
  readonly text: string | null;
}

/** @param reason why the message failed; null: it was answered. `errorClass` as its ack said. */
export function noticeOf(
  incident: string | null,
  reason: string | null,
  errorClass: string | null,
): EndNotice {
  if (reason === null) return { incident: null, text: incident === null ? null : incidentOverText() };
  const text = failureText(reason);
  if (errorClass === null || !LASTING.has(errorClass)) return { incident, text };
  return { incident: errorClass, text: errorClass === incident ? null : text };
}
