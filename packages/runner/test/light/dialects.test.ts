/** T2, T7: what a server sends that its protocol's schema does not know is no fault of the network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  callTool,
  type Deviation,
  deviating,
  inTurn,
  type Json,
  raw,
  say,
} from '../../../../tests/fake-models/script.ts';
import type { ModelConfig } from '../../src/protocol.ts';
import { openRoom } from './room.ts';

type Provider = ModelConfig['provider'];
const CHAT: readonly Provider[] = ['openai-chat', 'openrouter', 'compatible'];
const ALL: readonly Provider[] = ['anthropic', 'openai', 'google', ...CHAT];

/** In each protocol: where its last word stands. Undefined leaves it out. */
function ending(word: string | null | undefined): Deviation {
  const withEnd = (object: Json, name: string): Json => {
    if (word !== undefined) return { ...object, [name]: word };
    const { [name]: _, ...rest } = object;
    return rest;
  };
  const change = (event: Json): Json => {
    if (Array.isArray(event.choices)) {
      return {
        ...event,
        choices: event.choices.map((c: Json) => (c.finish_reason === null ? c : withEnd(c, 'finish_reason'))),
      };
    }
    if (Array.isArray(event.candidates)) {
      return {
        ...event,
        candidates: event.candidates.map((c: Json) => ('finishReason' in c ? withEnd(c, 'finishReason') : c)),
      };
    }
    return event.type === 'message_delta'
      ? { ...event, delta: withEnd(event.delta as Json, 'stop_reason') }
      : event;
  };
  return { change };
}

async function talk(
  t: Parameters<typeof openRoom>[0],
  provider: Provider,
  script: Parameters<typeof openRoom>[1],
) {
  const room = await openRoom(t, script, { provider });
  room.enqueue('m1', 'hello');
  await room.work();
  return room;
}

const ENDS: readonly (readonly [Provider, readonly (string | null | undefined)[]])[] = [
  ...CHAT.map(
    (provider) =>
      [
        provider,
        ['end', 'eos', 'EOS_TOKEN', 'end_turn', 'stop_sequence', 'COMPLETE', '', null, undefined],
      ] as const,
  ),
  ['anthropic', ['end', 'a_new_reason', 'pause_turn', 'compaction', '', null, undefined]],
  ['google', ['FINISH_REASON_UNSPECIFIED', 'OTHER', 'A_NEW_REASON', 'NO_IMAGE', '', undefined]],
];
for (const [provider, words] of ENDS) {
  for (const word of words) {
    test(`T2: ${provider}: text that ended with ${JSON.stringify(word)} is an answer, asked for once`, async (t) => {
      const room = await talk(t, provider, () => deviating(say('It is ', 'done.'), ending(word)));
      assert.deepEqual([room.texts(), room.model.requests.length], [['It is done.'], 1]);
      assert.equal(room.ack('m1').status, 'completed');
    });
  }
}

for (const provider of CHAT) {
  test(`T2, T7: ${provider}: text is an answer also without any mark of an end; the call of a tool is none`, async (t) => {
    const unmarked: Deviation = { ...ending(undefined), noDone: true };
    const room = await talk(t, provider, () => deviating(say('It is done.'), unmarked));
    assert.deepEqual([room.texts(), room.model.requests.length], [['It is done.'], 1]);
    const half = deviating(callTool('write', { path: 'a.txt', content: 'x' }), unmarked);
    const other = await talk(t, provider, inTurn(half, say('Not done.')));
    assert.deepEqual([other.texts(), other.model.requests.length], [['Not done.'], 2]);
    assert.deepEqual(
      other.frames.filter(({ t: kind }) => kind === 'tool'),
      [],
    );
  });
}

