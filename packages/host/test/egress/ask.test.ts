/** What a body asks for at most, and that chat streams are asked for what they use, whatever the sandbox says. */
import assert from 'node:assert/strict';
import { type ClientRequest, request } from 'node:http';
import { test } from 'node:test';
import type { BodyFormat } from '../../src/egress/providers.ts';
import { readAsk } from '../../src/egress/usage/ask.ts';
import { until } from '../until.ts';
import { openUpstream, post, startEgress } from './world.ts';

const PATH = '/model/chat/completions';

function asked(text: string): unknown {
  const ask = readAsk('chat', Buffer.from(text));
  return ask && JSON.parse(ask.body.toString());
}

test('a stream is asked for its usage; every other field stays, and so does a body that is no stream', () => {
  const rest = { model: 'm', messages: [{ role: 'user', content: 'ü' }], n: 0.1 };
  const usage = { include_usage: true };
  assert.deepEqual(asked(JSON.stringify({ ...rest, stream: true })), {
    ...rest,
    stream: true,
    stream_options: usage,
  });
  assert.deepEqual(asked(JSON.stringify({ ...rest, stream: false })), { ...rest, stream: false });
  assert.deepEqual(asked(JSON.stringify(rest)), rest);
});

test('attack: a sandbox that asks not to be metered is metered', () => {
  const metered = { stream: true, stream_options: { include_usage: true } };
  for (const options of ['{"include_usage": false}', 'null', '"no"', '{"include_usage": 0}'])
    assert.deepEqual(asked(`{"stream": true, "stream_options": ${options}}`), metered);
  assert.deepEqual(asked('{"stream": true, "stream_options": {"include_obfuscation": false}}'), {
    stream: true,
    stream_options: { include_obfuscation: false, include_usage: true },
  });
});

test('attack: a name that stands twice goes out as it was read, once', () => {
  const ask = readAsk('chat', Buffer.from('{"stream": true, "stream": false, "a": 1, "a": 2}'));
  assert.equal(ask?.body.toString(), '{"stream":false,"a":2}');
});

test('what is no JSON object in UTF-8 does not go out', () => {
  for (const text of ['', '[]', '"x"', 'null', '{', '{}{}']) assert.equal(asked(text), null, text);
  assert.equal(readAsk('chat', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), null);
});

test('the limit of an answer is found where each format has it, times the answers', () => {
  const cases: readonly (readonly [BodyFormat, object, number])[] = [
    ['messages', { max_tokens: 50 }, 50],
    ['chat', { max_tokens: 5, max_completion_tokens: 7, n: 3 }, 21],
    ['chat', { max_tokens: 5 }, 5],
    ['chat', { max_completion_tokens: 1, max_tokens: 90 }, 90],
    ['responses', { max_output_tokens: 9 }, 9],
    ['gemini', { generationConfig: { maxOutputTokens: 4, candidateCount: 2 } }, 8],
    ['gemini', { generation_config: { max_output_tokens: 4 } }, 4],
    ['gemini', { generationConfig: { maxOutputTokens: 1 }, generation_config: { max_output_tokens: 6 } }, 6],
  ];
  for (const [format, body, tokens] of cases)
    assert.equal(readAsk(format, Buffer.from(JSON.stringify(body)))?.outputTokens, tokens, format);
});

test('attack: no limit, or one that is negative, broken or text, counts as the most', () => {
  for (const limit of ['-5', '1.5', '"9"', 'null', '1e400'])
    assert.equal(readAsk('messages', Buffer.from(`{"max_tokens": ${limit}}`))?.outputTokens, 128_000, limit);
  assert.equal(readAsk('chat', Buffer.from('{"max_tokens": 8, "n": -1}'))?.outputTokens, 8);
});

test('attack: a limit beyond all reason is charged as the most that any model says, not as a number that breaks sums', () => {
  const most = Number.MAX_SAFE_INTEGER;
  const asked = Buffer.from(JSON.stringify({ max_tokens: most, n: most }));
  assert.equal(readAsk('chat', asked)?.outputTokens, 10_000_000);
});

test('attack: what is kept elsewhere, or is no text, is not bounded by its bytes', () => {
  const beyond = (body: object) => readAsk('responses', Buffer.from(JSON.stringify(body)))?.beyondText;
  const tool = { type: 'function', parameters: { type: 'object', properties: { url: { type: 'string' } } } };
  assert.equal(beyond({ input: [{ type: 'text', text: 'image' }], tools: [tool] }), false);
  for (const body of [
    { previous_response_id: 'r' },
    { input: [{ type: 'input_image', image_url: 'https://x' }] },
    { input: [{ content: [{ source: { file_id: 'f' } }] }] },
    { tools: [{ type: 'web_search_20250305' }] },
    { contents: [{ parts: [{ inlineData: {} }] }] },
  ])
    assert.equal(beyond(body), true, JSON.stringify(body));
});

