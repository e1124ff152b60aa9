/** What a call is charged, through the real egress process: by what its answer says, however it is sent. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readUsageSums } from '../../src/egress/usage/report.ts';
import { until } from '../until.ts';
import { openUpstream, post, startEgress } from './world.ts';

const PATH = '/model/chat/completions';
/** What it can cost at most by the prices below: 1,000 out, and a few dozen bytes in that cost nothing. */
const BODY = '{"model":"m-1","max_tokens":1000,"stream":true}';
const MOST = 1_000;

async function world(t: TestContext) {
  const [upstream, egress] = [await openUpstream(t), await startEgress(t)];
  // One micro-dollar for each token that comes out.
  writeFileSync(join(egress.dir, 'egress', 'prices.json'), '{"models": {"m-1": {"input": 0, "output": 1}}}');
  const socket = await egress.door('s', { provider: 'compatible', model: 'm-1', baseUrl: upstream.url });
  const charged = () =>
    readUsageSums(join(egress.dir, 'egress'), 'agent').reduce((sum, row) => sum + row.chargedMicros, 0);
  return { upstream, ...egress, socket, charged };
}

const answered = (usage: object) => JSON.stringify({ model: 'm-1', choices: [], usage });
const events = (usage: object) =>
  `: hi\n\ndata: {"choices":[]}\n\ndata: ${answered(usage)}\n\ndata: [DONE]\n\n`;
const USAGE = { prompt_tokens: 32, completion_tokens: 9, total_tokens: 41 };

test('C2: events are charged for what they say, and not with the whole reservation, whatever they are called', async (t) => {
  const { upstream, socket, charged, calls } = await world(t);
  const types = [
    'application/json',
    'application/octet-stream',
    'Text/Event-Stream',
    'text/plain',
    'nonsense',
    null,
  ];
  for (const type of types) {
    const before = charged();
    upstream.handle = (_, response) => {
      if (type !== null) response.setHeader('content-type', type);
      response.end(events(USAGE));
    };
    const count = calls.length;
    assert.equal((await post(socket, PATH, BODY)).body, events(USAGE), 'it passes as it was sent');
    await until('it is on record', () => calls.length === count + 1);
    assert.equal(charged() - before, 9, `${type}`);
  }
  const before = charged();
  upstream.handle = (_, response) => {
    response.setHeader('content-type', 'text/event-stream');
    response.end(answered(USAGE));
  };
  await post(socket, PATH, BODY);
  await until('it is on record', () => calls.length === types.length + 1);
  assert.equal(charged() - before, 9, 'JSON that is called events');
});

test('C1: 32 in, 9 out and 94 thought beside, 135 in all: 103 are charged', async (t) => {
  const { upstream, socket, charged, calls } = await world(t);
  const usage = { ...USAGE, total_tokens: 135, completion_tokens_details: { reasoning_tokens: 94 } };
  upstream.handle = (_, response) => void response.end(events(usage));
  await post(socket, PATH, BODY);
  await until('it is on record', () => calls.length === 1);
  assert.deepEqual([charged(), calls[0]?.inputTokens, calls[0]?.outputTokens], [103, 32, 103]);
});

test('C3, attack: an answer whose numbers are no counts is charged with all that was reserved, and breaks no sum', async (t) => {
  const { upstream, socket, charged, calls } = await world(t);
  const lies = ['-9', '1e300', '1e999', '"9"', '[9]', '9007199254740991', '-1e999'];
  for (const [n, lie] of lies.entries()) {
    upstream.handle = (_, response) =>
      void response.end(`data: {"model":"m-1","usage":{"prompt_tokens":32,"completion_tokens":${lie}}}\n\n`);
    await post(socket, PATH, BODY);
    await until('it is on record', () => calls.length === n + 1);
    assert.equal(charged(), MOST * (n + 1), lie);
  }
});

test("C4: the owner's test of a model costs nothing where nothing was sent, and its reservation where it was", async (t) => {
  const { upstream, egress, charged, calls } = await world(t);
  const endpoint = { provider: 'compatible', model: 'm-1', baseUrl: upstream.url } as const;
  upstream.handle = (incoming) => void incoming.socket.resetAndDestroy();
  await assert.rejects(egress.test(endpoint, 'bell'), /could not be reached/);
  await until('it is on record', () => calls.length === 1);
  // Its limit of tokens.
  assert.equal(charged(), 64);
  await upstream.close();
  await assert.rejects(egress.test(endpoint, 'bell'), /could not be reached/);
  await until('it is on record', () => calls.length === 2);
  assert.equal(charged(), 64);
});

test("the owner's test of an address that speaks no JSON ends in words", async (t) => {
  const { upstream, egress } = await world(t);
  upstream.handle = (_, response) => void response.end('<html>Welcome</html>');
  const endpoint = { provider: 'compatible', model: 'm-1', baseUrl: upstream.url } as const;
  await assert.rejects(egress.test(endpoint, 'bell'), /the model answered, but not in JSON/);
});
