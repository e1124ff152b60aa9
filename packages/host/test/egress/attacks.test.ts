/** A hostile sandbox against the real egress process: each test is an attack, and says what reaches the upstream. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { until } from '../until.ts';
import { CANARY, keyed, lines, open, openUpstream, post, raw, startEgress } from './world.ts';

const PATH = '/model/v1/messages';
const HEAD = [`POST ${PATH} HTTP/1.1`, 'Host: x', 'Content-Type: application/json'];

async function world(t: Parameters<typeof startEgress>[0]) {
  const [upstream, egress] = [await openUpstream(t), await startEgress(t)];
  const socket = await egress.door('s', await keyed(egress, upstream));
  return { upstream, egress, socket };
}

test('attack: two lengths, two framings, bad chunks, bare line feeds: refused, and nothing goes out whole', async (t) => {
  const { upstream, socket } = await world(t);
  const smuggled = `GET /admin HTTP/1.1\r\nHost: x\r\n\r\n`;
  const cases: Readonly<Record<string, string>> = {
    'CL and TE': `${lines(...HEAD, 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`,
    'TE and CL': `${lines(...HEAD, 'Transfer-Encoding: chunked', 'Content-Length: 4')}0\r\n\r\n${smuggled}`,
    'two lengths': `${lines(...HEAD, 'Content-Length: 2', 'Content-Length: 40')}{}${smuggled}`,
    'a length with a sign': `${lines(...HEAD, 'Content-Length: +2')}{}${smuggled}`,
    'an odd TE': `${lines(...HEAD, 'Transfer-Encoding: xchunked')}0\r\n\r\n${smuggled}`,
    'a space before the colon': `${lines(...HEAD, 'Content-Length : 2')}{}${smuggled}`,
    'a folded header': `${lines(...HEAD, 'Anthropic-Beta: a\r\n b', 'Content-Length : 2')}{}${smuggled}`,
    'a bare line feed': `${HEAD.join('\n')}\n\n`,
    'a bare carriage return in a value': lines(...HEAD, 'Anthropic-Beta: a\rX-Api-Key: b'),
    'a null byte': lines(...HEAD, 'Anthropic-Beta: a\u0000b'),
    'a bad chunk length': `${lines(...HEAD, 'Transfer-Encoding: chunked')}zz\r\n{}\r\n0\r\n\r\n`,
    'no Host': lines(HEAD[0] ?? '', 'Content-Length: 0'),
    'no HTTP at all': '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n',
    'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  };
  for (const [name, bytes] of Object.entries(cases)) {
    const said = await raw(socket, bytes);
    assert.match(said, /^HTTP\/1\.1 400 |^$/, name);
    assert.doesNotMatch(said, /HTTP\/1\.1 200/, name);
  }
  await until('what began has been cut', () => upstream.seen.every((one) => one.end !== ''));
  assert.deepEqual(
    upstream.seen.filter((one) => one.end === 'complete' || one.url !== '/v1/messages'),
    [],
  );
});

test('attack: headers beyond 16 kB are refused', async (t) => {
  const { upstream, socket } = await world(t);
  const said = await raw(
    socket,
    lines(...HEAD, `Anthropic-Beta: ${'x'.repeat(17_000)}`, 'Content-Length: 0'),
  );
  assert.match(said, /^HTTP\/1\.1 400 /);
  assert.equal(upstream.seen.length, 0);
});

test('attack: CONNECT, an absolute address and an upgrade are refused in words that an agent can act on', async (t) => {
  const { upstream, socket } = await world(t);
  const connect = await raw(
    socket,
    lines('CONNECT api.anthropic.com:443 HTTP/1.1', 'Host: api.anthropic.com:443'),
  );
  assert.match(connect, /^HTTP\/1\.1 403 /);
  assert.match(connect, /x-bellhop-error: not_allowed/);
  assert.match(connect, /not allowed for this agent/);
  const absolute = await raw(socket, lines('GET http://example.com/ HTTP/1.1', 'Host: example.com'));
  assert.match(absolute, /^HTTP\/1\.1 403 .*not allowed for this agent/s);
  const upgrade = await raw(
    socket,
    lines(`GET ${PATH} HTTP/1.1`, 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket'),
  );
  assert.match(upgrade, /^HTTP\/1\.1 400 /);
  assert.equal(upstream.seen.length, 0);
});

test('attack: the Host header, a credential and a cookie of the sandbox go nowhere', async (t) => {
  const { upstream, socket } = await world(t);
  const hostile = {
    host: 'evil.example',
    authorization: 'Bearer stolen',
    cookie: 'a=b',
    'x-forwarded-host': 'evil',
  };
  assert.equal((await post(socket, PATH, '{}', hostile)).status, 200);
  const [one] = upstream.seen;
  assert.equal(one?.headers.host, new URL(upstream.url).host);
  assert.equal(one?.headers['x-api-key'], CANARY);
  for (const name of ['authorization', 'cookie', 'x-forwarded-host'])
    assert.equal(one?.headers[name], undefined);
  assert.equal(one?.body, '{}');
});

test('attack: a second request, pipelined behind a good one, is judged by itself', async (t) => {
  const { upstream, socket } = await world(t);
  const good = `${lines(...HEAD, 'Content-Length: 2')}{}`;
  const bad = lines('GET /model/v1/organizations HTTP/1.1', 'Host: x');
  const said = await raw(socket, good + bad);
  assert.match(said, /^HTTP\/1\.1 200 .*HTTP\/1\.1 404 .*not one of the model endpoint's/s);
  assert.deepEqual(
    upstream.seen.map((one) => one.url),
    ['/v1/messages'],
  );
});

test('attack: an endpoint that echoes the key in body and headers gives it to nobody', async (t) => {
  const { upstream, socket } = await world(t);
  upstream.handle = (incoming, response) => {
    const key = String(incoming.headers['x-api-key']);
    response.writeHead(400, {
      'content-type': 'application/json',
      'request-id': key,
      'x-echo': key,
      'set-cookie': key,
    });
    response.write(`{"error": "wrong key ${key.slice(0, 9)}`);
    response.end(`${key.slice(9)}, said ${key}"}`);
  };
  const { status, headers, body } = await post(socket, PATH, '{}');
  assert.equal(status, 400);
  assert.match(body, /wrong key \*+, said \*+"}$/);
  assert.doesNotMatch(JSON.stringify([headers, body]), new RegExp(CANARY));
});

test('attack: an endpoint that says the key where its model stands does not bring it into the records', async (t) => {
  const { upstream, socket, egress } = await world(t);
  upstream.handle = (_incoming, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ model: CANARY, usage: { input_tokens: 3, output_tokens: 4 } }));
  };
  await post(socket, PATH, '{}');
  await until('it is on record', () => egress.calls.length === 1);
  assert.deepEqual([egress.calls[0]?.model, egress.calls[0]?.inputTokens], ['*'.repeat(CANARY.length), 3]);
});

test('attack: an endpoint whose status is none ends its own call, and not the way out of all', async (t) => {
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  const socket = await world.door('s', await keyed(world, upstream));
  const answers = upstream.handle;
  upstream.handle = (_, response) => void response.socket?.end('HTTP/1.1 099 No\r\n\r\n');
  assert.equal((await post(socket, PATH, '{}')).status, 502);
  upstream.handle = answers;
  assert.equal((await post(socket, PATH, '{}')).status, 200);
});

test('attack: a redirect is not followed, and its place is not told', async (t) => {
  const { upstream, socket } = await world(t);
  upstream.handle = (_, response) =>
    void response.writeHead(307, { location: 'http://127.0.0.1:1/steal' }).end();
  const { status, headers, body } = await post(socket, PATH, '{}');
  assert.equal(status, 502);
  assert.equal(headers['x-bellhop-error'], 'refused');
  assert.equal(headers.location, undefined);
  assert.doesNotMatch(body, /steal/);
  assert.equal(upstream.seen.length, 1);
});

test('attack: a body of 33 MB without a length is cut off, and never reaches the model', async (t) => {
  const { upstream, socket } = await world(t);
  const answer = await post(socket, PATH, Buffer.alloc(33 * 1024 * 1024), {
    'transfer-encoding': 'chunked',
  }).catch((error: NodeJS.ErrnoException) => error.code);
  // Refused while the sandbox still writes: it reads the words, or finds the connection closed.
  if (typeof answer === 'object') assert.equal(answer.status, 413);
  else assert.match(String(answer), /EPIPE|ECONNRESET/);
  assert.equal(upstream.seen.length, 0);
});

test('attack: more than 16 requests at once are refused; the others go on', async (t) => {
  const { upstream, socket } = await world(t);
  const waiting: (() => void)[] = [];
  upstream.handle = (_, response) => void waiting.push(() => response.end('{}'));
  const refused: unknown[] = [];
  const all = Array.from({ length: 20 }, async () => {
    const { status, headers } = await post(socket, PATH, '{}');
    if (status === 429) refused.push(headers['x-bellhop-error']);
    return status;
  });
  // All have arrived before the first ends: a place that is free again would be given to a late one.
  await until('all have been judged', () => refused.length === 4 && waiting.length === 16);
  for (const end of waiting) end();
  assert.deepEqual((await Promise.all(all)).sort(), [...Array(16).fill(200), ...Array(4).fill(429)]);
  assert.deepEqual(refused, Array(4).fill('refused'));
});

test('an answer streams: its first event is there before the second was sent', async (t) => {
  const { upstream, socket } = await world(t);
  const sent = Promise.withResolvers<() => void>();
  upstream.handle = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"type":"message_start","message":{"model":"m-1","usage":{"input_tokens":5}}}\n\n');
    sent.resolve(() => response.end('data: {"type":"message_delta","usage":{"output_tokens":6}}\n\n'));
  };
  const answer = await open(socket, PATH, '{}');
  const [first] = await once(answer.setEncoding('utf8'), 'data');
  assert.match(String(first), /message_start/);
  (await sent.promise)();
  const [second] = await once(answer, 'data');
  assert.match(String(second), /message_delta/);
});

test('an answer that breaks off never looks whole', async (t) => {
  const { upstream, socket } = await world(t);
  upstream.handle = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {}\n\n', () => response.destroy());
  };
  await assert.rejects(post(socket, PATH, '{}'), /aborted|ECONNRESET/);
});

test('a sandbox that hangs up ends the call at the provider too', async (t) => {
  const { upstream, socket } = await world(t);
  const ended = Promise.withResolvers<void>();
  upstream.handle = (_, response) => {
    response.once('close', () => ended.resolve());
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {}\n\n');
  };
  const answer = await open(socket, PATH, '{}');
  answer.on('error', () => undefined);
  answer.destroy();
  await ended.promise;
});

test('an endpoint that is not there is said in words, without a key or an address', async (t) => {
  const { upstream, socket } = await world(t);
  await upstream.close();
  const { status, headers, body } = await post(socket, PATH, '{}');
  assert.equal(status, 502);
  assert.equal(headers['x-bellhop-error'], 'unreachable');
  assert.doesNotMatch(body, /127\.0\.0\.1|canary/);
});
