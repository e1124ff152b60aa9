/** The way of a message in words: every step that the host knows of, in order, and none that it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WhyView } from '@bellhop/host/api';
import { stepsOf } from '../src/model/story.ts';

const AT = '2026-01-02T09:00:00.000Z';
const FRESH: WhyView = {
  ...{ message: 'm', session: 's', agent: 'bell', channel: 'web', chat: 'c', thread: 'main' },
  ...{ verdict: [], acceptedAt: AT, endedAt: null, state: 'accepted', reason: null, row: null, ack: null },
  ...{ generations: [], replies: [], log: [] },
};
const ROW = { seq: 2, kind: 'chat', status: 'pending', tries: 0, attempt: 1, releases: 0, dueAt: null };

const told = (view: WhyView) => stepsOf(view).map(({ words, aside, state }) => [words, aside, state]);

test('a message that has only been accepted waits for its mailbox', () => {
  assert.deepEqual(told(FRESH), [
    ['Accepted', 'by web', 'done'],
    ['Not in its mailbox yet', '', 'waiting'],
  ]);
});

test('tries, what they cost, and what came of each reply are told in the order that they went', () => {
  const life = { state: 'settled', startedAt: AT, endedAt: AT, reason: 'it died', charged: true };
  const reply = { id: 'r', state: 'retry', reason: 'too many requests', createdAt: AT };
  const view = {
    ...FRESH,
    row: { ...ROW, tries: 1, releases: 2 },
    ack: { status: 'claimed', generation: 2, attempt: 2, turn: 't', error: null },
    generations: [
      { ...life, number: 2, state: 'running', endedAt: null, reason: null, charged: false },
      { ...life, number: 1 },
    ],
    replies: [{ ...reply, pieces: [{ state: 'retry', attempts: 3 }] }],
  };
  assert.deepEqual(told(view).slice(1), [
    ['In its mailbox as number 2', 'pending, 1 failed try, put off 2 times', 'waiting'],
    ['Sandbox 1', 'it died; this cost a try', 'failed'],
    ['Sandbox 2', 'it runs', 'waiting'],
    ['Its agent says: claimed', 'attempt 2', 'waiting'],
    ['Reply to be sent again', '3 attempts: too many requests', 'waiting'],
  ]);
});

test('the end stands last, and a message that is over may have left its mailbox', () => {
  const over = { ...FRESH, endedAt: AT, state: 'failed', reason: 'it died (5 tries)' } as const;
  assert.deepEqual(told(over).slice(1), [
    ['No longer in its mailbox', '', 'done'],
    ['Failed', 'it died (5 tries)', 'failed'],
  ]);
  assert.deepEqual(told({ ...over, state: 'answered', reason: null }).at(-1), ['Answered', '', 'done']);
});
