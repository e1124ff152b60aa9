/** The model of a conversation: what a stream may do to it, in any order and twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogBody, LogEntry, StreamEvent } from '@bellhop/host/api';
import { withEvent, withPage, withState } from '../src/model/conversation.ts';
import { type Conversation, emptyConversation, type Outgoing } from '../src/model/state.ts';
import { liveRow, timeline } from '../src/model/timeline.ts';

const EMPTY = emptyConversation({ agent: 'bell', thread: 'main' });

function entry(seq: number, body: LogBody, replyTo: string | null = null, id = `e${seq}`): LogEntry {
  return { type: 'entry', seq, at: `2026-01-01T10:00:0${seq}.000Z`, id, replyTo, body };
}

function text(words: string): LogBody {
  return { kind: 'text', text: words, files: [] };
}

function after(events: readonly StreamEvent[], from: Conversation = EMPTY): Conversation {
  return events.reduce((conversation, event) => withEvent(conversation, event, 0), from);
}

function turn(generation: number): StreamEvent {
  const startedAt = '2026-01-01T10:00:00.000Z';
  return {
    type: 'ledger',
    turn: { turn: 't', messages: ['m'], generation, sandbox: 'bwrap', startedAt, tools: [], usage: null },
  };
}

const live = (piece: string, whole?: boolean): StreamEvent => ({
  type: 'live',
  turn: 't',
  text: piece,
  ...(whole === undefined ? {} : { whole }),
});
const ended: StreamEvent = { type: 'ledger', turn: null };

test('an entry that comes twice, or late, is shown once and in its place', () => {
  const { entries } = after([
    entry(1, text('a')),
    entry(3, text('c')),
    entry(2, text('b')),
    entry(3, text('c')),
  ]);
  assert.deepEqual(
    entries.map((one) => one.seq),
    [1, 2, 3],
  );
});

test('live text grows by pieces, and a whole one replaces it', () => {
  assert.equal(after([live('Hel'), live('lo')]).live?.text, 'Hello');
  assert.equal(after([live('Hel'), live('Hello, you', true)]).live?.text, 'Hello, you');
});

test('the final entry takes the place of the live text, whether the turn has ended before it or not', () => {
  assert.equal(after([turn(1), live('Hello'), entry(2, text('Hello'), 'm')]).live, null);
  const waiting = after([turn(1), live('Hello'), ended]);
  assert.deepEqual(waiting.live, { turn: 't', text: 'Hello', done: true });
  assert.equal(after([entry(2, text('Hello, you'), 'm')], waiting).live, null);
});

test('a message sent in mid-turn leaves the live text standing', () => {
  assert.equal(after([turn(1), live('Hello'), entry(2, text('On the side'), 'm')]).live?.text, 'Hello');
});

test('a retry in a new sandbox writes its text anew, and counts as a try', () => {
  const retried = after([turn(1), live('Half an ans'), turn(2), live('Who')]);
  assert.equal(retried.live?.text, 'Who');
  assert.deepEqual(retried.ledger?.generations, [1, 2]);
});

test('a failed message leaves no text that looks as if it were being written', () => {
  const failed = after([
    turn(1),
    live('Half'),
    { type: 'receipt', message: 'm', state: 'failed', reason: 'why' },
  ]);
  assert.equal(failed.live, null);
});

test('what is being sent keeps its row when the log has it, so that nothing jumps', () => {
  const out: Outgoing = { id: 'm1', text: 'hi', files: [], at: '2026-01-01T10:00:00.000Z', problem: null };
  const sending: Conversation = { ...EMPTY, outgoing: [out] };
  const arrived = after([entry(1, { kind: 'user', text: 'hi', files: [] }, null, 'm1')], sending);
  const keys = [sending, arrived].map((one) => timeline(one).map((row) => row.key));
  assert.deepEqual(keys[0], keys[1]);
  assert.deepEqual(arrived.outgoing, []);
});

test('an older page comes before what is there, and does not undo what the stream has said since', () => {
  const newer = after([
    entry(3, text('c')),
    { type: 'receipt', message: 'm', state: 'answered', reason: null },
  ]);
  const page = {
    entries: [entry(1, text('a')), entry(2, text('b'))],
    more: true,
    receipts: [{ type: 'receipt', message: 'm', state: 'accepted', reason: null } as const],
    answered: [],
  };
  const merged = withPage({ ...newer, loaded: true }, page, true);
  assert.deepEqual(
    merged.entries.map((one) => one.seq),
    [1, 2, 3],
  );
  assert.equal(merged.receipts.m?.state, 'answered');
  assert.equal(merged.more, true);
});

test('what ended while nobody listened is taken over with its replies', () => {
  const before: Conversation = { ...EMPTY, receipts: { m: { state: 'at work', reason: null } } };
  const state = { message: 'm', session: 's', agent: 'bell', reason: null, settled: true } as const;
  const caught = withState(before, { ...state, state: 'answered', replies: [entry(2, text('done'), 'm')] });
  assert.equal(caught.receipts.m?.state, 'answered');
  assert.equal(caught.entries.length, 1);
});

test('an edit changes the text of its message and marks it, a reaction stands under it', () => {
  const rows = timeline(
    after([
      entry(1, text('first')),
      entry(2, { kind: 'edit', target: 'e1', text: 'second' }),
      entry(3, { kind: 'reaction', target: 'e1', emoji: 'heart' }),
    ]),
  );
  const said = rows.filter((row) => row.kind === 'theirs');
  assert.deepEqual(
    said.map(({ text: shown, edited, reactions }) => ({ shown, edited, reactions })),
    [{ shown: 'second', edited: true, reactions: ['heart'] }],
  );
});

test('an answered question shows the option of the answer that follows it, also after a reload', () => {
  const options = [
    { label: 'Tea', value: 'tea' },
    { label: 'Coffee', value: 'coffee' },
  ];
  const asked = entry(1, { kind: 'question', question: 'q', title: 'T', text: '?', options });
  const answer = entry(2, { kind: 'user', text: 'coffee', files: [] });
  const page = {
    entries: [asked, answer],
    more: false,
    receipts: [],
    answered: [{ question: 'q', option: null }],
  };
  const rows = timeline(withPage(EMPTY, page, false));
  assert.equal(rows.find((row) => row.kind === 'question')?.chosen, 'coffee');
  assert.equal(rows.find((row) => row.kind === 'mine')?.text, 'Coffee');
});

test('after a reload a question shows the option that the host names, whatever else was said after it', () => {
  const options = ['tea', 'coffee'].map((value) => ({ label: value.toUpperCase(), value }));
  const asked = entry(1, { kind: 'question', question: 'q', title: 'T', text: '?', options });
  const said = entry(2, { kind: 'user', text: 'coffee', files: [] });
  const page = (entries: LogEntry[]) => ({
    entries,
    more: false,
    receipts: [],
    answered: [{ question: 'q', option: 'tea' }],
  });
  const chosen = (conversation: typeof EMPTY) =>
    timeline(conversation).find((row) => row.kind === 'question')?.chosen;
  assert.equal(chosen(withPage(EMPTY, page([asked, said]), false)), 'tea');
  const closedUnseen = { ...after([asked, said]), answered: { q: '' } };
  assert.equal(chosen(withPage(closedUnseen, page([]), false)), 'tea', 'and over what was guessed before');
});

test('a question that was answered elsewhere is closed by the word that nothing needs the person', () => {
  const asked = after([entry(1, { kind: 'question', question: 'q', title: 'T', text: '?', options: [] })]);
  const last = { text: '', at: '', by: 'you' } as const;
  const conversation = {
    agent: 'bell',
    thread: 'main',
    title: 't',
    last,
    seq: 1,
    readSeq: 1,
    needsYou: false,
  };
  assert.equal(asked.answered.q, undefined);
  assert.equal(after([{ type: 'conversation', conversation }], asked).answered.q, '');
});

test('the live row stands under 5,000 others', () => {
  const entries = Array.from({ length: 5000 }, (_, n) => ({
    ...entry(1, text(`m${n}`)),
    seq: n + 1,
    id: `e${n}`,
  }));
  const rows = timeline({ ...EMPTY, entries });
  assert.equal(rows.length, 5001);
  assert.equal(liveRow(after([live('x')], { ...EMPTY, entries }), rows)?.kind, 'live');
});
