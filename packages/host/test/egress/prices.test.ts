import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { costMicros, openPrices, parsePrices } from '../../src/egress/usage/prices.ts';
import { tempFolder } from '../temp-folder.ts';

const USAGE = { model: null, input: 1_000, output: 100, cached: 600, cacheWritten: 100 };
const prices = parsePrices(
  '{"models": {"m": {"input": 3, "output": 15, "cached": 0.3, "cacheWrite": 3.75}, "plain": {"input": 1, "output": 2}}}',
);

test('a call costs its fresh, cached and written input and its output, rounded up to a millionth', () => {
  assert.equal(costMicros(prices, 'm', USAGE), 300 * 3 + 600 * 0.3 + 100 * 3.75 + 100 * 15);
  assert.equal(costMicros(prices, 'plain', USAGE), 1_200);
  assert.equal(costMicros(prices, 'm', { ...USAGE, input: 1, output: 0, cached: 1, cacheWritten: 0 }), 1);
});

test('a dated model has the price of its name; a longer name has not', () => {
  for (const name of ['m-20250929', 'm-2025-09-29', 'm-latest', 'm-preview-05']) {
    assert.equal(costMicros(prices, name, USAGE), costMicros(prices, 'm', USAGE), name);
  }
  assert.equal(costMicros(prices, 'm-mini', USAGE), null);
});

test('an unknown model, and a call without numbers, have no price', () => {
  assert.equal(costMicros(prices, 'other', USAGE), null);
  assert.equal(costMicros(prices, 'm', { ...USAGE, output: null }), null);
});

test('the file is ours at first and the owner may edit it; a broken one prices nothing and is told', (t) => {
  const dir = tempFolder(t);
  const warnings: string[] = [];
  const read = openPrices(dir, (what) => warnings.push(what));
  assert.ok((read().get('claude-sonnet-4-5')?.input ?? 0) > 0);
  assert.match(readFileSync(join(dir, 'prices.json'), 'utf8'), /million tokens/);
  writeFileSync(join(dir, 'prices.json'), '{"models": {"mine": {"input": 7, "output": 8}}}');
  assert.equal(read().get('mine')?.input, 7);
  writeFileSync(join(dir, 'prices.json'), '{"models": {"mine": {"input": "free"}}}');
  assert.equal(read().size, 0);
  assert.equal(warnings.length, 1);
});

test('C3: a price that no sum can be taken with is refused, and one that is dear is not', () => {
  const price = (value: string) => () => parsePrices(`{"models": {"m": {"input": 1, "output": ${value}}}}`);
  for (const value of ['1e999', '1e300', '-1', '-0.001', '1000001', '"7"', 'null', 'true', '[]', '{}'])
    assert.throws(price(value), /the price of m is no number/, value);
  assert.equal(price('1000000')().get('m')?.output, 1_000_000);
});
