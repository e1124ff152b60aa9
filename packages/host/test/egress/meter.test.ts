/** What is read of an answer's usage, in the words that the providers document. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from '../../src/egress/usage/meter.ts';
import type { Usage } from '../../src/egress/usage/read-usage.ts';

function read(body: string | Buffer, size = 7): Usage {
  const meter = createMeter();
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
  assert.deepEqual(read(body), {
    model: 'claude-x',
    input: 115,
    output: 42,
    cached: 100,
    cacheWritten: 5,
  });
});

test('an Anthropic message', () => {
  const body = JSON.stringify({ model: 'claude-x', usage: { input_tokens: 3, output_tokens: 4 } });
  assert.deepEqual(read(body), {
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
  assert.deepEqual(read(`${events(text, last)}data: [DONE]\n\n`), wanted);
  assert.equal(read(`${events(text)}data: [DONE]\n\n`).input, null);
});

test('an OpenAI Responses stream, and its JSON', () => {
  const usage = { input_tokens: 30, output_tokens: 8, input_tokens_details: { cached_tokens: 10 } };
  const wanted = { model: 'gpt-x', input: 30, output: 8, cached: 10, cacheWritten: null };
  const done = { type: 'response.completed', response: { model: 'gpt-x', usage } };
  assert.deepEqual(read(events({ type: 'response.created', response: { usage: null } }, done)), wanted);
  assert.deepEqual(read(JSON.stringify({ model: 'gpt-x', usage })), wanted);
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
  assert.deepEqual(read(events(one)), wanted);
  assert.deepEqual(read(JSON.stringify([{ candidates: [] }, one])), wanted);
});

/** In, out, cached. */
function counts(value: object): (number | null)[] {
  const { input, output, cached } = read(JSON.stringify(value), 1_000);
  return [input, output, cached];
}

const thought = (reasoning_tokens: unknown) => ({ completion_tokens_details: { reasoning_tokens } });
const chat = (prompt_tokens: number, completion_tokens: number, more: object = {}) => ({
  usage: { prompt_tokens, completion_tokens, ...more },
});

test('C1: thinking that is counted beside the answer is paid for, by every dialect that does so', () => {
  // xAI: 32 in, 9 out, 94 thought, 135 in all.
  assert.deepEqual(counts(chat(32, 9, { total_tokens: 135, ...thought(94) })), [32, 103, null]);
  // Without a total: 94 cannot be a part of 9.
  assert.deepEqual(counts(chat(32, 9, thought(94))), [32, 103, null]);
  // With a total that shows it, though it could be a part of 100.
  assert.deepEqual(counts(chat(32, 100, { total_tokens: 226, ...thought(94) })), [32, 194, null]);
  // Gemini in OpenAI's dialect shows it in the total alone.
  assert.deepEqual(counts(chat(32, 9, { total_tokens: 135 })), [32, 103, null]);
  // Perplexity, and others: at the top of the usage, and not in the total.
  assert.deepEqual(counts(chat(33, 7, { total_tokens: 40, reasoning_tokens: 700 })), [33, 707, null]);
  assert.deepEqual(counts(chat(32, 0, { total_tokens: 126, ...thought(94) })), [32, 94, null]);
  const responses = {
    input_tokens: 32,
    output_tokens: 9,
    total_tokens: 135,
    output_tokens_details: { reasoning_tokens: 94 },
  };
  assert.deepEqual(
    counts({ usage: { ...responses, input_tokens_details: { cached_tokens: 4 } } }),
    [32, 103, 4],
  );
  const gemini = {
    promptTokenCount: 32,
    candidatesTokenCount: 9,
    thoughtsTokenCount: 94,
    totalTokenCount: 135,
  };
  assert.deepEqual(counts({ usageMetadata: gemini }), [32, 103, null]);
  const { candidatesTokenCount: _, ...silent } = gemini;
  assert.deepEqual(counts({ usageMetadata: { ...silent, totalTokenCount: 126 } }), [32, 94, null]);
});

test('C1: thinking that is part of the answer is paid for once', () => {
  assert.deepEqual(counts(chat(32, 103, { total_tokens: 135, ...thought(94) })), [32, 103, null]);
  assert.deepEqual(counts(chat(32, 103, thought(94))), [32, 103, null]);
  assert.deepEqual(counts(chat(32, 94, { total_tokens: 126, ...thought(94) })), [32, 94, null]);
  assert.deepEqual(counts(chat(32, 9, { total_tokens: 41, ...thought(0) })), [32, 9, null]);
  const usage = {
    input_tokens: 32,
    output_tokens: 103,
    total_tokens: 135,
    output_tokens_details: { reasoning_tokens: 94 },
  };
  assert.deepEqual(counts({ usage }), [32, 103, null]);
});

