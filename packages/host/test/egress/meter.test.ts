/** What is read of an answer's usage, in the words that the providers document. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter, type Usage } from '../../src/egress/usage/meter.ts';

const SSE = 'text/event-stream; charset=utf-8';

function read(type: string, body: string, size = 7): Usage {
  const meter = createMeter(type);
  const bytes = Buffer.from(body);
  for (let at = 0; at < bytes.length; at += size) meter.push(bytes.subarray(at, at + size));
  return meter.end();
}

function events(...values: readonly object[]): string {
  return values.map((value) => `event: x\ndata: ${JSON.stringify(value)}\n\n`).join('');
}

test('an Anthropic stream: the start says what went in, the last delta what came out', () => {
  const body = events(
    {
      type: 'message_start',
      message: {
        model: 'claude-x',
        usage: {
          input_tokens: 10,
          cache_read_input_tokens: 100,
          cache_creation_input_tokens: 5,
          output_tokens: 1,
        },
      },
    },
    {
      type: 'content_block_delta',
      delta: { type: 'text_delta', text: 'the word "usage": {"output_tokens": 9}' },
    },
    { type: 'message_delta', usage: { output_tokens: 42 } },
  );
  assert.deepEqual(read(SSE, body), {
    model: 'claude-x',
    input: 115,
    output: 42,
    cached: 100,
    cacheWritten: 5,
  });
});

test('an Anthropic message', () => {
  const body = JSON.stringify({ model: 'claude-x', usage: { input_tokens: 3, output_tokens: 4 } });
  assert.deepEqual(read('application/json', body), {
    model: 'claude-x',
    input: 3,
    output: 4,
    cached: null,
    cacheWritten: null,
  });
});

test('an OpenAI chat stream with include_usage, and one without', () => {
  const text = { model: 'gpt-x', choices: [{ delta: { content: 'hi' } }], usage: null };
  const last = {
    model: 'gpt-x',
    choices: [],
    usage: { prompt_tokens: 20, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 12 } },
  };
  const wanted = { model: 'gpt-x', input: 20, output: 7, cached: 12, cacheWritten: null };
  assert.deepEqual(read(SSE, `${events(text, last)}data: [DONE]\n\n`), wanted);
  assert.equal(read(SSE, `${events(text)}data: [DONE]\n\n`).input, null);
});

test('an OpenAI Responses stream, and its JSON', () => {
  const usage = { input_tokens: 30, output_tokens: 8, input_tokens_details: { cached_tokens: 10 } };
  const wanted = { model: 'gpt-x', input: 30, output: 8, cached: 10, cacheWritten: null };
  const done = { type: 'response.completed', response: { model: 'gpt-x', usage } };
  assert.deepEqual(read(SSE, events({ type: 'response.created', response: { usage: null } }, done)), wanted);
  assert.deepEqual(read('application/json', JSON.stringify({ model: 'gpt-x', usage })), wanted);
});

test('Gemini: events, and a list of objects', () => {
  const usageMetadata = {
    promptTokenCount: 50,
    candidatesTokenCount: 5,
    thoughtsTokenCount: 6,
    cachedContentTokenCount: 40,
  };
  const one = { modelVersion: 'gemini-x', usageMetadata };
  const wanted = { model: 'gemini-x', input: 50, output: 11, cached: 40, cacheWritten: null };
  assert.deepEqual(read(SSE, events(one)), wanted);
  assert.deepEqual(read('application/json', JSON.stringify([{ candidates: [] }, one])), wanted);
});

test('attack: numbers that are none, and objects where numbers belong, are not known', () => {
  for (const input_tokens of [-1, 1.5, 1e300, '7', null, {}, []]) {
    const usage = { input_tokens, output_tokens: Number.MAX_SAFE_INTEGER + 2 };
    const found = read('application/json', JSON.stringify({ usage }), 1_000);
    assert.equal(found.input, null);
    assert.equal(found.output, null);
  }
  for (const body of ['', 'null', '[]', '"x"', '{', '[null]', '{"usage":[]}', '{"message":7}']) {
    assert.equal(read('application/json', body).input, null, body);
  }
});

test('attack: an endless line, and a body beyond the limit, cost no memory and are not known', () => {
  const meter = createMeter(SSE);
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  meter.push(Buffer.from('data: {"usage":'));
  for (let n = 0; n < 5; n += 1) meter.push(megabyte);
  meter.push(Buffer.from(`\n${events({ usage: { prompt_tokens: 1, completion_tokens: 2 } })}`));
  assert.equal(meter.end().input, 1);
  const json = createMeter('application/json');
  for (let n = 0; n < 20; n += 1) json.push(megabyte);
  assert.equal(json.end().input, null);
});
