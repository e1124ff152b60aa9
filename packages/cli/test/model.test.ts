/** `model` and `usage`: what they say and send, against a host that is nothing but the contract. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { ModelView, SetModel, UsageView } from '@bellhop/host/api';
import { type FakeHost, fakeHost, refuse } from './fake-host.ts';
import { run, testWorld } from './test-world.ts';

const KEY = 'sk-secret-0123456789';
const VIEW: ModelView = {
  agent: 'bell',
  by: 'owner',
  provider: 'anthropic',
  model: 'claude-x',
  baseUrl: null,
  key: 'vault',
  harness: 'light',
  demo: false,
  providers: [
    {
      id: 'anthropic',
      label: 'Anthropic',
      variable: 'ANTHROPIC_API_KEY',
      key: 'missing',
      defaultModel: 'claude-x',
    },
  ],
};

/** Answers by method and path; returns what was set. */
function scripted(host: FakeHost, answers: Readonly<Record<string, unknown>>): SetModel[] {
  const set: SetModel[] = [];
  host.intercept = (request: IncomingMessage, response) => {
    const key = `${request.method} ${request.url}`;
    if (!(key in answers)) return false;
    void text(request).then((body) => {
      if (request.method === 'PUT') set.push(JSON.parse(body) as SetModel);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers[key]));
    });
    return true;
  };
  return set;
}

test('model shows what is used, and why', async () => {
  await using host = await fakeHost();
  scripted(host, { 'GET /v1/model': VIEW });
  const { code, out } = await run(['model'], testWorld({ data: host.data }));
  assert.equal(code, 0);
  assert.match(
    out,
    /model +anthropic claude-x\nbecause +you chose it\nkey +stored, encrypted\nharness +light/,
  );
});

test('model set reads a key from stdin and never shows it', async () => {
  await using host = await fakeHost();
  const set = scripted(host, { 'GET /v1/model': VIEW, 'PUT /v1/model': VIEW });
  const world = testWorld({ data: host.data });
  const { code, out, err } = await run(
    ['model', 'set', 'anthropic', 'claude-x', '--key-stdin'],
    world,
    `${KEY}\n`,
  );
  assert.equal(code, 0);
  assert.deepEqual(set, [{ provider: 'anthropic', model: 'claude-x', key: KEY }]);
  assert.doesNotMatch(out + err, new RegExp(KEY));
});

test('model set asks at a terminal for a key that is missing, without an echo', async () => {
  await using host = await fakeHost();
  const set = scripted(host, { 'GET /v1/model': VIEW, 'PUT /v1/model': VIEW });
  const world = testWorld({ data: host.data, tty: true });
  const { code, out, err } = await run(
    ['model', 'set', 'anthropic'],
    world,
    `wrong\u007f\u007f\u007f\u007f\u007f${KEY}\r`,
  );
  assert.equal(code, 0);
  assert.match(err, /^Key for Anthropic \(it is not shown\): \n$/);
  assert.deepEqual(set, [{ provider: 'anthropic', key: KEY }]);
  assert.doesNotMatch(out + err, new RegExp(KEY));
});

test('Ctrl-C at the question, or nothing at all, changes nothing', async () => {
  await using host = await fakeHost();
  const set = scripted(host, { 'GET /v1/model': VIEW, 'PUT /v1/model': VIEW });
  for (const typed of ['abc\u0003', '\r', '']) {
    const { code, err } = await run(
      ['model', 'set', 'anthropic'],
      testWorld({ data: host.data, tty: true }),
      typed,
    );
    assert.equal(code, 2, JSON.stringify(typed));
    assert.match(err, /nothing was changed/);
  }
  assert.deepEqual(set, []);
});

test('attack: a key as an argument is no option, so that it never stands in a list of processes', async () => {
  await using host = await fakeHost();
  const { code } = await run(['model', 'set', 'anthropic', 'm', KEY], testWorld({ data: host.data }));
  assert.equal(code, 2);
});

test('model test and list say what the host says; its refusals are its own words', async () => {
  await using host = await fakeHost();
  scripted(host, {
    'POST /v1/model/test': {
      provider: 'anthropic',
      model: 'm',
      ms: 7,
      text: 'ready',
      inputTokens: 9,
      outputTokens: 1,
    },
    'GET /v1/models?provider=openai': { provider: 'openai', models: ['a', 'b\u001b[31m'] },
  });
  const tested = await run(['model', 'test'], testWorld({ data: host.data }));
  assert.equal(tested.out, 'anthropic m answered in 7 ms, 9 tokens in, 1 out: ready\n');
  const listed = await run(['model', 'list', 'openai'], testWorld({ data: host.data }));
  assert.equal(listed.out, 'a\nb␛[31m\n');
  host.intercept = (_, response) => {
    refuse(response, 502, 'Anthropic, m: the key was refused (401)', 'Enter another: ./bellhop model set');
    return true;
  };
  const failed = await run(['model', 'test'], testWorld({ data: host.data }));
  assert.equal(failed.code, 1);
  assert.match(failed.err, /the key was refused \(401\)\n {2}Enter another/);
});

test('usage adds nothing up itself, and says what has no price', async () => {
  await using host = await fakeHost();
  const row = {
    calls: 3,
    inputTokens: 12_000,
    outputTokens: 800,
    cachedTokens: 10,
    costMicros: 42_000,
    chargedMicros: 1_042_000,
    unpriced: 1,
  };
  const prices = '/data/egress/prices.json';
  const view: UsageView = {
    by: 'model',
    estimate: false,
    prices,
    rows: [{ key: 'claude-x', label: 'claude-x', ...row }],
  };
  const byTask: UsageView = {
    by: 'task',
    estimate: true,
    prices,
    rows: [{ key: 's1 task:1', label: 'look at the mail', ...row }],
  };
  scripted(host, {
    'GET /v1/usage?by=model': view,
    'GET /v1/usage?by=task': byTask,
    'GET /v1/usage?by=agent': { ...view, by: 'agent', rows: [] },
  });
  const shown = await run(['usage', '--by', 'model'], testWorld({ data: host.data }));
  assert.match(
    shown.out,
    /^model +calls +in +cached +out +cost +counted\nclaude-x +3 +12000 +10 +800 +\$0\.042 +\$1\.04\nCalls without a known price, not in the cost: 1\./,
  );
  const none = await run(['usage'], testWorld({ data: host.data }));
  assert.match(
    none.out,
    /^No model has been called yet\.\nPrices are yours to edit.*: \/data\/egress\/prices\.json\n$/,
  );
  const tasks = await run(['usage', '--by', 'task'], testWorld({ data: host.data }));
  assert.match(
    tasks.out,
    /^task .*\nlook at the mail +3 [\s\S]*it is an estimate[\s\S]*egress\/prices\.json\n$/,
  );
});
