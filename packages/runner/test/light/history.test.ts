/** What is kept of a conversation, and how it is made shorter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelMessage } from 'ai';
import fc from 'fast-check';
import { type Budget, joined, plainSummary, split, transcript } from '../../src/harnesses/light/compact.ts';
import { estimateTokens, readHistory, writeHistory } from '../../src/harnesses/light/history.ts';

const BUDGET: Budget = { contextTokens: 4_000, maxOutputTokens: 500, fixedTokens: 500 };

const user = (text: string): ModelMessage => ({ role: 'user', content: text });
const words = (text: string): ModelMessage => ({ role: 'assistant', content: [{ type: 'text', text }] });
const call = (id: string): ModelMessage => ({
  role: 'assistant',
  content: [{ type: 'tool-call', toolCallId: id, toolName: 'bash', input: { command: id } }],
});
const result = (id: string, value: string): ModelMessage => ({
  role: 'tool',
  content: [{ type: 'tool-result', toolCallId: id, toolName: 'bash', output: { type: 'text', value } }],
});

test("what is kept can be read by any model: no thoughts, no pictures, no provider's marks", () => {
  const providerOptions = { anthropic: { signature: 'SIGNED' } };
  const kept = writeHistory([
    {
      role: 'user',
      content: [
        { type: 'text', text: 'look' },
        { type: 'file', data: new Uint8Array(9), mediaType: 'image/png' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'THOUGHT', providerOptions },
        { type: 'text', text: 'a cat', providerOptions },
      ],
    },
    { role: 'assistant', content: [{ type: 'reasoning', text: 'THOUGHT', providerOptions }] },
  ]);
  assert.doesNotMatch(kept, /SIGNED|THOUGHT|image/);
  const [first, second, third] = readHistory(kept);
  assert.deepEqual(first, { role: 'user', content: [{ type: 'text', text: 'look' }] });
  assert.deepEqual(second, words('a cat'));
  assert.deepEqual(third, words('(nothing)'));
  assert.deepEqual(readHistory(null), []);
});

test('attack: a conversation that grows without end is kept within 400 kB, its newest turns whole', () => {
  const big = Array.from({ length: 100 }, (_, n) => [
    user(`q${n}`),
    call(`c${n}`),
    result(`c${n}`, 'x'.repeat(50_000)),
    words(`a${n}`),
  ]).flat();
  const kept = writeHistory(big);
  assert.ok(Buffer.byteLength(kept) <= 400_000);
  assert.match(kept, /more characters/);
  assert.match(kept, /a99/);
  const long = writeHistory(Array.from({ length: 100 }, (_, n) => user(`${n}:${'é'.repeat(20_000)}`)));
  assert.ok(Buffer.byteLength(long) <= 400_000);
  assert.match(long, /99:/);
});

test('one turn that is longer than what is kept keeps its task and its newest steps, not nothing', () => {
  const write = (n: number): ModelMessage => ({
    role: 'assistant',
    content: [
      { type: 'tool-call', toolCallId: `w${n}`, toolName: 'write', input: { content: 'x'.repeat(50_000) } },
    ],
  });
  const steps = Array.from({ length: 30 }, (_, n) => [write(n), result(`w${n}`, 'wrote it')]).flat();
  const kept = readHistory(
    writeHistory([user('OLD'), words('a'), user('THE TASK'), ...steps, words('DONE')]),
  );
  assert.deepEqual([kept[0], kept[1]?.role, kept.at(-1)], [user('THE TASK'), 'assistant', words('DONE')]);
  assert.ok(kept.length > 5 && Buffer.byteLength(writeHistory(kept)) <= 400_000);
  // One message alone that is too long for it.
  assert.deepEqual(readHistory(writeHistory([user('x'.repeat(500_000)), words('DONE')])), []);
});

const step = fc.constantFrom<(n: number) => ModelMessage[]>(
  (n) => [user(`q${n} ${'x'.repeat(500)}`)],
  (n) => [call(`c${n}`), result(`c${n}`, 'y'.repeat(900))],
  (n) => [words(`a${n} ${'z'.repeat(300)}`)],
);

test('a cut never parts a call from its result, and never loses the task', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), fc.nat(2), (steps, pressure) => {
      const messages = [user('THE TASK'), ...steps.flatMap((make, n) => make(n))];
      const parts = split(messages, 0, BUDGET, pressure);
      assert.equal(parts.old.length + parts.recent.length, messages.length);
      assert.notEqual(parts.recent[0]?.role, 'tool');
      assert.ok(parts.recent.length > 0);
      assert.match(JSON.stringify(joined('S', parts)), /THE TASK/);
    }),
  );
});

test('under pressure even a conversation that looked short gives way', () => {
  const messages = [user('one'), words('two'), user('three')];
  assert.equal(split(messages, 2, BUDGET, 0).old.length, 0);
  assert.ok(split(messages, 2, BUDGET, 1).old.length > 0);
});

test('what is summarised fits the model, and without one the beginnings of what was said stay', () => {
  const messages = Array.from({ length: 500 }, (_, n) => user(`${n}: ${'x'.repeat(3_000)}`));
  assert.ok(transcript(messages, 5_000).length < 11_000);
  assert.match(transcript(messages, 5_000), /^user: 0:[\s\S]*\[…\]/);
  const again = [user(`SUMMARY ${'y'.repeat(6_000)} ITS END`), ...messages.slice(0, 3)];
  assert.match(
    transcript(again, 100_000),
    /ITS END\n\nuser: 0/,
    'a summary of before goes on into the next whole',
  );
  const summary = plainSummary(messages);
  assert.match(summary, /499: x/);
  assert.ok(summary.length < 10_000);
});

test('tokens are estimated on the safe side in every script', () => {
  assert.ok(estimateTokens('The quick brown fox jumps over the lazy dog. '.repeat(100)) > 1_000);
  assert.ok(estimateTokens('我喜欢猫'.repeat(100)) >= 340);
});
