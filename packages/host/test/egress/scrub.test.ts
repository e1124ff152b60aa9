import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createScrubber } from '../../src/egress/scrub.ts';

const KEY = 'sk-aab-aabb';

function scrubbed(chunks: readonly Buffer[], forms: readonly string[] = [KEY]): string {
  const scrubber = createScrubber(forms);
  return Buffer.concat([...chunks.map((chunk) => scrubber.push(chunk)), scrubber.end()]).toString();
}

test('attack: the key in an answer is taken out, however it is cut into chunks', () => {
  const piece = fc.constantFrom(KEY, 'sk-', 'aab', '-', 'sk-aab-aab', '\n', 'x');
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.array(fc.nat(40), { maxLength: 8 }),
      (pieces, cuts) => {
        const text = pieces.join('');
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length].sort((a, b) => a - b);
        const chunks = at.slice(1).map((end, i) => Buffer.from(text.slice(at[i], end)));
        assert.equal(scrubbed(chunks), text.replaceAll(KEY, '*'.repeat(KEY.length)));
      },
    ),
  );
});

test('a chunk that ends an event is passed on whole, at once', () => {
  const scrubber = createScrubber([KEY]);
  assert.equal(scrubber.push(Buffer.from('data: sk-\n\n')).toString(), 'data: sk-\n\n');
  assert.equal(scrubber.push(Buffer.from('data: sk-aa')).toString(), 'data: ');
  assert.equal(scrubber.push(Buffer.from('zz\n')).toString(), 'sk-aazz\n');
});

test('attack: of several forms each is taken out, also where one ends with the beginning of another', () => {
  const chunks = ['x sk-a', 'ab-aabb s', 'k-aab a2V5LTEy', 'MzQ= sk-aab-aabba2V5LT'].map((text) =>
    Buffer.from(text),
  );
  assert.equal(
    scrubbed(chunks, [KEY, 'a2V5LTEyMzQ']),
    `x ${'*'.repeat(11)} sk-aab ${'*'.repeat(11)}= ${'*'.repeat(11)}a2V5LT`,
  );
});

test('without a key nothing is touched', () => {
  assert.equal(scrubbed([Buffer.from('sk-'), Buffer.from('aab')], []), 'sk-aab');
});