test('attack: a body that is nested deeper than any conversation is refused unread', () => {
  // Told as yes or no: what is deep must not reach an assertion, which would print it.
  const passes = (deep: number) =>
    readAsk('messages', Buffer.from(`{"s": "\\"[[", "a": ${'['.repeat(deep)}${']'.repeat(deep)}}`)) !== null;
  assert.deepEqual([passes(100), passes(100_000), passes(3_000_000)], [true, false, false]);
});

test('attack: a body of very many parts, each of which costs memory, is refused unread; a long text is not', () => {
  const passes = (parts: number) =>
    readAsk('messages', Buffer.from(`{"s": "${',{'.repeat(300_000)}", "a": [${'{},'.repeat(parts)}0]}`)) !==
    null;
  assert.deepEqual([passes(30_000), passes(200_000)], [true, false]);
  const nested = `{"a": [${Array(2_000).fill(`${'['.repeat(150)}${']'.repeat(150)}`)}]}`;
  assert.equal(readAsk('messages', Buffer.from(nested)) === null, true, 'parts that no comma parts');
});

test('through the egress process: the length fits, and what was used is on record though nobody asked', async (t) => {
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  const socket = await world.door('s', { provider: 'compatible', model: 'm', baseUrl: upstream.url });
  upstream.handle = (incoming, response) => {
    let body = '';
    incoming.on('data', (chunk: string) => {
      body += chunk;
    });
    incoming.on('end', () => {
      response.setHeader('content-type', 'text/event-stream');
      // As OpenAI's: its last event tells the usage to whoever asked.
      const { stream_options } = JSON.parse(body) as { stream_options?: { include_usage?: boolean } };
      if (stream_options?.include_usage)
        response.write('data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\n');
      response.end('data: [DONE]\n\n');
    });
  };
  const answer = await post(socket, PATH, '{"model": "m", "stream": true}');
  assert.match(answer.body, /DONE/);
  await until('it is on record', () => world.calls.length === 1);
  assert.deepEqual([world.calls[0]?.inputTokens, world.calls[0]?.outputTokens], [7, 2]);
  const [seen] = upstream.seen;
  assert.equal(seen?.headers['content-length'], `${seen?.body.length}`);
  const refused = await post(socket, PATH, 'no json');
  assert.deepEqual([refused.status, refused.headers['x-bellhop-error']], [400, 'refused']);
  assert.equal(upstream.seen.filter(({ end }) => end === 'complete').length, 1);
});

test('attack: many big bodies that never end are refused before they fill the memory; others go on', async (t) => {
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  const socket = await world.door('s', { provider: 'compatible', model: 'm', baseUrl: upstream.url });
  const big = `{"pad": "${'x'.repeat(25_000_000)}`;
  const held = Array.from({ length: 3 }, () => hold(socket, big));
  t.after(() => held.forEach((one) => void one.destroy()));
  const statuses: unknown[] = [];
  for (const one of held) one.on('response', ({ statusCode }) => statuses.push(statusCode));
  await until('one of them is refused', () => statuses.length > 0);
  assert.ok(statuses.every((status) => status === 429));
  for (const one of held) one.destroy();
  await until('room is there again', async () => (await post(socket, PATH, '{}')).status === 200);
});

test('attack: a session that holds all the room it may have leaves the others theirs', async (t) => {
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  const endpoint = { provider: 'compatible', model: 'm', baseUrl: upstream.url } as const;
  const [greedy, other] = [await world.door('greedy', endpoint), await world.door('other', endpoint)];
  const refused: unknown[] = [];
  const held = Array.from({ length: 4 }, () => hold(greedy, `{"pad": "${'x'.repeat(15_000_000)}`));
  t.after(() => held.forEach((one) => void one.destroy()));
  for (const one of held) one.on('response', ({ statusCode }) => refused.push(statusCode));
  await until('two of them are refused', () => refused.length === 2);
  const big = JSON.stringify({ pad: 'x'.repeat(30_000_000) });
  assert.equal((await post(other, PATH, big)).status, 200);
});

/** A request whose body has begun. */
function hold(socketPath: string, begun: string): ClientRequest {
  const out = request({ socketPath, path: PATH, method: 'POST', agent: false });
  out.on('error', () => undefined);
  out.write(begun);
  return out;
}
