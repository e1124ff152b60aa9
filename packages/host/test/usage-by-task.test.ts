/** To which task a call is reckoned: a guess, and always the same one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promptIn, sumsByTask } from '../src/usage-by-task.ts';

const call = (key: string, atMs: number, chargedMicros = 1) => {
  const used = { calls: 1, inputTokens: 10, outputTokens: 1, cachedTokens: 0, unpriced: 0 };
  return { key, atMs, ...used, costMicros: chargedMicros, chargedMicros };
};

test('a call counts for the answer that came next in its session; what nothing was answered to, for people', () => {
  const answers = [
    { session: 's1', atMs: 300, task: 'task:b' },
    { session: 's1', atMs: 100, task: null },
    { session: 's1', atMs: 200, task: 'task:a' },
    { session: 's2', atMs: 200, task: 'task:a' },
  ];
  const calls = [50, 100, 101, 150, 200, 250, 301].map((atMs) => call('s1', atMs));
  const sums = sumsByTask([...calls, call('s2', 7, 9), call('s3', 1)], answers);
  assert.deepEqual(
    sums.map(({ key, session, calls: n, chargedMicros }) => [key, session, n, chargedMicros]),
    [
      ['task:a', 's2', 1, 9],
      ['', 's1', 4, 4],
      ['task:a', 's1', 3, 3],
      ['task:b', 's1', 1, 1],
    ],
  );
});

test("the content of a task that says nothing fit to show stands in nobody's way", () => {
  assert.equal(promptIn('{"prompt": "look at the mail"}'), 'look at the mail');
  for (const odd of ['', 'look', 'null', '[]', '{"prompt": 7}', '{"prompt": " "}'])
    assert.equal(promptIn(odd), null, odd);
});
