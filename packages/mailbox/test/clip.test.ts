/** T3: no cut of a text leaves half a character. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clip, clipToEnd, cutInPieces, endsInHalf } from '../src/index.ts';

const whole = fc.array(fc.constantFrom('a', 'é', '中', '😀', '👩‍💻', '\n')).map((parts) => parts.join(''));

test('T3: a head, a tail and pieces of any length are whole characters, and as long as they may be', () => {
  fc.assert(
    fc.property(whole, fc.integer({ min: 2, max: 30 }), (text, units) => {
      const [head, tail, pieces] = [clip(text, units), clipToEnd(text, units), cutInPieces(text, units)];
      for (const piece of [head, tail, ...pieces]) {
        assert.ok(piece.isWellFormed());
        assert.ok(piece.length <= units);
      }
      assert.ok(text.startsWith(head) && text.endsWith(tail));
      assert.ok(
        Math.min(text.length, units) - head.length <= 1 && Math.min(text.length, units) - tail.length <= 1,
      );
      assert.equal(pieces.join(''), text);
      assert.ok(pieces.length > 0 && !pieces.slice(1).includes(''));
    }),
  );
});

test('T3: a text that was broken before is cut as well, and a half at its end is seen', () => {
  const half = '😀'.slice(0, 1);
  assert.deepEqual([clip(`a${half}b`, 2), clip(half, 1), clip('', 5)], ['a', half, '']);
  assert.deepEqual(cutInPieces(half.repeat(5), 2).join(''), half.repeat(5));
  assert.deepEqual([endsInHalf(`a${half}`), endsInHalf('😀'), endsInHalf('')], [true, false, false]);
});
