/**
 * The fake models speak as the real ones do: the vendors' own clients understand them, answers and errors. Gemini's is
 * held against the client that our harness uses (packages/runner/test/light): Google's own would bring 41 packages.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { callTool, fail, type Reply, type Script, say } from './fake-models/script.ts';
import { startFakeModel } from './fake-models/server.ts';

const QUESTION = [{ role: 'user', content: 'hello' }] as const;
const TOOL = { description: 'adds', parameters: { type: 'object', properties: {} } };

async function clients(t: TestContext, script: Script) {
  const server = await startFakeModel(script, 'key');
  t.after(() => server.close());
  const options = { apiKey: 'key', maxRetries: 0 };
  return {
    server,
    anthropic: new Anthropic({ ...options, baseURL: server.url }),
    openai: new OpenAI({ ...options, baseURL: `${server.url}/v1` }),
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
