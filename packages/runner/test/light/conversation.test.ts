/** T3: what goes to a model is valid for the strictest server: the fake models refuse what any of them refuses (strict.ts). */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ModelMessage } from 'ai';
import fc from 'fast-check';
import { type Answer, callTool, deviating, inTurn, raw, say } from '../../../../tests/fake-models/script.ts';
import { refusalOf, type StrictMessage } from '../../../../tests/fake-models/strict.ts';
import { fitForAll, type Thoughts } from '../../src/harnesses/light/conversation.ts';
import { readHistory } from '../../src/harnesses/light/history.ts';
import type { ModelConfig } from '../../src/protocol.ts';
import { openRoom, type Room } from './room.ts';

const PROVIDERS: readonly ModelConfig['provider'][] = [
  'anthropic',
  'openai',
  'openai-chat',
  'google',
  'compatible',
];

const SMILE = '😀';
const HALF = SMILE.slice(0, 1);

const text = fc.constantFrom('', ' \n\t', 'words', `half ${HALF}`, `${SMILE.slice(1)} half`, SMILE);
const user = fc.oneof(
  text.map((content): ModelMessage[] => [{ role: 'user', content }]),
  fc
    .array(text, { maxLength: 3 })
    .map((texts): ModelMessage[] => [
      { role: 'user', content: texts.map((each) => ({ type: 'text', text: each })) },
    ]),
);
const answer = fc.tuple(text, text, fc.boolean()).map(([words, thought, isThought]): ModelMessage[] => [
  {
    role: 'assistant',
    content: [
      ...(isThought ? [{ type: 'reasoning', text: thought } as const] : []),
      { type: 'text', text: words },
    ],
  },
]);
const step = fc
  .tuple(text, text, fc.array(text, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([words, thought, results, isThought]): ModelMessage[] => [
    {
      role: 'assistant',
      content: [
        ...(isThought ? [{ type: 'reasoning', text: thought } as const] : []),
        { type: 'text', text: words },
        ...results.map(
          (value, n) =>
            ({ type: 'tool-call', toolCallId: `${n}`, toolName: 'bash', input: { [value]: value } }) as const,
        ),
      ],
    },
    {
      role: 'tool',
      content: results.map((value, n) => ({
        ...({ type: 'tool-result', toolCallId: `${n}`, toolName: 'bash' } as const),
        output: { type: 'text', value },
      })),
    },
  ]);
const conversation = fc
  .array(fc.oneof(user, answer, step), { maxLength: 12 })
  .map((parts) => [
    { role: 'user', content: 'begin' } as ModelMessage,
    ...parts.flat(),
    { role: 'user', content: 'go on' } as ModelMessage,
  ]);

function strictly(messages: readonly ModelMessage[]): StrictMessage[] {
  return messages.map(({ role, content }) => {
    const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
    const calls = parts.flatMap((part) =>
      part.type === 'tool-call' ? [{ id: part.toolCallId, input: part.input }] : [],
    );
    const results = parts.flatMap((part) =>
      part.type === 'tool-result'
        ? [{ id: part.toolCallId, text: 'value' in part.output ? String(part.output.value) : '' }]
        : [],
    );
    const thought = parts.flatMap((part) => (part.type === 'reasoning' ? [part.text] : [])).join('');
    return {
      role: role as StrictMessage['role'],
      texts: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
      calls,
      results,
      reasoning: role === 'assistant' ? thought : null,
    };
  });
}

for (const thoughts of ['none', 'kept', 'all'] satisfies Thoughts[]) {
  test(`T3: whatever was said, what goes out is taken by the strictest server (thoughts: ${thoughts})`, () => {
    let mended = 0;
    fc.assert(
      fc.property(conversation, (messages) => {
        const fit = fitForAll(messages, thoughts);
        const isThought = (found: readonly StrictMessage[]) =>
          thoughts !== 'none' &&
          found.some(({ calls = [], reasoning }) => calls.length > 0 && (reasoning ?? '').trim() !== '');
        const [before, after] = [strictly(messages), strictly(fit)];
        if (refusalOf({ body: messages, messages: before, thinks: isThought(before) }) !== null) mended += 1;
        assert.equal(refusalOf({ body: fit, messages: after, thinks: isThought(after) }), null);
        assert.deepEqual(fitForAll(messages, thoughts), fit);
      }),
      { numRuns: 500 },
    );
    assert.ok(mended > 100, 'and most of it was not fit');
  });
}

test('T3: bytes of pictures and the text of whole characters stay what they are', () => {
  const data = new Uint8Array([0xd8, 0x00, 0xff]);
  const content = [
    { type: 'text', text: `a ${SMILE}` } as const,
    { type: 'file', data, mediaType: 'image/png' } as const,
  ];
  assert.deepEqual(fitForAll([{ role: 'user', content }], 'none'), [{ role: 'user', content }]);
});

/** Two turns, the second one after whatever the first one did. */
async function twoTurns(room: Room): Promise<void> {
  room.enqueue('m1', 'first');
  await room.work();
  assert.equal(room.ack('m1').status, 'completed', room.ack('m1').error ?? '');
  room.enqueue('m2', 'second');
  await room.work();
  assert.equal(room.ack('m2').status, 'completed', room.ack('m2').error ?? '');
}

for (const provider of PROVIDERS) {
  test(`T3: ${provider}: after an empty answer the conversation goes on, and the answer was asked for`, async (t) => {
    for (const empty of [say(), say(' ', '\n'), { ...say(), reasoning: 'Hm.' }] satisfies Answer[]) {
      const room = await openRoom(t, inTurn(empty, say('Here.'), say('There.')), { provider });
      await twoTurns(room);
      assert.deepEqual(room.texts(), ['Here.', 'There.']);
      assert.match(room.model.requests[1]?.turns.at(-1)?.text ?? '', /empty/);
    }
  });

  test(`T3: ${provider}: after a wrong destination, in words and beside a tool, the conversation goes on`, async (t) => {
    const wrong = '<message to="boss">psst</message>';
    const room = await openRoom(t, inTurn(callTool('list', {}, wrong), say(wrong), say('Well.')), {
      provider,
    });
    await twoTurns(room);
    assert.deepEqual(room.texts(), ['Well.', 'Well.']);
  });

  test(`T3: ${provider}: what comes while a tool works is no message right behind its result`, async (t) => {
    const room = await openRoom(
      t,
      ({ n }) => {
        if (n > 1) return say(`Answer ${n}.`);
        room.enqueue('m3', 'and this');
        return callTool('list', {});
      },
      { provider },
    );
    await twoTurns(room);
    assert.deepEqual(room.texts(), ['Answer 2.', 'Answer 3.']);
    assert.match(room.model.requests[1]?.turns.at(-1)?.text ?? '', /and this/);
  });

  test(`T3: ${provider}: half a character gets into no request, wherever it comes from`, async (t) => {
    const page = `a &#55357; b &#xDE00; c ${SMILE}`;
    const room = await openRoom(
      t,
      inTurn(
        callTool('write', { path: 'x.txt', content: `${'x'.repeat(59_999)}${SMILE}${'y'.repeat(10)}` }),
        callTool('read', { path: 'x.txt' }),
        // From the middle of one character to the middle of another.
        callTool('bash', { command: `node -e "process.stdout.write('${SMILE}'.repeat(20000))"` }),
        callTool('bash', { command: `node -e "process.stdout.write('x' + '${SMILE}'.repeat(20000))"` }),
        callTool('write', { path: `${HALF}.txt`, content: HALF }),
        callTool('grep', { pattern: SMILE, path: 'x.txt' }),
        callTool('nothing', { [HALF]: HALF }),
        callTool('edit', { path: `${'p'.repeat(299)}${SMILE}`, old_text: HALF, new_text: page }),
        say(`Half ${HALF}`),
        say('Done.'),
      ),
      { provider },
    );
    writeFileSync(join(room.dirs.home, 'AGENT.md'), `Be ${SMILE}`);
    writeFileSync(join(room.dirs.memory, 'INDEX.md'), `${'m'.repeat(8_190)}${SMILE}${SMILE}`);
    mkdirSync(join(room.dirs.in, 'files/x'), { recursive: true });
    const quoted = { id: '1', sender: `Bob ${HALF}`, text: `quoted ${HALF}` };
    room.enqueue('m1', '', {
      content: JSON.stringify({ text: `hi ${HALF}`, sender: HALF, replyTo: quoted }),
    });
    await room.work();
    assert.equal(room.ack('m1').status, 'completed', room.ack('m1').error ?? '');
    room.enqueue('m2', 'second');
    await room.work();
    assert.equal(room.ack('m2').status, 'completed', room.ack('m2').error ?? '');
    assert.equal(room.model.requests.length, 10);
    const sent = JSON.stringify(room.rows()) + JSON.stringify(room.frames);
    assert.ok(!/\\ud[89a-f]/i.test(sent), 'nor into what people get');
  });

  test(`T3: ${provider}: a turn that runs again after a long message of emoji is taken`, async (t) => {
    const long = callTool('send_message', { text: SMILE.repeat(3_000) });
    const room = await openRoom(
      t,
      inTurn(long, raw('', 503), raw('', 503), raw('', 503), raw('', 503), raw('', 503), say('Done.')),
      { provider },
    );
    room.enqueue('m1', 'go');
    await room.work();
    assert.equal(room.ack('m1').status, 'released');
    room.again('m1');
    await room.work();
    assert.equal(room.ack('m1').status, 'completed', room.ack('m1').error ?? '');
  });

  test(`T3: ${provider}: a long conversation of emoji is shortened, cut anywhere, and goes on`, async (t) => {
    const room = await openRoom(
      t,
      (request) => {
        if (request.tools.length === 0) return say(`SUMMARY ${SMILE}`);
        const sofar = request.turns.flatMap((turn) => turn.results).length;
        const isShort = request.turns[0]?.text.includes('SUMMARY') ?? false;
        if (isShort && sofar > 0) return say('Done.');
        return callTool('bash', {
          command: `node -e "process.stdout.write('${'x'.repeat(request.n % 2)}' + '${SMILE}'.repeat(3000))"`,
        });
      },
      { provider, contextTokens: 24_000 },
    );
    room.enqueue('m1', `${SMILE.repeat(4_200)}x`);
    await room.work();
    assert.deepEqual(
      [room.texts(), room.ack('m1').status],
      [['Done.'], 'completed'],
      room.ack('m1').error ?? '',
    );
  });
}

const THINKING: readonly ModelConfig['provider'][] = ['compatible', 'openrouter', 'ollama'];
for (const provider of THINKING) {
  test(`T3: ${provider}: what the model thought stays beside its calls, over turns and runners, and nowhere else`, async (t) => {
    const thinking = (answer: Answer, n: number): Answer => ({ ...answer, reasoning: `thought ${n}` });
    const room = await openRoom(
      t,
      inTurn(
        thinking(callTool('list', {}), 1),
        thinking(say('One.'), 2),
        // Without a thought of its own: it must bring one all the same.
        callTool('list', {}),
        thinking(say('Two.'), 3),
      ),
      { provider },
    );
    await twoTurns(room);
    assert.deepEqual(room.texts(), ['One.', 'Two.']);
    const sent = JSON.stringify(room.model.requests.at(-1)?.body);
    assert.match(sent, /"reasoning_content":"thought 1"/);
    assert.doesNotMatch(sent, /thought [23]/);
    assert.equal(sent.split('reasoning_content').length, 3, 'beside both calls');
  });
}

test('T3: another model gets no thoughts that are not its own', async (t) => {
  const room = await openRoom(
    t,
    inTurn(
      { ...callTool('list', {}), reasoning: 'SECRET' },
      { ...say('One.'), reasoning: 'SECRET' },
      say('Two.'),
    ),
    { provider: 'compatible' },
  );
  room.enqueue('m1', 'first');
  await room.work();
  assert.match(JSON.stringify(room.continuation()), /SECRET/);
  const stored = JSON.stringify(room.continuation());
  assert.match(JSON.stringify(readHistory(stored, 'compatible/test')), /SECRET/);
  assert.doesNotMatch(JSON.stringify(readHistory(stored, 'compatible/other')), /SECRET/);
});

test('T3: a model that misses thoughts gets them, one that takes none is asked without, once each', async (t) => {
  const missing = raw(
    '{"error":{"message":"thinking is enabled but reasoning_content is missing in assistant tool call message at index 2"}}',
    400,
  );
  const room = await openRoom(t, inTurn(callTool('list', {}), missing, say('Done.')), {
    provider: 'compatible',
  });
  room.enqueue('m1', 'go');
  await room.work();
  assert.deepEqual(room.texts(), ['Done.']);
  assert.match(JSON.stringify(room.model.requests[2]?.body), /"reasoning_content":"[^"]+"/);
  const refused = raw('{"error":{"message":"property \'reasoning_content\' is unsupported"}}', 400);
  const call = { ...callTool('list', {}), reasoning: 'Hm.' };
  const lax = { strict: false };
  const other = await openRoom(t, inTurn(call, refused, refused), { provider: 'compatible' }, lax);
  other.enqueue('m1', 'go');
  await other.work();
  assert.deepEqual([other.ack('m1').status, other.model.requests.length], ['failed', 3]);
  assert.doesNotMatch(JSON.stringify(other.model.requests[2]?.body), /reasoning_content/);
});

test('T3: names of calls that a server uses again are each used once, and another model gets such as all take', async (t) => {
  const again = (answer: Answer) =>
    deviating(answer, {
      change: (event) => JSON.parse(JSON.stringify(event).replaceAll(/call_\d+_0/g, 'functions.list:0')),
    });
  const room = await openRoom(
    t,
    inTurn(
      again(callTool('list', {})),
      again(callTool('list', {})),
      say('One.'),
      again(callTool('list', {})),
      say('Two.'),
    ),
    { provider: 'compatible' },
  );
  await twoTurns(room);
  assert.deepEqual(room.texts(), ['One.', 'Two.']);
  assert.match(
    JSON.stringify(room.model.requests.at(-1)?.body),
    /functions\.list:0/,
    "the model's own name stays",
  );
  const stored = JSON.stringify(room.continuation());
  const ids = (by: string) => JSON.stringify(readHistory(stored, by)).match(/"toolCallId":"[^"]*"/g) ?? [];
  assert.equal(ids('compatible/test').length, 6);
  for (const id of ids('anthropic/other')) assert.match(id, /"[a-z0-9]{9}"$/);
  assert.equal(new Set(ids('anthropic/other')).size, 3);
  // Of 0.1, which did not say whose they were.
  const old = { v: 1, messages: room.continuation().messages };
  assert.equal(
    new Set(JSON.stringify(readHistory(JSON.stringify(old), 'x')).match(/"toolCallId":"[^"]{9}"/g)).size,
    3,
  );
});
