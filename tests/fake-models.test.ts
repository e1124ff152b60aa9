/**
 * The fake models speak as the real ones do: the vendors' own clients understand them, answers and errors. Gemini's is
 * held against the client that our harness uses (packages/runner/test/light): Google's own would bring 41 packages.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { callTool, deviating, fail, type Reply, raw, type Script, say } from './fake-models/script.ts';
import { type ServerOptions, startFakeModel } from './fake-models/server.ts';

const QUESTION = [{ role: 'user', content: 'hello' }] as const;
const TOOL = { description: 'adds', parameters: { type: 'object', properties: {} } };

async function clients(t: TestContext, script: Script, options: ServerOptions = {}) {
  const server = await startFakeModel(script, 'key', options);
  t.after(() => server.close());
  const access = { apiKey: 'key', maxRetries: 0 };
  return {
    server,
    anthropic: new Anthropic({ ...access, baseURL: server.url }),
    openai: new OpenAI({ ...access, baseURL: `${server.url}/v1` }),
  };
}

type Clients = Awaited<ReturnType<typeof clients>>;
interface Heard {
  readonly text: string;
  readonly calls: readonly (readonly [name: string, input: unknown])[];
  readonly stop: unknown;
  readonly tokens: readonly unknown[];
}

/** The same question by each vendor's client, streamed and whole. */
const ASK: Readonly<Record<string, (clients: Clients) => Promise<Heard>>> = {
  'anthropic, streamed': async ({ anthropic }) =>
    heardFromAnthropic(await anthropic.messages.stream(anthropicRequest()).finalMessage()),
  'anthropic, whole': async ({ anthropic }) =>
    heardFromAnthropic(await anthropic.messages.create(anthropicRequest())),
  'openai chat, streamed': async ({ openai }) =>
    heardFromChat(
      await openai.chat.completions
        .stream({ ...chatRequest(), stream_options: { include_usage: true } })
        .finalChatCompletion(),
    ),
  'openai chat, whole': async ({ openai }) =>
    heardFromChat(await openai.chat.completions.create(chatRequest())),
  'openai responses, streamed': async ({ openai }) =>
    heardFromResponses(await openai.responses.stream(responsesRequest()).finalResponse()),
  'openai responses, whole': async ({ openai }) =>
    heardFromResponses(await openai.responses.create(responsesRequest())),
};

function anthropicRequest() {
  const tools = [{ name: 'add', description: TOOL.description, input_schema: { type: 'object' as const } }];
  return { model: 'm', max_tokens: 10, system: 'be brief', messages: [...QUESTION], tools };
}
function chatRequest() {
  const tools = [{ type: 'function' as const, function: { name: 'add', ...TOOL } }];
  const messages = [{ role: 'system' as const, content: 'be brief' }, ...QUESTION];
  return { model: 'm', messages, tools };
}
function responsesRequest() {
  const tools = [{ type: 'function' as const, name: 'add', strict: false, ...TOOL }];
  return { model: 'm', instructions: 'be brief', input: 'hello', tools };
}

function heardFromAnthropic(message: Anthropic.Message): Heard {
  return {
    text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    calls: message.content.flatMap((b) => (b.type === 'tool_use' ? [[b.name, b.input] as const] : [])),
    stop: message.stop_reason,
    tokens: [message.usage.input_tokens, message.usage.output_tokens],
  };
}
function heardFromChat(completion: OpenAI.ChatCompletion): Heard {
  const [choice] = completion.choices;
  const calls = choice?.message.tool_calls ?? [];
  return {
    text: choice?.message.content ?? '',
    calls: calls.flatMap((c) =>
      c.type === 'function' ? [[c.function.name, JSON.parse(c.function.arguments)] as const] : [],
    ),
    stop: choice?.finish_reason,
    tokens: [completion.usage?.prompt_tokens, completion.usage?.completion_tokens],
  };
}
function heardFromResponses(response: OpenAI.Responses.Response): Heard {
  const calls = response.output.flatMap((item) => (item.type === 'function_call' ? [item] : []));
  return {
    text: response.output_text,
    calls: calls.map((call) => [call.name, JSON.parse(call.arguments)] as const),
    stop: response.incomplete_details?.reason ?? response.status,
    tokens: [response.usage?.input_tokens, response.usage?.output_tokens],
  };
}

