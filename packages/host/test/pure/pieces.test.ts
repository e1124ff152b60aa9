/** How long texts are cut. Not here: that each piece has its receipt (engine-pieces.test.ts). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { splitText } from '../../src/delivery/pieces.ts';

const dense = fc.string({
  unit: fc.constantFrom('a', '😀', 'é', '\n', ' ', '\n\n', '👩‍👩‍👧', 'word '),
  maxLength: 200,
});
const anyText = fc.oneof(dense, fc.string({ unit: 'binary', maxLength: 200 }));
const length = fc.integer({ min: 2, max: 60 });

describe('splitText', () => {
  test('cuts at a paragraph before a line, at a line before a space', () => {
    assert.deepEqual(splitText('one two\nthree\n\nfour five', 20), ['one two\nthree', 'four five']);
    assert.deepEqual(splitText('one two\nthree four', 12), ['one two', 'three four']);
    assert.deepEqual(splitText('one two three', 9), ['one two', 'three']);
  });

  test('a text that fits stays whole, an empty one is one empty piece', () => {
    assert.deepEqual(splitText('hello', 5), ['hello']);
    assert.deepEqual(splitText('', 5), ['']);
  });

  test('D3: never cuts a surrogate pair', () => {
    assert.deepEqual(splitText('😀😀😀', 3), ['😀', '😀', '😀']);
    fc.assert(
      fc.property(anyText, length, (text, max) => {
        for (const piece of splitText(text, max)) assert.ok(piece.isWellFormed(), JSON.stringify(piece));
      }),
      { numRuns: 500 },
    );
  });

  test('D3: every piece fits, and together the pieces are the text but for white space', () => {
    fc.assert(
      fc.property(anyText, length, (text, max) => {
        const pieces = splitText(text, max);
        for (const piece of pieces) assert.ok(piece.length <= max);
        assert.equal(pieces.join('').replaceAll(/\s/g, ''), text.replaceAll(/\s/g, ''));
      }),
      { numRuns: 500 },
    );
  });

  test('no piece is empty, which a platform would refuse, unless the text is', () => {
    fc.assert(
      fc.property(anyText, length, (text, max) => {
        const pieces = splitText(text, max);
        if (text.trim() !== '')
          assert.ok(
            pieces.every((piece) => piece.trim() !== ''),
            JSON.stringify(pieces),
          );
      }),
      { numRuns: 500 },
    );
  });
});
