/** T5: what a model thinks aloud in its answer is no part of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { callTool, inTurn, say } from '../../../../tests/fake-models/script.ts';
import { LiveText } from '../../src/harnesses/light/live.ts';
import { withoutThoughts } from '../../src/harnesses/light/thoughts.ts';
import type { ModelConfig } from '../../src/protocol.ts';
import { openRoom, type Room } from './room.ts';

const FENCE = '```';

/** [what it is, text, what is said] */
const TABLE: readonly (readonly [string, string, string])[] = [
  ['no thought', 'Hello.', 'Hello.'],
  ['a thought', '<think>\nHm.\n</think>\n\nHello.', 'Hello.'],
  ['an empty thought', '<think></think>Hello.', 'Hello.'],
  ['two thoughts', '<think>a</think>One. <think>b</think>Two.', 'One. Two.'],
  ['a thought by another name', '<thinking>a</thinking>One.<seed:think>b</seed:think>', 'One.'],
  ['in capitals', '<THINK>a</THINK>One.', 'One.'],
  ['nothing but a thought', '<think>Hm.</think>\n', ''],
  ['a thought without an end', 'One.\n<think>Hm.', 'One.'],
  ['an end without a beginning', 'Hm. Let me see.\n</think>\n\nHello.', 'Hello.'],
  ['an end alone', '</think>Hello.', 'Hello.'],
  ['an end without a beginning, and a thought', 'Hm.</think>One. <think>a</think>Two.', 'One. Two.'],
  ['an end too many', '<think>a</think>One.</think> Two.', 'One. Two.'],
  ['a tag in a span', 'Write `</think>` at the end.', 'Write `</think>` at the end.'],
  ['tags in a fence', `${FENCE}\n<think>a</think>\n${FENCE}`, `${FENCE}\n<think>a</think>\n${FENCE}`],
  [
    'an open fence in a thought',
    `Hm.\n${FENCE}js\nlet a\n</think>\nSee ${FENCE}js\nlet b\n${FENCE}`,
    `See ${FENCE}js\nlet b\n${FENCE}`,
  ],
  ['a span with the end, in a thought', '<think>I close with `</think>` then.</think>Hello.', 'Hello.'],
  ['a message in a thought', '<think><message to="here">no</message></think>yes', 'yes'],
  [
    'a thought in a message',
    '<message to="here"><think>no</think>yes</message>',
    '<message to="here">yes</message>',
  ],
  ['another tag', '<thinker>a</thinker>', '<thinker>a</thinker>'],
];
for (const [what, text, spoken] of TABLE) {
  test(`T5: ${what} is read as it is meant`, () => assert.equal(withoutThoughts(text).text, spoken));
}

const pieces = fc.constantFrom(
  '<think>',
  '</think>',
  '<thinking>',
  '`',
  '```\n',
  '\n',
  'x',
  ' ',
  '<',
  '</',
  'think>',
);

test('T5: attack: no order of tags and code makes it fail, or slow', () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => void withoutThoughts(parts.join(''))),
    { numRuns: 2_000 },
  );
  for (const piece of [
    '<think>',
    '</think>',
    '`</think>',
    '```\n',
    '<think>`a</think>',
    '<think>a</think>',
  ]) {
    withoutThoughts(piece.repeat(2_000));
  }
});

test('T5: a thought is never shown, in pieces of any size; one that nothing announced is taken back', () => {
  for (const [what, text, spoken] of TABLE) {
    for (let size = 1; size < 12; size += 1) {
      const live = new LiveText();
      const knowing = new LiveText(true);
      let [shown, seen] = ['', ''];
      for (let at = 0; at < text.length; at += size) {
        const fresh = live.add(text.slice(at, at + size));
        shown = (live.isAnew ? '' : shown) + fresh;
        const known = knowing.add(text.slice(at, at + size));
        assert.equal(knowing.isAnew, false, what);
        seen += known;
      }
      if (!spoken.includes('<')) assert.ok(spoken.startsWith(shown.trim()), `${what}: ${shown}`);
      assert.doesNotMatch(seen, /Hm\./, what);
    }
  }
});