for (const [way, ask] of Object.entries(ASK)) {
  test(`${way}: words, a tool call, usage and the stop reason are understood`, async (t) => {
    const { server, ...rest } = await clients(t, () => callTool('add', { a: 1, b: [2] }, 'I ', 'add.'));
    const heard = await ask({ server, ...rest });
    assert.equal(heard.text, 'I add.');
    assert.deepEqual(heard.calls, [['add', { a: 1, b: [2] }]]);
    assert.match(String(heard.stop), /tool_use|tool_calls|completed/);
    assert.deepEqual(heard.tokens, [100, 10]);
    const [request] = server.requests;
    assert.deepEqual([request?.system, request?.tools], ['be brief', ['add']]);
    assert.deepEqual(
      request?.turns.map(({ role, text }) => [role, text]),
      [['user', 'hello']],
    );
  });

  test(`${way}: an answer that was cut off says so`, async (t) => {
    const heard = await ask(await clients(t, () => ({ ...say('too lo'), stop: 'length' })));
    assert.match(String(heard.stop), /max_tokens|length|max_output_tokens/);
  });

  test(`${way}: each failure is the client's own kind of error`, async (t) => {
    const kinds = [
      ['rate_limit', 429],
      ['bad_key', 401],
      ['unknown_model', 404],
      ['context', 400],
      ['server', 500],
      ['overload', way.startsWith('anthropic') ? 529 : 503],
    ] as const;
    for (const [name, status] of kinds) {
      const all = await clients(t, () => fail(name, 7));
      const failed = ask(all).then(() => assert.fail(`${name} was no failure`));
      const error = await failed.catch((e: { status?: number; headers?: Headers }) => e);
      assert.equal(error.status, status, name);
      assert.equal(error.headers?.get('retry-after'), '7');
    }
  });
}

for (const [way, ask] of Object.entries(ASK).filter(([name]) => name.endsWith('streamed'))) {
  test(`${way}: an error in mid-stream, and a connection that dies in it, end the client's stream`, async (t) => {
    const reply: Reply = { ...say('half an ans'), breaks: 'overload' };
    await assert.rejects(ask(await clients(t, () => reply)), /verloaded/);
    await assert.rejects(ask(await clients(t, () => ({ ...reply, breaks: 'connection' }))));
  });
}

test('a wrong key is refused, and a path of no API', async (t) => {
  const { server, openai } = await clients(t, () => say('hi'));
  const wrong = new Anthropic({ apiKey: 'other', maxRetries: 0, baseURL: server.url });
  await assert.rejects(wrong.messages.create(anthropicRequest()), { status: 401 });
  await assert.rejects(openai.files.list(), { status: 404 });
  assert.deepEqual((await openai.models.list()).data[0]?.id, 'test');
});

test('thoughts are where the clients look for them, or where those who speak like OpenAI put them', async (t) => {
  const { anthropic, openai } = await clients(t, () => ({ ...say('Yes.'), reasoning: 'Hm.' }));
  const message = await anthropic.messages.stream(anthropicRequest()).finalMessage();
  assert.deepEqual(
    message.content.map((block) => (block.type === 'thinking' ? block.thinking : block.type)),
    ['Hm.', 'text'],
  );
  const stream = await openai.chat.completions.create({ ...chatRequest(), stream: true });
  const deltas: string[] = [];
  for await (const { choices } of stream)
    deltas.push(
      ...choices.map(({ delta }) =>
        String((delta as { reasoning_content?: string }).reasoning_content ?? ''),
      ),
    );
  assert.equal(deltas.join(''), 'Hm.');
});

const HALF = '\ud83d';
const user = (content: unknown) => ({ role: 'user', content });
const words = (content: unknown) => ({ role: 'assistant', content });
const chatCall = (id: string, more: object = {}) => ({
  ...{ role: 'assistant', content: null },
  tool_calls: [{ id, type: 'function', function: { name: 'add', arguments: '{}' } }],
  ...more,
});
const chatResult = (tool_call_id: string, content = 'ok') => ({ role: 'tool', tool_call_id, content });
const use = (id: string, input: unknown = {}) => words([{ type: 'tool_use', id, name: 'add', input }]);
const result = (tool_use_id: string, content = 'ok') => user([{ type: 'tool_result', tool_use_id, content }]);
const item = (call_id: string) => ({ type: 'function_call', call_id, name: 'add', arguments: '{}' });
const output = (call_id: string, text = 'ok') => ({ type: 'function_call_output', call_id, output: text });

const inAll = (messages: unknown[]) => [messages, messages, messages] as const;

