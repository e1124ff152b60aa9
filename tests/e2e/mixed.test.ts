/**
 * Mixed batches in a real house: what waits together in one mailbox (a person, notes, a task, another thread) is answered
 * each at its own place, and so is everything in a session that holds all threads of its chat.
 *
 * Not here: every order (packages/runner/test/mixed.test.ts).
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { until } from '../../packages/host/test/until.ts';
import { InboundMailbox } from '../../packages/mailbox/src/host/index.ts';
import type { MessageId, NewMessage } from '../../packages/mailbox/src/index.ts';
import { type House, houseFor } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';

const HERE = { channel: 'terminal', chat: 'local:bell' } as const;
const NOWHERE = { channel: null, chat: null, thread: null };

function row(id: string, change: Partial<NewMessage>): NewMessage {
  return {
    ...{ id: id as MessageId, kind: 'chat', timestampMs: Date.now(), trigger: true, dueMs: 0 },
    ...{ content: JSON.stringify({ text: id, prompt: id }), recurrence: null, seriesId: null },
    ...HERE,
    thread: 'main',
    ...change,
  };
}

/** What an agent said in a conversation, the first line of each, beside the message that it names. */
function said(house: House, thread: string): string[] {
  return house.records
    .conversation(thread)
    .filter(({ kind }) => kind !== 'user')
    .map(({ text, replyTo }) => `${replyTo}: ${text.split('\n')[0]}`);
}

test('a person, a note of an agent, a task without an address and another thread wait together: each is answered', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseFor(t);
  await house.up();
  const { session } = await house.ask('hello', 'main');
  await house.host.stop();
  const mailbox = InboundMailbox.open(join(house.data, 'sessions', 'bell', session, 'in'));
  mailbox.enqueue([
    row('ahead', {}),
    row('overheard', { trigger: false, thread: 'other' }),
    row('other', { thread: 'other' }),
    row('note', { channel: 'agent', chat: 'ag-1', thread: null }),
    row('task', { ...NOWHERE, kind: 'task' }),
    row('system', { ...NOWHERE, kind: 'system' }),
  ]);
  mailbox.close();
  await house.up();
  await house.api.send({ id: 'next', text: 'next', thread: 'main' });
  await until('all are answered', async () => {
    const waiting = house.records.inbound(session).filter(({ status }) => status === 'pending');
    return waiting.length === 0 && (await house.api.message('next')).body.settled;
  });
  await until('all is said', () => said(house, 'main').length + said(house, 'other').length >= 7);
  assert.deepEqual(said(house, 'main').slice(1).sort(), [
    'ahead: You said: ahead',
    'next: You said: next',
    'note: You said: note',
    'system: You said: system',
    'task: Reminder: task',
  ]);
  assert.deepEqual(said(house, 'other'), ['other: You said: other']);
  assert.deepEqual(
    new Set(house.records.deliveries(session).map(({ state }) => state)),
    new Set(['delivered']),
  );
});

test('session mode shared: every thread is answered in it, its messages settle, and a reminder comes back there', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseFor(t);
  await house.up();
  await house.host.stop();
  const store = new DatabaseSync(join(house.data, 'bellhop.db'));
  store.exec("UPDATE wirings SET session_mode = 'shared'");
  store.close();
  await house.up();
  const texts = {
    a: 'one',
    b: 'twice two',
    c: 'remind me in 1 second to stretch',
    d: 'fail for good',
    e: 'ask',
  };
  const sent = Object.entries(texts).map(([thread, text]) =>
    house.api.send({ id: `m-${thread}`, text, thread }),
  );
  const sessions = new Set((await Promise.all(sent)).map(({ body }) => body.session));
  assert.equal(sessions.size, 1);
  for (const thread of Object.keys(texts)) {
    const state = await until(`${thread} has settled`, async () => {
      const { body } = await house.api.message(`m-${thread}`);
      return body.settled && body;
    });
    assert.notEqual(state.replies.length, 0, `${thread} has its replies`);
  }
  await until('the reminder has come', () => said(house, 'c').length === 2);
  const answers = Object.fromEntries(Object.keys(texts).map((thread) => [thread, said(house, thread)]));
  assert.deepEqual(answers.a, ['m-a: You said: one']);
  assert.deepEqual(answers.b, [
    'm-b: First, while I am still at it (two).',
    'm-b: Second, at the end (two).',
  ]);
  assert.match(answers.c?.join() ?? '', /^m-c: I will remind you in 1 second\.,task:\S+: Reminder: stretch$/);
  assert.match(
    answers.d?.join() ?? '',
    /^m-d: There is no answer to this message: the demo was asked to fail/,
  );
  assert.deepEqual(answers.e, ['m-e: Tea or coffee?']);
  const question = house.records.conversation('e').find(({ kind }) => kind === 'question');
  const body = question?.body as { readonly question: string } | undefined;
  const press = { id: 'press', question: body?.question, option: 'tea', thread: 'e' };
  assert.equal((await house.api.press(press)).status, 202);
  await until('the press is answered', () => said(house, 'e').includes('press: You chose: tea'));
});
