/** What a failed call of the model means, and what is done about it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anthropic } from '../../../../tests/fake-models/anthropic.ts';
import { NOT_TOO_LONG, TOO_LONG } from '../../../../tests/fake-models/context-words.ts';
import { google } from '../../../../tests/fake-models/google.ts';
import { openaiFailures } from '../../../../tests/fake-models/openai-failures.ts';
import { errorIn } from '../../src/harnesses/light/dialects/errors-in.ts';
import { classify, decide, type Problem } from '../../src/harnesses/light/errors.ts';

const NOW = Date.UTC(2026, 0, 1);
const http = (statusCode: number, body: unknown, responseHeaders = {}) =>
  Object.assign(new Error('Bad'), {
    statusCode,
    responseHeaders,
    responseBody: typeof body === 'string' ? body : JSON.stringify(body),
  });

const SAME: readonly string[] = [
  'rate_limit',
  'overload',
  'server',
  'bad_key',
  'no_credit',
  'unknown_model',
  'context',
];
for (const [provider, failures] of Object.entries({
  anthropic: anthropic.failures,
  openai: openaiFailures,
  google: google.failures,
})) {
  test(`${provider}: each of its failures is known, before a stream and, by its words alone, in the middle of one`, () => {
    for (const [name, { status, body }] of Object.entries(failures)) {
      assert.ok(SAME.includes(name));
      assert.equal(classify(http(status, body), NOW).class, name);
      if (name !== 'server') assert.equal(classify((body as { error: object }).error, NOW).class, name);
    }
  });
}

/** [what it is, error, class] */
const TABLE: readonly (readonly [string, unknown, Problem['class']])[] = [
  [
    'google, overloaded',
    http(503, { error: { code: 503, status: 'UNAVAILABLE', message: 'try later' } }),
    'overload',
  ],
  [
    'google, out of quota',
    http(429, { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'slow' } }),
    'rate_limit',
  ],
  [
    'google, a wrong key',
    http(400, { error: { status: 'INVALID_ARGUMENT', message: 'API key not valid.' } }),
    'bad_key',
  ],
  [
    'openrouter, no credit',
    http(402, { error: { code: 402, message: 'Insufficient credits' } }),
    'no_credit',
  ],
  ['a proxy that speaks HTML', http(502, '<html>Bad gateway</html>'), 'server'],
  [
    'no connection',
    Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }),
    'network',
  ],
  ['a connection that broke in an answer', http(200, ''), 'network'],
  ['something that nobody knows', http(422, { error: { message: 'what?' } }), 'bad_request'],
  ['no key outside', http(503, { error: { code: 'no_key' } }, { 'x-bellhop-error': 'no_key' }), 'bad_key'],
  ['a provider that is away, said outside', http(502, '', { 'x-bellhop-error': 'unreachable' }), 'network'],
  ['a budget that is used up', http(429, '', { 'x-bellhop-error': 'budget_asked' }), 'budget'],
  ['a budget that stays so', http(402, '', { 'x-bellhop-error': 'budget_over' }), 'budget_over'],
  ['an endpoint that is not open', http(403, '', { 'x-bellhop-error': 'not_allowed' }), 'not_allowed'],
  ['a request that is too big for the way out', http(413, '', { 'x-bellhop-error': 'refused' }), 'context'],
  ['too many at once on the way out', http(429, '', { 'x-bellhop-error': 'refused' }), 'rate_limit'],
  ['an address that leads elsewhere', http(502, '', { 'x-bellhop-error': 'refused' }), 'not_allowed'],
  ['a text', 'Overloaded', 'overload'],
  ['nothing', undefined, 'network'],
];
for (const [what, error, expected] of TABLE) {
  test(`${what}: ${expected}`, () => assert.equal(classify(error, NOW).class, expected));
}

for (const { who, status, body } of TOO_LONG) {
  test(`T4: ${who} says that it is too long: shortened, not waited for`, () => {
    // What comes under a status of success is thrown by its words (dialects/errors-in.ts).
    const error = status === 200 ? errorIn(body as never) : http(status, body, { 'retry-after': '60' });
    const problem = classify(error, NOW);
    assert.equal(problem.class, 'context');
    for (const steps of [0, 3]) {
      const at = (compactions: number) => decide(problem, { steps, tries: 0, compactions }).kind;
      assert.deepEqual([at(0), at(1), at(2)], ['compact', 'compact', 'fail']);
    }
  });
}

for (const { who, status, body, class: expected } of NOT_TOO_LONG) {
  test(`T4: ${who} says something that sounds alike: ${expected}`, () => {
    assert.equal(classify(http(status, body), NOW).class, expected);
  });
}

/** Words of those who take no pictures. */
const BLIND: readonly (readonly [number, unknown])[] = [
  [400, { error: { message: 'Invalid content type. image_url is only supported by certain models.' } }],
  [
    400,
    {
      error: { message: 'Failed to deserialize: messages[1]: unknown variant `image_url`, expected `text`' },
    },
  ],
  [404, { error: { message: 'No endpoints found that support image input', code: 404 } }],
  [500, { error: { message: 'this model is missing data required for image input' } }],
  [500, { error: { message: 'image input is not supported - hint: you may need to provide the mmproj' } }],
  [400, { error: { message: 'qwen is not a multimodal model' } }],
  [400, { message: "This model doesn't support the image content block that you provided." }],
  [400, { error: 'Image inputs are not supported by this model.' }],
];
for (const [status, body] of BLIND) {
  test(`T6: ${JSON.stringify(body)} is about pictures: asked again without, if there are any`, () => {
    const problem = classify(http(status, body), NOW);
    const facts = { steps: 0, tries: 0, compactions: 0 };
    assert.equal(problem.class, 'no_pictures');
    assert.deepEqual(decide(problem, { ...facts, pictures: true }), { kind: 'adapt', to: 'no_pictures' });
    assert.equal(decide(problem, { ...facts, pictures: false }).kind, 'fail');
    assert.equal(decide(problem, { ...facts, pictures: true, ways: ['no_pictures'] }).kind, 'fail');
  });
}