test('C1: what was read from a cache is known under each of its names, and never more than went in', () => {
  assert.deepEqual(
    counts(chat(32, 9, { prompt_cache_hit_tokens: 30, prompt_cache_miss_tokens: 2 })),
    [32, 9, 30],
  );
  assert.deepEqual(counts(chat(32, 9, { cached_tokens: 30 })), [32, 9, 30]);
  assert.deepEqual(
    counts(chat(32, 9, { prompt_tokens_details: { cached_tokens: 0 }, cached_tokens: 7 })),
    [32, 9, 0],
  );
  // Counted as Anthropic does, in OpenAI's dialect.
  const beside = { cache_read_input_tokens: 1_000, cache_creation_input_tokens: 50, total_tokens: 1_091 };
  assert.deepEqual(counts(chat(32, 9, beside)), [1_082, 9, 1_000]);
  assert.deepEqual(
    counts({ usageMetadata: { promptTokenCount: 5, totalTokenCount: 5, cachedContentTokenCount: 9 } }),
    [5, 0, 5],
  );
});

test('C1: what tools of Gemini brought in went in', () => {
  const usageMetadata = {
    promptTokenCount: 32,
    toolUsePromptTokenCount: 1_000,
    candidatesTokenCount: 9,
    totalTokenCount: 1_041,
  };
  assert.deepEqual(counts({ usageMetadata }), [1_032, 9, null]);
});

test('C1: usage is found where Groq, Moonshot and wrappers of Gemini have it, and of two the greater counts', () => {
  const { usage } = chat(32, 9);
  assert.deepEqual(counts({ x_groq: { id: 'x', usage } }), [32, 9, null]);
  assert.deepEqual(counts({ choices: [{ delta: {}, usage }], usage: null }), [32, 9, null]);
  assert.deepEqual(
    counts({ response: { usageMetadata: { promptTokenCount: 32, candidatesTokenCount: 9 } } }),
    [32, 9, null],
  );
  const both = { prompt_tokens: 0, completion_tokens: 0, input_tokens: 32, output_tokens: 9 };
  assert.deepEqual(counts({ usage: both }), [32, 9, null]);
});

test('C1: of a stream the greatest numbers count, whichever event has them', () => {
  const start = {
    type: 'message_start',
    message: { model: 'm', usage: { input_tokens: 0, output_tokens: 0 } },
  };
  const delta = {
    type: 'message_delta',
    usage: { input_tokens: 32, output_tokens: 9, cache_read_input_tokens: 4 },
  };
  const stop = { type: 'message_stop', usage: { output_tokens: 0 } };
  assert.deepEqual(read(events(start, delta, stop)), {
    ...{ model: 'm', input: 36, output: 9, cached: 4, cacheWritten: null },
  });
  const grows = [1, 4, 9].map((out) => chat(32, out, { total_tokens: 32 + out }));
  assert.equal(read(events(...grows)).output, 9);
});

/** Every way in which the same event is sent. */
const LAID_OUT: Readonly<Record<string, (json: string) => string>> = {
  'as it is documented': (json) => `data: ${json}\n\ndata: [DONE]\n\n`,
  'without the blank': (json) => `data:${json}\n\n`,
  'with carriage returns': (json) => `event: x\r\ndata: ${json}\r\n\r\n`,
  'with carriage returns alone': (json) => `: hi\rdata: ${json}\r\r`,
  'behind a byte order mark and blank lines': (json) => `\ufeff\n\r\n  \n\ndata: ${json}\n\n`,
  'behind a comment with a quote in it': (json) => `: it's "processing\n\nid: 7\ndata: ${json}\n\n`,
  'without what ends an event': (json) => `data: {}\ndata: ${json}\ndata: [DONE]\n`,
  'without what ends a line': (json) => `data: ${json}`,
  'in many lines of one event': (json) =>
    `${JSON.stringify(JSON.parse(json), null, 1).replaceAll(/^/gm, 'data: ').replaceAll('\n', '\r\n')}\r\n\r\n`,
  'as JSON': (json) => json,
  'as JSON behind a byte order mark': (json) => `\ufeff\r\n ${json}\n`,
  'as JSON laid out': (json) => JSON.stringify(JSON.parse(json), null, 2),
  'as a list': (json) => `[{}\n,${json}]`,
  'as JSON on each line': (json) => `{"done":false}\n${json}\n{"done":true}\n`,
};

for (const [how, lay] of Object.entries(LAID_OUT)) {
  test(`C2: an answer is metered by its bytes: ${how}`, () => {
    const json = JSON.stringify({ model: 'm-é', ...chat(32, 9, { total_tokens: 135 }) });
    for (const size of [1, 2, 3, 5, 17, 100_000])
      assert.deepEqual(read(lay(json), size), {
        ...{ model: 'm-é', input: 32, output: 103, cached: null, cacheWritten: null },
      });
  });
}

/** What no count can be. */
const NO_COUNTS = [-1, -94, 1.5, 1e300, 10_000_001, Number.MAX_SAFE_INTEGER + 2, '7', '', true, {}, [], [9]];
/** Beyond what a number holds: only text can say it. */
const raw = (value: string) => `{"usage":{"prompt_tokens":32,"completion_tokens":${value}}}`;

