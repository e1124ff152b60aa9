/** Why was there no answer: the words for each story. Not here: gathering it (tests/e2e/operator.test.ts). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesAbout } from '../../src/api/operator/log-reader.ts';
import { type Facts, verdict } from '../../src/api/operator/verdict.ts';

const BASE: Facts = {
  message: 'm1',
  session: 's1',
  agent: 'bell',
  channel: 'terminal',
  chat: 'c',
  thread: null,
  acceptedAt: null,
  endedAt: null,
  state: 'enqueued',
  reason: null,
  row: { seq: 2, kind: 'chat', status: 'pending', tries: 0, attempt: 1, releases: 0, dueAt: null },
  ack: null,
  generations: [],
  replies: [],
  quarantined: null,
  atWork: false,
  waitingFor: null,
  channelDown: null,
};
const reply = (state: string, reason: string | null = null, id = 'r') => ({
  id,
  state,
  reason,
  createdAt: '',
  pieces: [],
});
const life = (reason: string) => ({
  number: 1,
  state: 'settled',
  startedAt: '',
  endedAt: '',
  reason,
  charged: true,
});

for (const [name, change, first] of [
  ['failed', { state: 'failed', reason: 'no key' }, /^It failed: no key\.$/],
  ['answered', { state: 'answered', replies: [reply('delivered')] }, /1 reply delivered/],
  [
    'answered, and the reply was refused',
    { state: 'answered', replies: [reply('failed', 'blocked')] },
    /did not arrive: blocked/,
  ],
  [
    'answered, and the reply is held',
    { state: 'answered', replies: [reply('held', 'nobody knows')] },
    /a reply is held: nobody knows/,
  ],
  [
    'answered, and the reply waits',
    { state: 'answered', replies: [reply('retry', '429')] },
    /on its way \(429\)/,
  ],
  [
    'answered, and the reply waits for its channel',
    {
      state: 'answered',
      replies: [reply('queued')],
      channelDown: 'the channel telegram has not started: bad token',
    },
    /the reply waits: the channel telegram has not started: bad token\.$/,
  ],
  ['answered without a word', { state: 'answered' }, /no reply names it/],
  [
    'answered, and only a notice was sent',
    { state: 'answered', replies: [reply('delivered', null, 'notice:x')] },
    /no reply names it/,
  ],
  ['in a quarantined session', { quarantined: 'bad file' }, /out of service: bad file/],
  ['at work', { atWork: true, waitingFor: 'x' }, /works on it now/],
  ['waiting for an engine', { waitingFor: 'no engine' }, /^It waits: no engine\.$/],
  [
    'to be tried later',
    { row: { ...BASE.row, dueAt: 'LATER' }, generations: [life('it died')] },
    /again at LATER, because it died/,
  ],
  ['not in its mailbox', { state: 'accepted', row: null }, /accepted and not in its mailbox/],
  ['in its mailbox', {}, /waits for the agent/],
] as const) {
  test(`a message that is ${name} is explained so`, () => {
    assert.match(verdict({ ...BASE, ...change } as Facts)[0] ?? '', first);
  });
}

test('the log of a story holds the lines of its session and time, without the cut first one', () => {
  const at = (second: number) => new Date(second * 1_000).toISOString();
  const entry = (second: number, session: string) =>
    JSON.stringify({ time: at(second), level: 'warn', what: 'x', session, n: second });
  const text = ['…cut s1"}', entry(1, 's1'), entry(5, 's1'), entry(5, 's2'), entry(9, 's1'), ''].join('\n');
  assert.deepEqual(linesAbout(text, 's1', 4_000, 6_000), [`${at(5)} warn x n=5`]);
});