/** [what it is, the conversation by each protocol: Messages, Chat Completions, Responses, what is said of it] */
const UNFIT: readonly (readonly [string, unknown[] | null, unknown[] | null, unknown[] | null, RegExp])[] = [
  ['two of a person in a row', ...inAll([user('a'), user('b')]), /alternate/],
  ['two of the assistant in a row', ...inAll([user('a'), words('b'), words('c'), user('d')]), /alternate/],
  ['one that begins with the assistant', ...inAll([words('a'), user('b')]), /first message/],
  ['one that ends with the assistant', ...inAll([user('a'), words('b')]), /last role/],
  ['a blank text', ...inAll([user(' \n')]), /non-whitespace/],
  ['an empty message', ...inAll([user('a'), words([]), user('b')]), /no content/],
  ['half a character', ...inAll([user(`a${HALF}`)]), /surrogate/],
  [
    'a person behind a result',
    [
      user('a'),
      use('1'),
      user([
        { type: 'tool_result', tool_use_id: '1', content: 'ok' },
        { type: 'text', text: 'b' },
      ]),
    ],
    [user('a'), chatCall('1'), chatResult('1'), user('b')],
    [user('a'), item('1'), output('1'), user('b')],
    /after role 'tool'/,
  ],
  [
    'a call without its result',
    [user('a'), use('1'), user('b')],
    [user('a'), chatCall('1'), user('b')],
    [user('a'), item('1'), user('b')],
    /without their results/,
  ],
  [
    'a result without its call',
    [user('a'), words('b'), result('1')],
    [user('a'), words('b'), chatResult('1')],
    [user('a'), words('b'), output('1')],
    /without its call/,
  ],
  [
    'a blank result',
    [user('a'), use('1'), result('1', '')],
    [user('a'), chatCall('1'), chatResult('1', ' ')],
    [user('a'), item('1'), output('1', '')],
    /non-whitespace/,
  ],
  [
    'one id for two calls',
    [user('a'), use('1'), result('1'), use('1'), result('1')],
    [user('a'), chatCall('1'), chatResult('1'), chatCall('1'), chatResult('1')],
    [user('a'), item('1'), output('1'), item('1'), output('1')],
    /unique/,
  ],
  ['arguments that are no object', [user('a'), use('1', 'x'), result('1')], null, null, /dictionary/],
  [
    'a thought beside words',
    null,
    [user('a'), { ...words('b'), reasoning_content: 'Hm.' }, user('c')],
    null,
    /beside tool calls alone/,
  ],
];
for (const [what, messages, chat, input, says] of UNFIT) {
  test(`strict: ${what} is refused, as the clients see it, and taken by a lax one`, async (t) => {
    for (const strict of [true, false]) {
      const { server, anthropic, openai } = await clients(t, () => say('Taken.'), { strict });
      const asked = [
        messages &&
          (() =>
            anthropic.messages.create({
              ...anthropicRequest(),
              messages: messages as Anthropic.MessageParam[],
            })),
        chat &&
          (() =>
            openai.chat.completions.create({
              model: 'm',
              messages: chat as OpenAI.ChatCompletionMessageParam[],
            })),
        input &&
          (() => openai.responses.create({ model: 'm', input: input as OpenAI.Responses.ResponseInput })),
      ];
      for (const ask of asked.filter((each) => each !== null)) {
        if (strict)
          await assert.rejects(
            ask(),
            (error: Error & { status?: number }) => error.status === 400 && says.test(error.message),
          );
        else await ask();
      }
      assert.ok(server.requests.length > 0);
    }
  });
}

test('strict: once it has thought, a call comes back with a thought; Gemini refuses what the others do', async (t) => {
  const { server, openai } = await clients(t, () => ({ ...callTool('add', {}), reasoning: 'Hm.' }));
  const ask = (call: object) =>
    openai.chat.completions.create({
      model: 'm',
      messages: [user('a'), call, chatResult('1')] as OpenAI.ChatCompletionMessageParam[],
    });
  await ask(chatCall('1'));
  await assert.rejects(ask(chatCall('1')), /reasoning_content is missing/);
  await ask(chatCall('1', { reasoning_content: 'Hm.' }));
  const gemini = async (...contents: object[]) => {
    const response = await fetch(`${server.url}/v1beta/models/m:generateContent`, {
      method: 'POST',
      headers: { 'x-goog-api-key': 'key' },
      body: JSON.stringify({ contents }),
    });
    return [response.status, await response.text()] as const;
  };
  const said = (role: string, text: string) => ({ role, parts: [{ text }] });
  assert.equal((await gemini(said('user', 'a')))[0], 200);
  for (const contents of [
    [said('user', 'a'), said('user', 'b')],
    [said('user', ' ')],
    [said('user', HALF)],
  ]) {
    const [status, body] = await gemini(...contents);
    assert.equal(status, 400);
    assert.match(body, /"status":"INVALID_ARGUMENT"/);
  }
});

test('a deviation is that and no other: its own client reads the rest, or says what is wrong', async (t) => {
  const eos = deviating(say('Yes.'), {
    change: (event) => ({
      ...event,
      choices: (event.choices as { finish_reason: unknown }[]).map((choice) =>
        choice.finish_reason === null ? choice : { ...choice, finish_reason: 'eos' },
      ),
    }),
  });
  const { openai } = await clients(t, () => eos);
  const chunks = [];
  for await (const chunk of await openai.chat.completions.create({ ...chatRequest(), stream: true }))
    chunks.push(...chunk.choices);
  assert.equal(chunks.map(({ delta }) => delta.content ?? '').join(''), 'Yes.');
  assert.equal(chunks.at(-1)?.finish_reason, 'eos');
  const late = await clients(t, () =>
    raw('{"error":{"message":"slow down","code":"rate_limit_exceeded"}}', 429, { 'retry-after': '7' }),
  );
  await assert.rejects(late.openai.chat.completions.create(chatRequest()), /429 slow down/);
});