test('C3, attack: a number in the usage that is no count makes all of it unknown, whichever number it is', () => {
  const known = { prompt_tokens: 32, completion_tokens: 9, total_tokens: 41, ...thought(4) };
  assert.deepEqual(counts({ usage: known }), [32, 9, null]);
  for (const bad of NO_COUNTS) {
    for (const lie of [
      { prompt_tokens: bad },
      { completion_tokens: bad },
      { total_tokens: bad },
      thought(bad),
    ]) {
      const [input, output] = counts({ usage: { ...known, ...lie } });
      assert.ok(input === null || output === null, JSON.stringify(lie));
    }
    for (const name of [
      'input_tokens',
      'output_tokens',
      'cache_read_input_tokens',
      'cache_creation_input_tokens',
    ]) {
      const [input, output] = counts({ usage: { input_tokens: 3, output_tokens: 4, [name]: bad } });
      assert.ok(input === null || output === null, `${name} ${JSON.stringify(bad)}`);
    }
    const said = {
      promptTokenCount: 3,
      candidatesTokenCount: 4,
      totalTokenCount: 7,
      thoughtsTokenCount: bad,
    };
    assert.equal(counts({ usageMetadata: said })[1], null);
    // A discount that cannot be read is none.
    assert.deepEqual(counts(chat(32, 9, { prompt_tokens_details: { cached_tokens: bad } })), [32, 9, null]);
  }
  for (const value of ['1e999', '-1e999', '-0.5', '99999999999999999999'])
    assert.equal(read(raw(value)).output, null, value);
  for (const value of ['NaN', 'Infinity', '0x10', '09']) assert.equal(read(raw(value)).input, null, value);
});

test('C3, attack: a good number before or behind a bad one does not hide it', () => {
  const [good, bad] = [chat(32, 9), chat(32, -9)];
  for (const all of [
    [good, bad],
    [bad, good],
  ])
    assert.equal(read(events(...all)).output, null);
});

test('C3: parts that are each a count, and are together more than any call has, are not known', () => {
  const usage = { input_tokens: 9_000_000, cache_read_input_tokens: 9_000_000, output_tokens: 1 };
  assert.equal(counts({ usage })[0], null);
});

test('C3, attack: objects where numbers belong, and what is no JSON, are not known', () => {
  const bodies = [
    '',
    'null',
    '[]',
    '"x"',
    '{',
    '[null]',
    '{"usage":[]}',
    '{"message":7}',
    '{"usage":7}',
    '{"usage":{}}',
  ];
  for (const body of [
    ...bodies,
    '{"choices":[null],"x_groq":1,"usage":{"total_tokens":9}}',
    'data: {"usage":{',
    ':',
    '\n',
  ])
    for (const size of [1, 1_000]) assert.equal(read(body, size).input, null, body);
});

test('attack: an endless line, and a body beyond the limit, cost no memory and are not known', () => {
  const meter = createMeter();
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  meter.push(Buffer.from('data: {"usage":'));
  for (let n = 0; n < 5; n += 1) meter.push(megabyte);
  meter.push(Buffer.from(`\n${events({ usage: { prompt_tokens: 1, completion_tokens: 2 } })}`));
  assert.equal(meter.end().input, 1);
  const json = createMeter();
  for (let n = 0; n < 20; n += 1) json.push(megabyte);
  assert.equal(json.end().input, null);
});

test('attack: one byte at a time, a line without end costs what its bytes cost', () => {
  const ms = (bytes: number, size: number) => {
    const meter = createMeter();
    const chunk = Buffer.alloc(size, 'x');
    meter.push(Buffer.from('data: '));
    const startedMs = performance.now();
    for (let n = 0; n < bytes; n += size) meter.push(chunk);
    meter.end();
    return performance.now() - startedMs;
  };
  // Eight times as much: 64 times as long where each byte looks at all before it. Whoever is held up is asked again.
  const least = (bytes: number) => Math.min(...[1, 2, 3].map(() => ms(bytes, 1)));
  const [few, many] = [least(100_000), least(800_000)];
  assert.ok(many < few * 30, `${few} ms, ${many} ms`);
});

test('attack: an answer nested or split into more parts than any is not parsed', () => {
  const usage = '"usage":{"prompt_tokens":1,"completion_tokens":2}';
  const deep = `{"a":${'['.repeat(500_000)}${']'.repeat(500_000)},${usage}}`;
  const wide = `{"a":[${'0,'.repeat(400_000)}0],${usage}}`;
  for (const body of [deep, wide]) {
    assert.equal(read(body, 65_536).input, null);
    assert.equal(read(`data: ${body}\n\n`, 65_536).input, null);
  }
  assert.equal(read(`{"a":[${'0,'.repeat(50_000)}0],${usage}}`, 65_536).input, 1);
});
