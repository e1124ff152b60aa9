/**
 * What the operator's routes answer, whichever channel a message came by. Types only.
 *
 * On both listeners:
 *
 *   GET  /v1/dead-letters                      -> DeadLetterList   (the newest first, at most 200)
 *   GET  /v1/dead-letters/:message             -> DeadLetterList   (one for each session it failed in)
 *   POST /v1/dead-letters/:message/retry       -> 202 Done
 *   POST /v1/dead-letters/:message/discard     -> 200 Done
 *   GET  /v1/why/:message?agent=               -> WhyList          (a message id, its number, or `last`)
 *
 * An id is unique on its channel and in a session alone, so each of these that names a message takes `channel`, `chat`,
 * `thread` and `session` in its query. Without them the listener's own channel comes first; ids that only other channels
 * have, and more than one of them, are refused as ambiguous (409).
 *
 * On the owner's socket alone:
 *
 *   GET  /v1/sessions?quarantined=1            -> SessionList      (the newest first, at most 200)
 *   POST /v1/sessions/:id/release              -> 202 Done
 */

export interface Done {
  /** Sessions in which something was done. */
  readonly sessions: readonly string[];
}

export interface DeadLetterView {
  readonly message: string;
  readonly session: string;
  readonly agent: string;
  readonly channel: string;
  readonly chat: string;
  readonly thread: string | null;
  readonly reason: string;
  readonly acceptedAt: string | null;
  readonly failedAt: string;
  /** What was said, cut to 2,000 characters; null in a list, and when its mailbox has it no longer. */
  readonly text: string | null;
}

export interface DeadLetterList {
  readonly deadLetters: readonly DeadLetterView[];
}

export interface SessionView {
  readonly session: string;
  readonly agent: string;
  readonly channel: string;
  readonly chat: string;
  readonly thread: string | null;
  readonly state: 'active' | 'quarantined';
  readonly reason: string | null;
  readonly awake: boolean;
  readonly createdAt: string;
  /** Its folder and the copies of its files, in bytes. */
  readonly diskBytes: number;
}

export interface SessionList {
  readonly sessions: readonly SessionView[];
}

/** The whole story of one message in one session. */
export interface WhyView {
  readonly message: string;
  readonly session: string;
  readonly agent: string;
  readonly channel: string;
  readonly chat: string;
  readonly thread: string | null;
  /** In one or two sentences: what became of it, why, and what to type next. */
  readonly verdict: readonly string[];
  readonly acceptedAt: string | null;
  readonly endedAt: string | null;
  readonly state: 'accepted' | 'enqueued' | 'answered' | 'failed';
  readonly reason: string | null;
  /** Its row in inbound.db; null when it is not there (yet, or any more). */
  readonly row: WhyRow | null;
  /** What the runner has on record about it. */
  readonly ack: WhyAck | null;
  /** Lives of the sandbox between acceptance and end, the newest first; at most 20. */
  readonly generations: readonly WhyGeneration[];
  readonly replies: readonly WhyReply[];
  /** Lines of the host's log about this session in that time, the newest last; at most 12, and none for the page. */
  readonly log: readonly string[];
}

export interface WhyRow {
  readonly seq: number;
  readonly kind: string;
  readonly status: string;
  readonly tries: number;
  readonly attempt: number;
  readonly releases: number;
  /** When it is to be tried next; null when it is due, or over. */
  readonly dueAt: string | null;
}

export interface WhyAck {
  readonly status: string;
  readonly generation: number;
  readonly attempt: number;
  readonly turn: string | null;
  readonly error: string | null;
}

export interface WhyGeneration {
  readonly number: number;
  readonly state: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly reason: string | null;
  /** Whether its end cost a try. */
  readonly charged: boolean;
}

export interface WhyReply {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly createdAt: string;
  readonly pieces: readonly { readonly state: string; readonly attempts: number }[];
}

export interface WhyList {
  readonly messages: readonly WhyView[];
}