test('what cannot be read is asked for once more, whatever the turn has done, and then it ends with what came', () => {
  const problem: Problem = { class: 'unreadable', retryAfterMs: 0, said: 'a page' };
  for (const steps of [0, 5]) {
    assert.equal(decide(problem, { steps, tries: 0, compactions: 0 }).kind, 'wait');
    const then = decide(problem, { steps, tries: 1, compactions: 0 });
    assert.ok(then.kind === 'fail' && then.words.includes('a page'));
  }
});

test('how long to wait is read in seconds, milliseconds or as a date, and nothing else is believed', () => {
  const after = (headers: object) => classify(http(429, '', headers), NOW).retryAfterMs;
  assert.equal(after({ 'retry-after': '7' }), 7_000);
  assert.equal(after({ 'retry-after': '0.5' }), 500);
  assert.equal(after({ 'retry-after-ms': '250', 'retry-after': '7' }), 250);
  assert.equal(after({ 'retry-after': new Date(NOW + 60_000).toUTCString() }), 60_000);
  for (const value of ['-1', 'soon', '', '1e9', new Date(NOW - 1).toUTCString()])
    assert.equal(after({ 'retry-after': value }), 0);
});

test('T1: no number of a provider makes a wait of more than a day, or one that is none', () => {
  const after = (headers: object) => classify(http(429, '', headers), NOW).retryAfterMs;
  const DAY = 86_400_000;
  for (const value of ['9007199254741', '9'.repeat(400), 'Sat, 31 Dec 9999 23:59:59 GMT', '86401'])
    assert.equal(after({ 'retry-after': value }), DAY, value);
  for (const value of ['9007199254741000', '9'.repeat(400)])
    assert.equal(after({ 'retry-after-ms': value }), DAY);
  for (const value of ['Infinity', '-Infinity', 'NaN', '1e999', '0x7fffffffffffffff', '', ' ', 'soon']) {
    assert.equal(after({ 'retry-after-ms': value }), 0, value);
    assert.equal(after({ 'retry-after-ms': value, 'retry-after': '7' }), 7_000, value);
  }
  assert.equal(after({ 'retry-after-ms': '250.5' }), 251);
});

test('the first call of a turn is given back at once; a later one is waited for, longer each time, not for ever', () => {
  const problem: Problem = { class: 'overload', retryAfterMs: 0, said: '' };
  const at = (steps: number, tries: number, retryAfterMs = 0) =>
    decide({ ...problem, retryAfterMs }, { steps, tries, compactions: 0 });
  assert.deepEqual(at(0, 0, 5_000), { kind: 'later', retryAfterMs: 5_000, words: 'the model is overloaded' });
  assert.deepEqual(
    [0, 1, 2, 3].map((tries) => at(1, tries)),
    [1_000, 4_000, 15_000, 40_000].map((ms) => ({ kind: 'wait', ms })),
  );
  assert.equal(at(1, 4).kind, 'later');
  assert.deepEqual(at(1, 0, 30_000), { kind: 'wait', ms: 30_000 });
  assert.equal(at(1, 0, 600_000).kind, 'later');
});

test('a budget is waited for outside the sandbox, whatever the turn has done; what of one is over is said', () => {
  const at = (name: Problem['class']) =>
    decide({ class: name, retryAfterMs: 0, said: 'x' }, { steps: 5, tries: 0, compactions: 0 });
  assert.equal(at('budget').kind, 'later');
  assert.deepEqual(at('budget_over'), { kind: 'fail', words: 'the budget is used up (it says: x)' });
});

test("what is the owner's to mend is said at once, with what to type, and without the provider's words", () => {
  for (const name of ['bad_key', 'no_credit', 'unknown_model'] as const) {
    const decision = decide(
      { class: name, retryAfterMs: 0, said: 'sk-SECRET' },
      { steps: 5, tries: 0, compactions: 0 },
    );
    assert.ok(
      decision.kind === 'fail' &&
        decision.words.includes('./bellhop model') &&
        !decision.words.includes('SECRET'),
    );
  }
});

test('"too long" shortens the conversation twice, then is said', () => {
  const at = (compactions: number) =>
    decide({ class: 'context', retryAfterMs: 0, said: '' }, { steps: 0, tries: 0, compactions }).kind;
  assert.deepEqual([at(0), at(1), at(2)], ['compact', 'compact', 'fail']);
});

test('attack: what an error says, however long it is and whatever it repeats, is read at once', () => {
  for (const piece of [
    'limit 1',
    'inputs tokens + ',
    'reasoning_content ',
    'not support ',
    'image_url',
    '1',
    '<',
    'invalid ',
  ])
    for (const body of [
      { error: piece.repeat(200_000) },
      { error: { code: piece.repeat(200_000), message: piece.repeat(200_000) } },
    ]) {
      const { said } = classify(http(400, body), NOW);
      assert.ok(said.length <= 200);
    }
});
