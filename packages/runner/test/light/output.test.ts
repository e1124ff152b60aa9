/** L9: what an agent wrote is taken apart by a tokenizer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LiveText } from '../../src/harnesses/light/live.ts';
import { parseOutput } from '../../src/harnesses/light/output.ts';

const FENCE = '```';

/** [what it is, text, blocks as to:body, rest] */
const TABLE: readonly (readonly [string, string, readonly string[], string])[] = [
  ['plain words', ' Hello. ', [], 'Hello.'],
  ['one block', '<message to="here">hi</message>', ['here:hi'], ''],
  [
    'several, with a scratchpad',
    'a <message to="x">1</message> b <message to="y">2</message>',
    ['x:1', 'y:2'],
    'a  b',
  ],
  ['single quotes', "<message to='here'>hi</message>", ['here:hi'], ''],
  ['other attributes', '<message id="4" to = "here" kind=\'x\'>hi</message>', ['here:hi'], ''],
  ['a quote in the other kind of quotes', "<message to='a\"b'>hi</message>", ['a"b:hi'], ''],
  ['an escaped name', '<message to="a&amp;b">hi</message>', ['a&b:hi'], ''],
  ['no name', '<message id="4">hi</message>', [], '<message id="4">hi</message>'],
  [
    'an attribute that only ends in "to"',
    '<message into="here">hi</message>',
    [],
    '<message into="here">hi</message>',
  ],
  ['an empty block', '<message to="here"> </message>', [], ''],
  [
    'a block in a code fence',
    `${FENCE}xml\n<message to="x">1</message>\n${FENCE}`,
    [],
    `${FENCE}xml\n<message to="x">1</message>\n${FENCE}`,
  ],
  [
    'a block in a longer fence',
    `~~~~\n~~~\n<message to="x">1</message>\n~~~~`,
    [],
    '~~~~\n~~~\n<message to="x">1</message>\n~~~~',
  ],
  [
    'a block in a code span',
    'write `<message to="x">1</message>` so',
    [],
    'write `<message to="x">1</message>` so',
  ],
  ['a block behind a lone backtick', 'a ` and <message to="x">1</message>', ['x:1'], 'a ` and'],
  ['a block behind a fence that is never closed', `${FENCE}\n<message to="x">1</message>`, ['x:1'], FENCE],
  [
    "a closing tag in the body's code",
    `<message to="x">see\n${FENCE}\n</message>\n${FENCE}\nend</message>`,
    [`x:see\n${FENCE}\n</message>\n${FENCE}\nend`],
    '',
  ],
  [
    'a closing tag in a span',
    '<message to="x">say `</message>` last</message>',
    ['x:say `</message>` last'],
    '',
  ],
  [
    'a body whose code is never closed',
    `<message to="x">${FENCE}\ncode</message> after`,
    [`x:${FENCE}\ncode`],
    'after',
  ],
  ['a block that is never closed', '<message to="x">all of it', ['x:all of it'], ''],
  ['inner thoughts', 'a<internal>secret</internal>b', [], 'ab'],
  ['a block inside of inner thoughts', '<internal><message to="x">no</message></internal>yes', [], 'yes'],
  [
    'inner thoughts inside of a block',
    '<message to="x">a<internal>secret</internal>b</message>',
    ['x:ab'],
    '',
  ],
  ['inner thoughts that are never closed', 'a <internal>secret', [], 'a'],
  ['another tag', '<b>bold</b>', [], '<b>bold</b>'],
];

for (const [what, text, blocks, rest] of TABLE) {
  test(`${what} is read as it is meant`, () => {
    const output = parseOutput(text);
    assert.deepEqual(
      output.blocks.map(({ to, body }) => `${to}:${body}`),
      blocks,
    );
    assert.equal(output.rest, rest);
  });
}

const pieces = fc.constantFrom(
  '<message to="here">',
  '</message>',
  '<internal>',
  '</internal>',
  '`',
  '```\n',
  '\n',
  'x',
  ' ',
  '<',
);
const outputs = fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''));

test('attack: no order of tags and code makes it fail, or slow', () => {
  fc.assert(
    fc.property(outputs, (text) => void parseOutput(text)),
    { numRuns: 2_000 },
  );
  for (const piece of ['<message to="x">', '<internal>', '`a', '```\n', '<message ', '<message a="" ']) {
    parseOutput(piece.repeat(2_000));
  }
});

test('live text shows what would be sent: no tags, no inner thoughts, in pieces of any size', () => {
  const text =
    'Hi <internal>secret</internal><message to="here">one</message> <message to="boss">psst</message> 2 < 3';
  for (let size = 1; size < 12; size += 1) {
    const live = new LiveText();
    let shown = '';
    for (let at = 0; at < text.length; at += size) shown += live.add(text.slice(at, at + size));
    assert.match(shown, /^Hi one {1,2}2 (< 3)?$/, `size ${size}`);
  }
});
