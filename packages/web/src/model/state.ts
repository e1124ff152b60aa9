/** What the page knows, as plain values. Changed only by reduce.ts; everything durable is the host's, this is a view of it. */
import type {
  ConversationView,
  DeadLetterView,
  LogEntry,
  MessageStateName,
  Status,
  TurnView,
  WhyView,
} from '@bellhop/host/api';

export interface Place {
  readonly agent: string;
  readonly thread: string;
}

/** What stands in the middle in place of a conversation. */
export type Part = 'model' | 'dead letters' | 'usage';

/** What went wrong, and what to do; always shown together. */
export interface Problem {
  readonly message: string;
  readonly hint: string;
}

export interface Receipt {
  /** `sending`: not accepted yet; `refused`: the host said no, nothing was stored. */
  readonly state: MessageStateName | 'sending' | 'refused';
  readonly reason: string | null;
}

/** A file of a message that has not been accepted yet; `preview` is a blob address. */
export interface OutgoingFile {
  readonly file: string;
  readonly name: string;
  readonly size: number;
  readonly preview: string | null;
}

export interface Outgoing {
  readonly id: string;
  readonly text: string;
  readonly files: readonly OutgoingFile[];
  readonly at: string;
  readonly problem: Problem | null;
}

/** Text as it is being written. Stays after the turn's end until the entry that replaces it is here. */
export interface LiveText {
  readonly turn: string;
  readonly text: string;
  readonly done: boolean;
}

/** The running turn, or the last one that was seen to run. */
export interface Ledger {
  readonly turn: TurnView;
  /** Generations seen to work on this turn: a retry runs in a new one. */
  readonly generations: readonly number[];
  readonly endedAtMs: number | null;
}

export interface Conversation extends Place {
  readonly loaded: boolean;
  /** By seq, each once. */
  readonly entries: readonly LogEntry[];
  readonly more: boolean;
  readonly receipts: Readonly<Record<string, Receipt>>;
  /** Question to the chosen value; '' when it is not known which. */
  readonly answered: Readonly<Record<string, string>>;
  readonly outgoing: readonly Outgoing[];
  readonly live: LiveText | null;
  readonly typing: boolean;
  readonly ledger: Ledger | null;
  readonly problem: Problem | null;
}

/** One message: an id is unique on its channel and in a session, not beyond. */
export interface MessageRef {
  readonly message: string;
  /** Null for a message of this page's own conversations. */
  readonly session: string | null;
}

export function isSameMessage(a: MessageRef, b: MessageRef | null | undefined): boolean {
  return a.message === b?.message && a.session === b.session;
}

/** Why a message has the state it has: what the host knows of it. */
export interface Story extends MessageRef {
  /** One for each session that the message went to; null while the host is asked. */
  readonly views: readonly WhyView[] | null;
  readonly problem: Problem | null;
}

export type Connection = 'connecting' | 'open' | 'lost';

export interface State {
  readonly auth: 'unknown' | 'in' | 'out';
  readonly status: Status | null;
  /** Null until it was loaded once. Newest first. */
  readonly list: readonly ConversationView[] | null;
  readonly open: Place | null;
  /** Null while a conversation is open, and on a phone while the list is. */
  readonly part: Part | null;
  readonly conversations: Readonly<Record<string, Conversation>>;
  /** Null until it was asked for. Newest first. */
  readonly letters: readonly DeadLetterView[] | null;
  /** Stands in the right column, before the ledger. */
  readonly story: Story | null;
  readonly connection: Connection;
  readonly ledgerShown: boolean;
  readonly paletteShown: boolean;
}

export const INITIAL: State = {
  auth: 'unknown',
  status: null,
  list: null,
  open: null,
  part: null,
  conversations: {},
  letters: null,
  story: null,
  connection: 'connecting',
  ledgerShown: false,
  paletteShown: false,
};

export function keyOf({ agent, thread }: Place): string {
  return `${agent}/${thread}`;
}

export function emptyConversation({ agent, thread }: Place): Conversation {
  return {
    agent,
    thread,
    loaded: false,
    entries: [],
    more: false,
    receipts: {},
    answered: {},
    outgoing: [],
    live: null,
    typing: false,
    ledger: null,
    problem: null,
  };
}

/** The conversation on the screen; an empty one when nothing of it is known yet. */
export function conversationAt(state: State, place: Place): Conversation {
  return state.conversations[keyOf(place)] ?? emptyConversation(place);
}