test('T5: half a character waits for its other half', () => {
  const live = new LiveText();
  assert.deepEqual([live.add('a\ud83d'), live.add('\ude00b')], ['a', '😀b']);
});

const PROVIDERS: readonly ModelConfig['provider'][] = [
  'anthropic',
  'openai',
  'openai-chat',
  'google',
  'compatible',
];

/** What people see of the text in the end, by the frames. */
function shown(room: Room): string {
  let text = '';
  for (const frame of room.frames) {
    if (frame.t === 'working') text = '';
    if (frame.t === 'live') text = (frame.whole ? '' : text) + frame.text;
  }
  return text;
}

for (const provider of PROVIDERS) {
  test(`T5: ${provider}: a thought in the answer is neither sent, shown nor kept, however it is cut`, async (t) => {
    const room = await openRoom(t, () => say('<thi', 'nk>SECRET', ' plan</th', 'ink>\n\nHel', 'lo.'), {
      provider,
    });
    room.enqueue('m1', 'hi');
    await room.work();
    assert.deepEqual(room.texts(), ['Hello.']);
    assert.equal(shown(room), 'Hello.');
    assert.doesNotMatch(JSON.stringify([room.frames, room.continuation()]), /SECRET/);
  });

  test(`T5: ${provider}: an end of a thought alone: what stood before it is neither sent nor kept, and no longer shown`, async (t) => {
    const step = { ...callTool('list', {}), text: ['SECRET plan', '</thi', 'nk>I ', 'look.'] };
    const room = await openRoom(t, inTurn(step, say('SECRET', ' again</th', 'ink>Hel', 'lo.')), { provider });
    room.enqueue('m1', 'hi');
    await room.work();
    assert.deepEqual(room.texts(), ['Hello.']);
    assert.equal(shown(room), 'I look.Hello.');
    assert.doesNotMatch(JSON.stringify(room.continuation()), /SECRET/);
    assert.doesNotMatch(JSON.stringify(room.model.requests.at(-1)?.body), /SECRET/);
    // Known by now: nothing is shown before the thought has ended.
    assert.doesNotMatch(JSON.stringify(room.frames), /again/);
  });

  test(`T5: ${provider}: an answer that is a thought alone is an empty one, asked for again and then told`, async (t) => {
    const room = await openRoom(t, () => say('<think>SECRET'), { provider });
    room.enqueue('m1', 'hi');
    await room.work();
    assert.equal(room.model.requests.length, 2);
    assert.match(String(room.texts()), /empty answer/);
    assert.doesNotMatch(JSON.stringify(room.rows()), /SECRET/);
  });
}

test('T5: an empty answer is told: after a question, after work; not where the agent has spoken or means to be silent', async (t) => {
  for (const [script, texts, requests] of [
    [inTurn(say(), say('Here.')), ['Here.'], 2],
    [() => say(), ['[the model gave an empty answer, twice]'], 2],
    [inTurn(callTool('list', {}), say()), ['[the model gave an empty answer, twice]'], 3],
    [inTurn(callTool('send_message', { text: 'Told.' }), say()), ['Told.'], 2],
    [inTurn(callTool('list', {}, '<message to="here">Told.</message>'), say()), ['Told.'], 2],
    [inTurn(callTool('send_message', { text: 'Told.', to: 'nobody' }), say(), say('Well.')), ['Well.'], 3],
    [() => say('<internal>nothing to say</internal>'), [], 1],
  ] as const) {
    const room = await openRoom(t, script);
    room.enqueue('m1', 'hi');
    await room.work();
    assert.deepEqual([room.texts(), room.model.requests.length], [texts, requests]);
    assert.equal(room.ack('m1').status, 'completed');
  }
});

test('what an attempt had begun to say is taken back when the next one speaks', async (t) => {
  const room = await openRoom(
    t,
    inTurn(
      callTool('list', {}, 'I look. '),
      { ...say('half an ans'), breaks: 'overload' },
      say('A whole one.'),
    ),
  );
  room.enqueue('m1', 'hi');
  await room.work();
  assert.deepEqual([room.texts(), shown(room)], [['A whole one.'], 'I look. A whole one.']);
});
