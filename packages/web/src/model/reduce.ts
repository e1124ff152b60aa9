/** Every change of the page's state, by name. Pure: time comes in with the action. */
import type {
  ConversationList,
  DeadLetterList,
  EntryPage,
  MessageState,
  Status,
  StreamEvent,
} from '@bellhop/host/api';
import { withEvent, withPage, withState } from './conversation.ts';
import { withConversation, withRead } from './list.ts';
import {
  type Connection,
  type Conversation,
  conversationAt,
  INITIAL,
  keyOf,
  type Outgoing,
  type Part,
  type Place,
  type Problem,
  type State,
  type Story,
} from './state.ts';

export type Action =
  | { readonly type: 'signed in'; readonly status: Status }
  | { readonly type: 'signed out' }
  | { readonly type: 'listed'; readonly list: ConversationList }
  | { readonly type: 'opened'; readonly place: Place | null; readonly part: Part | null }
  | { readonly type: 'letters'; readonly list: DeadLetterList }
  | { readonly type: 'story'; readonly story: Story | null }
  | { readonly type: 'connection'; readonly connection: Connection }
  /** What is live is told anew by the stream that has just opened. */
  | { readonly type: 'stream opened'; readonly place: Place; readonly atMs: number }
  | { readonly type: 'panels'; readonly ledgerShown?: boolean; readonly paletteShown?: boolean }
  | { readonly type: 'read'; readonly place: Place; readonly seq: number }
  | { readonly type: 'page'; readonly place: Place; readonly page: EntryPage; readonly older: boolean }
  | { readonly type: 'event'; readonly place: Place; readonly event: StreamEvent; readonly atMs: number }
  | { readonly type: 'message state'; readonly place: Place; readonly state: MessageState }
  | { readonly type: 'sending'; readonly place: Place; readonly message: Outgoing }
  | { readonly type: 'accepted'; readonly place: Place; readonly id: string }
  | { readonly type: 'refused'; readonly place: Place; readonly id: string; readonly problem: Problem }
  | { readonly type: 'withdrawn'; readonly place: Place; readonly id: string }
  | {
      readonly type: 'answering';
      readonly place: Place;
      readonly question: string;
      /** Null: the host refused it; the buttons are open again. */
      readonly option: string | null;
    }
  | { readonly type: 'problem'; readonly place: Place; readonly problem: Problem | null };

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'signed in':
      return { ...state, auth: 'in', status: action.status };
    case 'signed out':
      return { ...INITIAL, auth: 'out', open: state.open, part: state.part };
    case 'listed':
      return { ...state, list: action.list.conversations };
    case 'opened':
      return { ...state, open: action.place, part: action.part, story: null };
    case 'letters':
      return { ...state, letters: action.list.deadLetters };
    case 'story':
      return { ...state, story: action.story };
    case 'connection':
      return state.connection === action.connection ? state : { ...state, connection: action.connection };
    case 'stream opened':
      return within({ ...state, connection: 'open' }, action.place, (c) => ({
        ...withEvent(c, { type: 'ledger', turn: null }, action.atMs),
        live: null,
        typing: false,
      }));
    case 'panels': {
      const { ledgerShown = state.ledgerShown, paletteShown = state.paletteShown } = action;
      // The right column holds one thing.
      const story = action.ledgerShown === undefined ? state.story : null;
      return { ...state, ledgerShown, paletteShown, story };
    }
    case 'read':
      return { ...state, list: withRead(state.list ?? [], action.place, action.seq) };
    case 'event': {
      const { event } = action;
      const next =
        event.type === 'conversation'
          ? { ...state, list: withConversation(state.list ?? [], event.conversation) }
          : state;
      return within(next, action.place, (c) => withEvent(c, event, action.atMs));
    }
    case 'page':
      return within(state, action.place, (c) => withPage(c, action.page, action.older));
    case 'message state':
      return within(state, action.place, (c) => withState(c, action.state));
    case 'sending':
      return within(state, action.place, (c) => ({
        ...c,
        outgoing: [...c.outgoing.filter((out) => out.id !== action.message.id), action.message],
      }));
    case 'accepted':
      return within(state, action.place, (c) => ({
        ...c,
        // What the stream has said of it meanwhile is newer.
        receipts: { [action.id]: { state: 'accepted', reason: null }, ...c.receipts },
      }));
    case 'refused':
      return within(state, action.place, (c) => ({
        ...c,
        outgoing: c.outgoing.map((out) => (out.id === action.id ? { ...out, problem: action.problem } : out)),
      }));
    case 'withdrawn':
      return within(state, action.place, (c) => ({
        ...c,
        outgoing: c.outgoing.filter((out) => out.id !== action.id),
      }));
    case 'answering':
      return within(state, action.place, (c) => {
        const { [action.question]: _, ...rest } = c.answered;
        return {
          ...c,
          answered: action.option === null ? rest : { ...rest, [action.question]: action.option },
        };
      });
    case 'problem':
      return within(state, action.place, (c) => ({ ...c, problem: action.problem }));
  }
}

function within(state: State, place: Place, change: (conversation: Conversation) => Conversation): State {
  const known = conversationAt(state, place);
  const next = change(known);
  return next === known
    ? state
    : { ...state, conversations: { ...state.conversations, [keyOf(place)]: next } };
}
