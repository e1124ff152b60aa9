import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogBody, StreamEvent } from '@bellhop/host/api';
import { readInput } from '../src/chat/input.ts';
import { Transcript } from '../src/chat/transcript.ts';
import { styleFor } from '../src/style.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const PLAIN = styleFor({}, {});

function entry(seq: number, body: LogBody, id = `e${seq}`): StreamEvent {
  return { type: 'entry', seq, at: '2026-01-01T00:00:00.000Z', id, replyTo: null, body };
}
const said = (seq: number, text: string) => entry(seq, { kind: 'text', text, files: [] });
const live = (text: string, turn = 't1'): StreamEvent => ({ type: 'live', turn, text });

function shown(events: readonly StreamEvent[], tty = true, own: ReadonlySet<string> = new Set()): string {
  const transcript = new Transcript(tty, PLAIN, own, START);
  return events.map((event) => transcript.event(event)).join('');
}

test('text that was streamed is not printed a second time when its entry arrives', () => {
  assert.equal(shown([live('Hel'), live('lo'), said(1, 'Hello')]), 'Hello\n');
  assert.equal(shown([live('Hel'), said(1, 'Hello you')]), 'Hello you\n');
  assert.equal(shown([live('Hello\n'), said(1, 'Hello')]), 'Hello\n');
});

test('a streamed text that the host split into two entries is printed once', () => {
  assert.equal(
    shown([live('part one part two'), said(1, 'part one'), said(2, 'part two')]),
    'part one part two\n',
  );
});

test('an entry that has nothing to do with the live text stands on its own line', () => {
  assert.equal(
    shown([live('I am wri'), said(1, 'sent by a tool'), live('ting'), said(2, 'I am writing')]),
    'I am wri\nsent by a tool\nting\n',
  );
  assert.equal(shown([live('draft'), said(1, 'something else')]), 'draft\nsomething else\n');
});

test('live text that takes the place of another is printed on a line of its own, and its entry goes on from it', () => {
  const anew = (text: string): StreamEvent => ({ type: 'live', turn: 't1', text, whole: true });
  assert.equal(shown([live('a thought'), anew(''), live('Hel'), said(1, 'Hello')]), 'a thought\nHello\n');
  assert.equal(shown([live('a thought'), anew('Hel'), live('lo'), said(1, 'Hello')]), 'a thought\nHello\n');
  assert.equal(shown([live('Hel'), anew('Hello'), said(1, 'Hello')]), 'Hello\n', 'as after a reconnect');
});

test('a pipe gets entries only, never live text', () => {
  assert.equal(shown([live('Hel'), said(1, 'Hello')], false), 'Hello\n');
});

test('an entry that comes twice is printed once', () => {
  assert.equal(shown([said(1, 'a'), said(2, 'b'), said(1, 'a'), said(2, 'b')]), 'a\nb\n');
});

test('own messages are not echoed; those sent from elsewhere are shown', () => {
  const mine = entry(1, { kind: 'user', text: 'mine', files: [] }, 'm1');
  const theirs = entry(2, { kind: 'user', text: 'from the page', files: [] }, 'm2');
  assert.equal(shown([mine, theirs], true, new Set(['m1'])), 'you: from the page\n');
});

test('edits, reactions, notices and files have words of their own', () => {
  const file = { name: 'a.txt', path: '/d/a.txt', size: 12 };
  assert.equal(
    shown([
      entry(1, { kind: 'edit', target: 'e0', text: 'new' }),
      entry(2, { kind: 'reaction', target: 'e0', emoji: '👍' }),
      entry(3, { kind: 'notice', text: 'Careful.' }),
      entry(4, { kind: 'text', text: 'here', files: [file] }),
    ]),
    'edited: new\nreaction: 👍\nCareful.\nhere\na.txt (12 B)  /d/a.txt\n',
  );
});

test('receipts are told once each, only for own messages; in a pipe only a failure', () => {
  const receipt = (state: 'accepted' | 'at work' | 'failed', reason: string | null = null): StreamEvent => ({
    type: 'receipt',
    message: 'm1',
    state,
    reason,
  });
  const events = [
    receipt('accepted'),
    receipt('accepted'),
    receipt('at work'),
    receipt('failed', 'out of memory'),
  ];
  assert.equal(shown(events, true, new Set(['m1'])), '· accepted\n· at work\nfailed: out of memory\n');
  assert.equal(shown(events, false, new Set(['m1'])), 'failed: out of memory\n');
  assert.equal(shown(events, true), '');
});

test('live text cannot rewrite the terminal with escape sequences', () => {
  assert.equal(shown([live('a\u001b[2Jb'), said(1, 'a\u001b[2Jb\u0007')]), 'a␛[2Jb␇\n');
  assert.equal(shown([entry(1, { kind: 'notice', text: '\u009b2J' })]), '�2J\n');
  assert.equal(shown([entry(1, { kind: 'reaction', target: 'x', emoji: '\u001bc' })]), 'reaction: ␛c\n');
});

test('a question is numbered and its number answers it; other numbers and words are messages', () => {
  const transcript = new Transcript(true, PLAIN, new Set(), START);
  const options = [
    { label: 'Tea', value: 'tea' },
    { label: 'Coffee', value: 'coffee' },
  ];
  const text = transcript.event(
    entry(1, { kind: 'question', question: 'q', title: 'Drink?', text: '', options }),
  );
  assert.equal(text, 'Drink?\n  1. Tea\n  2. Coffee\n');
  assert.deepEqual(readInput(' 2 ', transcript.openQuestion), {
    kind: 'answer',
    question: 'q',
    option: options[1],
  });
  assert.equal(readInput('3', transcript.openQuestion).kind, 'text');
  assert.equal(readInput('tea', transcript.openQuestion).kind, 'text');
  transcript.answered();
  assert.equal(readInput('2', transcript.openQuestion).kind, 'text');
});

test('local commands are few, and everything else is sent as it was typed', () => {
  assert.deepEqual(readInput('', null), { kind: 'nothing' });
  assert.deepEqual(readInput('/quit', null), { kind: 'quit' });
  assert.deepEqual(readInput('/help', null), { kind: 'help' });
  assert.deepEqual(readInput('/file a.txt what is it?', null), {
    kind: 'file',
    path: 'a.txt',
    text: 'what is it?',
  });
  assert.deepEqual(readInput('/file "my file.txt"', null), { kind: 'file', path: 'my file.txt', text: '' });
  assert.equal(readInput('/file', null).kind, 'wrong');
  assert.deepEqual(readInput('/clear', null), { kind: 'text', text: '/clear' });
  assert.deepEqual(readInput('  indented', null), { kind: 'text', text: '  indented' });
});

test('each tool of a turn is named once, as it begins, on a terminal only', () => {
  const ledger = (turn: string, ...tools: string[]): StreamEvent => ({
    type: 'ledger',
    turn: {
      turn,
      messages: ['m1'],
      generation: 1,
      sandbox: 'bwrap',
      startedAt: '2026-01-01T00:00:00.000Z',
      usage: null,
      tools: tools.map((detail, index) => ({
        n: index + 1,
        name: 'bash',
        detail,
        startedAt: '2026-01-01T00:00:00.000Z',
        ms: null,
        ok: null,
      })),
    },
  });
  const events = [ledger('t1'), ledger('t1', 'ls'), ledger('t1', 'ls', 'rm \u001b[2J'), ledger('t2', 'pwd')];
  assert.equal(shown(events), '· bash ls\n· bash rm ␛[2J\n· bash pwd\n');
  assert.equal(shown(events, false), '');
});