for (const provider of ALL) {
  test(`T2: ${provider}: one JSON document in place of a stream is the answer, and its calls are calls`, async (t) => {
    const whole = (answer: Answer) => deviating(answer, { whole: true });
    const write = callTool('write', { path: 'a.txt', content: 'x' }, 'I write.');
    const room = await talk(t, provider, inTurn(whole(write), whole(say('Done.'))));
    assert.deepEqual([room.texts(), room.model.requests.length], [['Done.'], 2]);
    assert.match(room.model.requests[1]?.turns.flatMap((turn) => turn.results).join() ?? '', /wrote 1 bytes/);
  });

  const ERRORS: readonly (readonly [what: string, body: object, status: string, errorClass: string])[] = [
    ['overload', { error: { message: 'Overloaded', type: 'overloaded_error' } }, 'released', 'overload'],
    ['a rate limit', { error: { message: 'slow down', code: 429 } }, 'released', 'rate_limit'],
    ['a rate limit, in a text', { error: 'Rate limit reached for requests' }, 'released', 'rate_limit'],
    [
      'no credit, as MiniMax says it',
      { base_resp: { status_code: 1008, status_msg: 'insufficient balance' } },
      'failed',
      'no_credit',
    ],
    ['a wrong key', { code: 'invalid_api_key', message: 'no such key' }, 'failed', 'bad_key'],
    [
      'a model that is not there',
      { errors: [{ code: 'model_not_found', message: 'no' }] },
      'failed',
      'unknown_model',
    ],
    ['trouble of its own', { object: 'error', message: 'oops', code: 500 }, 'released', 'server'],
  ];
  for (const [what, body, status, errorClass] of ERRORS) {
    test(`T2: ${provider}: ${what} under a status of success has its class, whole or in a stream`, async (t) => {
      for (const reply of [raw(JSON.stringify(body)), raw(`data: ${JSON.stringify(body)}\n\n`)]) {
        const room = await talk(t, provider, () => reply);
        assert.deepEqual([room.ack('m1').status, room.ack('m1').errorClass], [status, errorClass]);
        assert.equal(room.model.requests.length, 1);
      }
    });
  }

  const NOTHING: readonly (readonly [what: string, body: string, says?: RegExp])[] = [
    ['only [DONE]', 'data: [DONE]\n\n'],
    ['nothing', ''],
    ['signs of life alone', ': ping\n\n: ping\n\ndata: OK\n\n'],
    ['a page', '<!doctype html><html><body><h1>Please sign in</h1></body></html>', /Please sign in/],
    ['words', 'upstream connect error or disconnect', /upstream connect error/],
    ['a document of another kind', '{"status":"fine","value":[1,2]}', /fine/],
    ['a list of nothing', '[]'],
    [
      'an error that nobody knows',
      '{"error":{"message":"the hamster is asleep","code":"E_HAMSTER"}}',
      /hamster is asleep/,
    ],
    ['half an event', 'data: {"choices":[{"index":0,"del'],
  ];
  for (const [what, body, says = /./] of NOTHING) {
    test(`T2: ${provider}: ${what} in place of an answer ends with its reason, after two tries`, async (t) => {
      const room = await talk(t, provider, () => raw(body));
      const { status, errorClass, error } = room.ack('m1');
      assert.deepEqual([status, errorClass], ['failed', 'unreadable']);
      assert.match(error ?? '', says);
      assert.equal(room.model.requests.length, 2);
    });
  }

  test(`T2: ${provider}: what could not be read is asked for once more, and answered`, async (t) => {
    const room = await talk(t, provider, inTurn(raw('data: [DONE]\n\n'), say('Here I am.')));
    assert.deepEqual(room.texts(), ['Here I am.']);
  });

  test(`T7: ${provider}: the call of a tool in an answer that was too long is not run; twice ends the turn, in words`, async (t) => {
    const cut: Answer = { ...callTool('write', { path: 'a.txt', content: 'x' }), stop: 'length' };
    const room = await talk(t, provider, inTurn(cut, callTool('list', {}), cut, cut, say('never')));
    assert.equal(room.model.requests.length, 4);
    assert.match(String(room.texts()[0]), /^\[cut off/);
    const tools = room.frames.flatMap((frame) => (frame.t === 'tool' && frame.ok ? [frame.name] : []));
    assert.deepEqual(tools, ['list']);
    assert.match(
      room.model.requests[1]?.turns.flatMap((turn) => turn.results).join() ?? '',
      /not run.*cut off/,
    );
    room.enqueue('m2', 'and now?');
    await room.work();
    assert.equal(room.ack('m2').status, 'completed', 'and the conversation goes on');
  });

  test(`T2: ${provider}: a call that was told not to be one is no fault, in the last step of a turn`, async (t) => {
    const room = await talk(t, provider, () => callTool('list', {}, 'Still at it.'));
    assert.equal(room.model.requests.length, 100);
    assert.deepEqual(room.texts(), ['Still at it.']);
  });
}

/** In each protocol: the arguments of a call as `change` makes them. */
function withArguments(change: (json: string) => unknown): Deviation {
  const inCall = (call: Json): Json => {
    const made = call.function as Json;
    return typeof made.arguments === 'string'
      ? { ...call, function: { ...made, arguments: change(made.arguments) } }
      : call;
  };
  return {
    whole: true,
    change(body) {
      if (Array.isArray(body.choices)) {
        const choices = body.choices.map((choice: Json) => {
          const message = choice.message as Json;
          const calls = message.tool_calls as Json[] | undefined;
          return calls ? { ...choice, message: { ...message, tool_calls: calls.map(inCall) } } : choice;
        });
        return { ...body, choices };
      }
      if (Array.isArray(body.output)) {
        const output = body.output.map((item: Json) =>
          typeof item.arguments === 'string' ? { ...item, arguments: change(item.arguments) } : item,
        );
        return { ...body, output };
      }
      if (Array.isArray(body.content)) {
        const content = body.content.map((block: Json) =>
          block.type === 'tool_use' ? { ...block, input: change(JSON.stringify(block.input)) } : block,
        );
        return { ...body, content };
      }
      return body;
    },
  };
}

for (const provider of ['anthropic', 'openai', ...CHAT] as const) {
  for (const [what, change] of [
    ['an object', (json: string) => JSON.parse(json)],
    ['JSON', (json: string) => json],
    ['JSON within JSON', (json: string) => JSON.stringify(json)],
  ] as const) {
    test(`T2: ${provider}: arguments that are ${what} are taken`, async (t) => {
      const write = callTool('write', { path: 'a.txt', content: 'x' });
      const room = await talk(t, provider, inTurn(deviating(write, withArguments(change)), say('Done.')));
      assert.deepEqual(room.texts(), ['Done.']);
      assert.match(
        room.model.requests[1]?.turns.flatMap((turn) => turn.results).join() ?? '',
        /wrote 1 bytes/,
      );
    });
  }

  test(`T2: ${provider}: arguments that are none run nothing, and the model reads why`, async (t) => {
    for (const broken of ['{"path":"a.txt","content":"x', '["a.txt"]', '7', 'null']) {
      const write = callTool('write', { path: 'a.txt', content: 'x' });
      const room = await talk(
        t,
        provider,
        inTurn(
          deviating(
            write,
            withArguments(() => broken),
          ),
          say('I see.'),
        ),
      );
      assert.deepEqual([room.texts(), room.ack('m1').status], [['I see.'], 'completed'], broken);
      assert.match(
        room.model.requests[1]?.turns.flatMap((turn) => turn.results).join() ?? '',
        /^Error: /,
        broken,
      );
      assert.deepEqual(
        room.frames.filter(({ t: kind }) => kind === 'tool'),
        [],
      );
    }
  });
}

const BROKEN: readonly (readonly [Provider, string, string])[] = [
  ['compatible', 'error', 'unreadable'],
  ['compatible', 'network_error', 'server'],
  ['compatible', 'insufficient_system_resource', 'overload'],
  ['compatible', 'abort', 'unreadable'],
  ['google', 'MALFORMED_FUNCTION_CALL', 'unreadable'],
  ['google', 'UNEXPECTED_TOOL_CALL', 'unreadable'],
];
for (const [provider, word, errorClass] of BROKEN) {
  test(`T2: ${provider}: what ended with ${word} is no answer`, async (t) => {
    const room = await talk(t, provider, () => deviating(say('half an ans'), ending(word)));
    assert.equal(room.ack('m1').errorClass, errorClass);
    assert.deepEqual(room.rows(), []);
  });
}

test('T2: a refusal is one under every name', async (t) => {
  for (const [provider, word] of [
    ['compatible', 'sensitive'],
    ['google', 'LANGUAGE'],
    ['google', 'IMAGE_PROHIBITED_CONTENT'],
    ['anthropic', 'refusal'],
  ] as const) {
    const room = await talk(t, provider, () => deviating(say(), ending(word)));
    assert.equal(room.ack('m1').errorClass, 'refused', word);
  }
});

test('T2: an answer that is full before its first word shortens the conversation', async (t) => {
  for (const [provider, word] of [
    ['compatible', 'model_context_window_exceeded'],
    ['anthropic', 'model_context_window_exceeded'],
  ] as const) {
    const room = await openRoom(
      t,
      ({ tools, turns, n }) => {
        if (n === 1) return say('One.');
        if (tools.length === 0) return say('SUMMARY');
        return turns[0]?.text.includes('SUMMARY') ? say('Two.') : deviating(say(), ending(word));
      },
      { provider },
    );
    room.enqueue('m1', 'first');
    await room.work();
    room.enqueue('m2', 'second');
    await room.work();
    assert.deepEqual(room.texts(), ['One.', 'Two.']);
  }
});
