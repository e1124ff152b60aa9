/** Chat streams are asked for what they use, whatever the sandbox says; nothing else of a body is touched. */
import assert from 'node:assert/strict';
import { type ClientRequest, request } from 'node:http';
import { test } from 'node:test';
import { askForUsage } from '../../src/egress/chat-body.ts';
import { until } from '../until.ts';
import { openUpstream, post, startEgress } from './world.ts';

const PATH = '/model/chat/completions';

function asked(text: string): unknown {
  const body = askForUsage(Buffer.from(text));
  return body && JSON.parse(body.toString());
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
  const body = askForUsage(Buffer.from('{"stream": true, "stream": false, "a": 1, "a": 2}'));
  assert.equal(body?.toString(), '{"stream":false,"a":2}');
});

test('what is no JSON object in UTF-8 does not go out', () => {
  for (const text of ['', '[]', '"x"', 'null', '{', '{}{}']) assert.equal(asked(text), null, text);
  assert.equal(askForUsage(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), null);
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

/** A request whose body has begun. */
function hold(socketPath: string, begun: string): ClientRequest {
  const out = request({ socketPath, path: PATH, method: 'POST', agent: false });
  out.on('error', () => undefined);
  out.write(begun);
  return out;
}
