/** Where a message is answered, and which messages one turn takes for that: pure, over rows in memory. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type InboundRow, isFromPerson, NO_ROUTING, replyAddress } from '../src/index.ts';
import { selectBatch } from '../src/runner/index.ts';
import { inboundRow } from './support.ts';

const CHAT = { channel: 'slack', chat: 'C1' } as const;
const IN_THREAD = { ...CHAT, thread: 't1' };
const SHARED = { ...CHAT, thread: null };
const NOWHERE = { channel: null, chat: null, thread: null };
const AGENT = { channel: 'agent', chat: 'ag-1', thread: null };

const cases: readonly (readonly [string, Partial<InboundRow>, typeof IN_THREAD | typeof SHARED, object])[] = [
  ['a message of the session’s thread', IN_THREAD, IN_THREAD, IN_THREAD],
  [
    'a message of another thread of the chat',
    { ...CHAT, thread: 't2' },
    IN_THREAD,
    { ...CHAT, thread: 't2' },
  ],
  ['a message outside of all threads', { ...CHAT, thread: null }, IN_THREAD, SHARED],
  ['a message of a thread in a shared session', { ...CHAT, thread: 't2' }, SHARED, { ...CHAT, thread: 't2' }],
  ['a note of another agent', AGENT, IN_THREAD, IN_THREAD],
  ['a note of another agent, in a shared session', AGENT, SHARED, SHARED],
  ['a task without an address', { ...NOWHERE, kind: 'task' }, IN_THREAD, IN_THREAD],
  ['a task with a chat and no thread', { ...SHARED, kind: 'task' }, IN_THREAD, IN_THREAD],
  ['a task of a thread', { ...CHAT, thread: 't2', kind: 'task' }, SHARED, { ...CHAT, thread: 't2' }],
  ['a system note without an address', { ...NOWHERE, kind: 'system' }, IN_THREAD, IN_THREAD],
  ['a webhook', { ...NOWHERE, kind: 'webhook' }, SHARED, SHARED],
  ['a message of another chat', { ...CHAT, chat: 'C2', thread: 't1' }, IN_THREAD, IN_THREAD],
  [
    'a message of the same chat id on another channel',
    { ...IN_THREAD, channel: 'teams' },
    IN_THREAD,
    IN_THREAD,
  ],
  ['a message whose address is empty text', { channel: '', chat: '', thread: '' }, IN_THREAD, IN_THREAD],
  ['a message with a channel and no chat', { ...IN_THREAD, chat: null }, IN_THREAD, IN_THREAD],
];
for (const [what, row, routing, expected] of cases) {
  test(`${what} is answered at ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(replyAddress(inboundRow('m', { ...IN_THREAD, ...row }), routing), expected);
  });
}

test('without a routing each message is answered at its own address', () => {
  for (const row of [IN_THREAD, SHARED, NOWHERE, AGENT])
    assert.deepEqual(replyAddress(inboundRow('m', row), NO_ROUTING), row);
});

test('a person is who speaks in the session’s chat, or presses a button there', () => {
  const press = JSON.stringify({ type: 'question_response', questionId: 'q', selectedOption: 'y' });
  for (const [row, expected] of [
    [IN_THREAD, true],
    [{ ...IN_THREAD, kind: 'chat-sdk' }, true],
    [{ ...CHAT, thread: 't2' }, true],
    [{ ...IN_THREAD, kind: 'system', content: press }, true],
    [{ ...IN_THREAD, kind: 'system', content: '{"type":"approval"}' }, false],
    [{ ...IN_THREAD, kind: 'system', content: 'question_response' }, false],
    [{ ...IN_THREAD, kind: 'system', content: 'null' }, false],
    [{ ...IN_THREAD, kind: 'task' }, false],
    [AGENT, false],
    [{ ...NOWHERE, kind: 'task' }, false],
  ] as const)
    assert.equal(isFromPerson(inboundRow('m', row), IN_THREAD), expected, JSON.stringify(row));
});

describe('a batch', () => {
  const select = (rows: Iterable<InboundRow>, routing: typeof SHARED | typeof IN_THREAD, batchSize = 10) =>
    selectBatch(rows, () => [], new Map(), 1, { batchSize, contextRows: 0 }, routing)?.messages.map(
      ({ id }) => id,
    );
  const rows = (...list: readonly Partial<InboundRow>[]) =>
    list.map((row, n) => inboundRow(`m${n}`, { seq: 2 * n + 2, ...row }));

  test('holds what is answered at one address: the oldest message’s', () => {
    const mixed = rows({ ...CHAT, thread: 'a' }, AGENT, { ...CHAT, thread: 'b' }, { ...CHAT, thread: 'a' });
    assert.deepEqual(select(mixed, SHARED), ['m0', 'm3']);
    assert.deepEqual(select(mixed.slice(1), SHARED), ['m1']);
    assert.deepEqual(select(mixed.slice(2), SHARED), ['m2']);
  });

  test('of a session with a thread holds its messages, notes and tasks together', () => {
    const mixed = rows(
      IN_THREAD,
      AGENT,
      { ...NOWHERE, kind: 'task' },
      { ...NOWHERE, kind: 'system' },
      IN_THREAD,
    );
    assert.equal(select(mixed, IN_THREAD)?.length, 5);
  });

  test('passes over a bounded number of rows of other threads, and fills up from behind them', () => {
    const others = (count: number) =>
      rows({ ...CHAT, thread: 'a' }, ...Array.from({ length: count }, () => ({ ...CHAT, thread: 'b' })), {
        ...CHAT,
        thread: 'a',
      });
    assert.equal(select(others(100), SHARED)?.length, 2);
    assert.deepEqual(select(others(10_000), SHARED), ['m0']);
  });
});
