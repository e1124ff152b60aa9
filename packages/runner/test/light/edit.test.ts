/** Fault: an edit of one ASCII line destroyed the other bytes of a file that is not UTF-8. Every byte outside stays. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { editBytes } from '../../src/harnesses/light/tools/edit-bytes.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const edited = (bytes: Buffer, oldText: string, newText: string): Buffer => {
  const result = editBytes(bytes, oldText, newText, 'a.txt');
  assert.ok(result.kind === 'edited', JSON.stringify(result));
  return result.bytes;
};
const refused = (bytes: Buffer, oldText: string, newText: string): string => {
  const result = editBytes(bytes, oldText, newText, 'a.txt');
  assert.ok(result.kind === 'refused');
  return result.why;
};

describe('the bytes outside of an edit', () => {
  for (const [encoding, before, after] of [
    ['Latin-1', latin1('Käse = 1\nfoo = 2\nGrüße\n'), latin1('Käse = 1\nbar = 3\nGrüße\n')],
    // 日本 and 語 in Shift_JIS and EUC-JP.
    [
      'Shift_JIS',
      Buffer.from('93fa967b0a666f6f203d20320a8cea', 'hex'),
      Buffer.from('93fa967b0a626172203d20330a8cea', 'hex'),
    ],
    [
      'EUC-JP',
      Buffer.from('c6fccbdc0a666f6f203d20320ab8ec', 'hex'),
      Buffer.from('c6fccbdc0a626172203d20330ab8ec', 'hex'),
    ],
    [
      'UTF-8 with a byte that is none',
      Buffer.from('e282ac0a666f6f203d20320aff', 'hex'),
      Buffer.from('e282ac0a626172203d20330aff', 'hex'),
    ],
    ['UTF-8 with a mark at its start', Buffer.from('\ufefffoo = 2\n'), Buffer.from('\ufeffbar = 3\n')],
    ['a lone CR and a form feed', latin1('a\rb\ffoo = 2\n\x1b[1m'), latin1('a\rb\fbar = 3\n\x1b[1m')],
  ] as const) {
    test(`stay in ${encoding}`, () => assert.deepEqual(edited(before, 'foo = 2', 'bar = 3'), after));
  }

  test('stay in any file at all: the rest is what it was, before and behind', () => {
    const piece = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(piece, piece, fc.constantFrom('x', '', 'new\nline'), (before, behind, newText) => {
        const bytes = Buffer.concat([before, Buffer.from(' <<here>> '), behind]);
        const result = editBytes(bytes, '<<here>>', newText, 'a');
        if (result.kind === 'refused') return;
        assert.ok(result.bytes.subarray(0, before.length + 1).equals(bytes.subarray(0, before.length + 1)));
        const rest = bytes.subarray(bytes.length - behind.length - 1);
        assert.ok(result.bytes.subarray(result.bytes.length - rest.length).equals(rest));
      }),
      { numRuns: 500 },
    );
  });

  test('of a file that is not UTF-8: what is not ASCII can be neither found nor written, and the words say so', () => {
    const words =
      /^a\.txt is not UTF-8, so old_text and new_text may hold ASCII only; for more use bash, with iconv$/;
    assert.match(refused(latin1('Käse\n'), 'Käse', 'x'), words);
    assert.match(refused(latin1('Käse\nfoo'), 'foo', 'Öl'), words);
    assert.match(refused(latin1('Käse\n'), 'K\ufffdse', 'x'), words);
    assert.deepEqual(edited(Buffer.from('Käse\n'), 'Käse', 'Öl €'), Buffer.from('Öl €\n'));
  });

  test('attack on a reader: the second half of a Shift_JIS character is not taken for a letter', () => {
    // ア is 83 41, and 41 is A.
    assert.match(refused(Buffer.from('8341203d20310a', 'hex'), 'A = 1', 'B = 1'), /does not stand in/);
    const twice = Buffer.from('8341203d20310a41203d20310a', 'hex');
    assert.deepEqual(edited(twice, 'A = 1', 'B = 1'), Buffer.from('8341203d20310a42203d20310a', 'hex'));
  });

  test('half of a character is not written', () => {
    assert.match(refused(Buffer.from('a'), 'a', '\ud83d'), /half of a character/);
    assert.match(refused(Buffer.from('a'), '\ude00', 'x'), /half of a character/);
  });
});

describe('the line ends of a file', () => {
  test('with CRLF: text with LF is found, and what is written has CRLF', () => {
    const file = latin1('one\r\ntwo\r\nthree\r\n');
    assert.deepEqual(edited(file, 'one\ntwo', '1\n2\n2b'), latin1('1\r\n2\r\n2b\r\nthree\r\n'));
    assert.deepEqual(edited(file, 'one\r\ntwo', '1\r\n2'), latin1('1\r\n2\r\nthree\r\n'));
    assert.deepEqual(edited(file, 'two', '2\n2b'), latin1('one\r\n2\r\n2b\r\nthree\r\n'));
    assert.deepEqual(edited(file, 'two\n', ''), latin1('one\r\nthree\r\n'));
    assert.deepEqual(edited(file, '\nthree', ''), latin1('one\r\ntwo\r\n'));
  });

  test('with LF: nothing becomes CRLF', () => {
    assert.deepEqual(edited(latin1('one\ntwo\n'), 'one\ntwo', '1\n2'), latin1('1\n2\n'));
    assert.deepEqual(edited(latin1('one\ntwo\n'), 'one\r\ntwo', '1\n2'), latin1('1\n2\n'));
  });

  test('of both kinds: the piece keeps its own, all others stay', () => {
    const mixed = latin1('a\r\nb\nc\r\nd\ne\n');
    assert.deepEqual(edited(mixed, 'a\nb', 'A\nB'), latin1('A\r\nB\nc\r\nd\ne\n'));
    assert.deepEqual(edited(mixed, 'd\ne', 'D\nE'), latin1('a\r\nb\nc\r\nD\nE\n'));
  });

  test('the same lines with either end are two places, not one', () => {
    assert.match(refused(latin1('a\r\nb\r\na\nb\n'), 'a\nb', 'x'), /stands 2 times/);
  });

  test('in Latin-1 they are kept, too', () => {
    assert.deepEqual(
      edited(latin1('Käse\r\nfoo\r\nÖl\r\n'), 'foo', 'bar\nbaz'),
      latin1('Käse\r\nbar\r\nbaz\r\nÖl\r\n'),
    );
  });
});

test('what is put in is taken to the letter, and an old text that overlaps itself is found', () => {
  assert.deepEqual(edited(latin1('one two'), 'two', '$& $1'), latin1('one $& $1'));
  assert.match(refused(latin1('aaaa'), 'aa', 'b'), /stands 2 times/);
  assert.deepEqual(edited(latin1('aaa'), 'aa', 'b'), latin1('ba'));
});
