/** The small decisions of the page: the window, the words, the address, the stream's parser, the waiting. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../src/model/backoff.ts';
import { emojiFor } from '../src/model/emoji.ts';
import { callingCount, findConversations, withConversation } from '../src/model/list.ts';
import { freshName, hashOf, placeOf } from '../src/model/route.ts';
import { SseParser } from '../src/model/sse.ts';
import { emptyConversation } from '../src/model/state.ts';
import { rowAt, windowAt } from '../src/model/window.ts';
import { durationWords, receiptWords, sentence, sizeWords, workWords } from '../src/model/words.ts';

test('of 5,000 rows only those near the view are rendered, and the spacers stand for the rest', () => {
  const heights = Array.from({ length: 5000 }, () => 50);
  const { first, end, above, below } = windowAt(heights, 100_000, 800);
  assert.ok(end - first < 60, `${end - first} rows`);
  assert.equal(above + below + (end - first) * 50, 250_000);
  assert.ok(above < 100_000 && above + (end - first) * 50 > 100_800);
});

test('a window at either end, or over nothing, leaves no row out', () => {
  assert.deepEqual(windowAt([], 0, 800), { first: 0, end: 0, above: 0, below: 0 });
  assert.deepEqual(windowAt([50, 50], 0, 800), { first: 0, end: 2, above: 0, below: 0 });
  const { end, below } = windowAt(
    Array.from({ length: 100 }, () => 50),
    4200,
    800,
  );
  assert.deepEqual({ end, below }, { end: 100, below: 0 });
  assert.equal(rowAt([50, 50, 50], 75), 1);
});

test('an event that is cut anywhere is read whole', () => {
  const stream = 'id: 1\r\ndata: {"a":1}\r\n\r\n: beat\n\ndata: {"b":2}\n\n';
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const parser = new SseParser();
    const events = [...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))];
    assert.deepEqual(events, ['{"a":1}', '{"b":2}'], `cut at ${cut}`);
  }
});

test('an endless event is refused', () => {
  const parser = new SseParser();
  const piece = `data: ${'x'.repeat(1_000_000)}`;
  assert.throws(() => {
    for (let n = 0; n < 20; n += 1) parser.push(piece);
  }, /16 MiB/);
});

test('the waiting doubles up to its limit, and jitter keeps it within a quarter', () => {
  assert.equal(backoffMs(0, 0.5), 250);
  assert.equal(backoffMs(2, 0.5), 1000);
  assert.ok(backoffMs(1000, 1) <= 18_750);
});

test('an address names a conversation only in the alphabet of names', () => {
  assert.deepEqual(placeOf('#/bell/c-1'), { agent: 'bell', thread: 'c-1' });
  for (const bad of ['', '#/', '#/bell', '#/bell/a/b', '#/bell/%2e', '#/<b>/x'])
    assert.equal(placeOf(bad), null, bad);
  assert.equal(hashOf(null), '#/');
  assert.match(
    freshName('c', (bytes) => bytes.fill(255)),
    /^[\w.:@-]{1,100}$/,
  );
});

test('the newest conversation comes first, and only what others wrote and nobody read calls', () => {
  const row = (thread: string, at: string, by: 'you' | 'agent', readSeq: number) => ({
    agent: 'bell',
    thread,
    title: `About ${thread}`,
    last: { text: 'Lisbon', at, by },
    seq: 2,
    readSeq,
    needsYou: false,
  });
  const old = row('a', '2026-01-01T00:00:00.000Z', 'agent', 1);
  const list = withConversation([old], row('b', '2026-01-02T00:00:00.000Z', 'you', 1));
  assert.deepEqual(
    list.map((one) => one.thread),
    ['b', 'a'],
  );
  assert.equal(callingCount(list, null), 1);
  assert.equal(callingCount(list, old), 0);
  const found = (query: string) => findConversations(list, query).map((one) => one.thread);
  assert.deepEqual([found('lisbon about'), found('LIS nothing')], [['b', 'a'], []]);
});

test('what is under way is said in words: the running tool first, then what a message waits for', () => {
  const empty = emptyConversation({ agent: 'bell', thread: 'main' });
  assert.equal(workWords(empty), null);
  const startedAt = '2026-01-01T00:00:00.000Z';
  const tools = [{ n: 1, name: 'bash', detail: 'ls -la', startedAt, ms: null, ok: null }];
  const turn = { turn: 't', messages: [], generation: 1, sandbox: 'bwrap', startedAt, tools, usage: null };
  const ledger = { turn, generations: [1], endedAtMs: null };
  assert.equal(workWords({ ...empty, ledger }), 'bell is at work: bash ls -la');
  assert.equal(workWords({ ...empty, ledger: { ...ledger, endedAtMs: 1 } }), null);
  const out = { id: 'm', text: '', files: [], at: startedAt, problem: null };
  const waiting = {
    ...empty,
    outgoing: [out],
    receipts: { m: { state: 'accepted', reason: 'no free room' } as const },
  };
  assert.equal(workWords(waiting), 'Waiting for bell: no free room');
});

test('receipts, sizes, times and reactions are said as people say them', () => {
  assert.equal(receiptWords({ state: 'failed', reason: 'the disk is full' }), 'Failed: the disk is full');
  assert.equal(receiptWords({ state: 'at work', reason: null }), 'At work');
  assert.deepEqual([999, 12_345, 3_400_000].map(sizeWords), ['999 B', '12 kB', '3.4 MB']);
  assert.deepEqual([340, 1500, 125_000].map(durationWords), ['340 ms', '1.5 s', '2 min 5 s']);
  assert.deepEqual(['thumbs_up', ':tada:', 'no_such'].map(emojiFor), ['👍', '🎉', 'no_such']);
  assert.equal(sentence('the host is gone'), 'The host is gone.');
});
