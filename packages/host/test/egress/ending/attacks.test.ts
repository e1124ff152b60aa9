/** A hostile sandbox, a hostile host, and a secret between them. Each test is an attack; beside it stands what works. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { until } from '../../until.ts';
import { type EndingWorld, openEndingWorld, SECRET, say } from './world.ts';

const GRANT = { method: 'GET', path: '/v1/*', secret: 'github', placing: 'bearer' } as const;
const STARS = '*'.repeat(SECRET.length);

/** With one secret, granted to bell as a bearer for GET /v1/*. */
async function granted(t: TestContext, some: object = {}): Promise<EndingWorld> {
  const world = await openEndingWorld(t);
  await world.egress.keepSecret('github', SECRET);
  await world.egress.addRequestRules([world.rule({ ...GRANT, ...some })]);
  return world;
}

/** All that comes back of these bytes until the other end closes. */
async function bytes(tls: TLSSocket, ...parts: readonly string[]): Promise<string> {
  for (const part of parts) tls.write(part, 'latin1');
  return text(tls).catch(() => 'broken off');
}

function closed(tls: TLSSocket): Promise<void> {
  return new Promise((resolve) => tls.once('close', () => resolve()));
}

test('promise 12: another path, method, port or agent carries no secret and does not pass', async (t) => {
  const world = await granted(t);
  for (const [method, path] of [
    ['GET', '/v2/me'],
    ['GET', '/v1'],
    ['GET', '/V1/me'],
    ['POST', '/v1/me'],
    ['HEAD', '/v1/me'],
    ['GET', '/v1/../v2/me'],
    ['GET', '/v1/%2e%2e/v2/me'],
    ['GET', '/v1/..%2fv2'],
    ['GET', '/v1//v2'],
  ] as const) {
    const { status } = await world.ask(method, path);
    assert.equal(status, 403, `${method} ${path}`);
  }
  const other = await world.egress.open({
    dir: join(world.dir, 'run', 's1'),
    session: 's2',
    agent: 'other',
    generation: 1,
    endpoint: null,
  });
  await assert.rejects(world.ask('GET', '/v1/me'), /HTTP\/1\.1 403 /);
  await other.close();
  assert.deepEqual(world.seen, []);
});

test('promise 12: where the whole host is open, what is not granted passes without the secret', async (t) => {
  const world = await granted(t);
  await world.egress.allowHost({ agent: 'bell', host: 'localhost', port: world.port, isPrivate: true });
  for (const path of ['/v2/me', '/v1/%2e%2e/v2']) assert.equal((await world.ask('GET', path)).status, 200);
  assert.equal((await world.ask('POST', '/v1/me', { body: 'x' })).status, 200);
  assert.deepEqual(
    world.seen.map(({ headers }) => headers.authorization),
    [undefined, undefined, undefined],
  );
});

test('attack: an own header or parameter in the place of the secret goes to nobody', async (t) => {
  const world = await granted(t);
  await world.egress.addRequestRules([world.rule({ ...GRANT, path: '/q/*', placing: 'query:key' })]);
  await world.ask('GET', '/v1/a?x=1', { headers: { authorization: 'Bearer mine' } });
  await world.ask('GET', '/q/a?KEY=mine&x=1&%6bey=mine', { headers: { Authorization: 'Basic mine' } });
  assert.equal(world.seen[0]?.headers.authorization, `Bearer ${SECRET}`);
  assert.equal(world.seen[1]?.url, `/q/a?x=1&key=${encodeURIComponent(SECRET)}`);
  assert.equal(world.seen[1]?.headers.authorization, undefined);
});

test('attack: an echo in headers, in the body of an error, or in base64 does not bring the secret in', async (t) => {
  const world = await granted(t, { placing: 'basic:me' });
  const basic = btoa(`me:${SECRET}`);
  world.answer = ({ headers }, response) => {
    assert.equal(headers.authorization, `Basic ${basic}`);
    response.setHeader('x-echo', [`<${SECRET}>`, `${basic}`]);
    response.setHeader(`x-${SECRET.replaceAll(/[/+]/g, '')}`, 'name');
    response.setHeader('location', `https://evil.example/?t=${encodeURIComponent(SECRET)}`);
    response.statusMessage = 'No';
    response
      .writeHead(500)
      .end(`${SECRET} ${basic} ${encodeURIComponent(SECRET)} ${JSON.stringify(SECRET)} ${btoa(SECRET)}`);
  };
  const { status, headers, body } = await world.ask('GET', '/v1/me');
  assert.equal(status, 500);
  const all = `${JSON.stringify(headers)} ${body}`;
  for (const form of [SECRET, basic.replace(/=+$/, ''), encodeURIComponent(SECRET), btoa(SECRET)])
    assert.ok(!all.includes(form), `${form} in ${all}`);
  assert.match(body, /^\*{24} \*{36} \*{28} "\*{24}" \*{32}$/);
});

test('attack: a secret cut into chunks, one byte each, does not come together inside', async (t) => {
  const world = await granted(t);
  world.answer = async (_, response) => {
    response.write('data: ');
    for (const byte of SECRET) {
      response.write(byte);
      await new Promise(setImmediate);
    }
    response.end('!\n');
  };
  assert.equal((await world.ask('GET', '/v1/me')).body, `data: ${STARS}!\n`);
});

test('attack: a packed answer is refused, and none is asked for; nor one in ranges', async (t) => {
  const world = await granted(t);
  world.answer = ({ headers }, response) => {
    assert.equal(headers['accept-encoding'], 'identity');
    assert.deepEqual([headers.range, headers['if-range']], [undefined, undefined]);
    response.setHeader('content-encoding', 'gzip');
    response.end(gzipSync(SECRET));
  };
  const { status, body } = await world.ask('GET', '/v1/me', {
    headers: { 'accept-encoding': 'gzip, br', range: 'bytes=0-5', 'if-range': '"x"' },
  });
  assert.equal(status, 502);
  assert.match(body, /answered compressed/);
});

test('promise 12: a redirect is not followed here, and the next request is judged anew', async (t) => {
  const world = await granted(t);
  world.answer = (_, response) => {
    response.writeHead(302, { location: `https://localhost:${world.port}/v2/me?from=${SECRET}` }).end();
  };
  const { status, headers } = await world.ask('GET', '/v1/me');
  assert.equal(status, 302);
  assert.equal(headers.location, `https://localhost:${world.port}/v2/me?from=${STARS}`);
  assert.equal((await world.ask('GET', '/v2/me')).status, 403);
  assert.equal(world.seen.length, 1);
});

test('promise 10: a Host header of another name, an absolute address and a CONNECT inside pass nowhere', async (t) => {
  const world = await granted(t);
  const at = `Host: localhost:${world.port}\r\n`;
  for (const [said, expected] of [
    ['GET /v1/me HTTP/1.1\r\nHost: evil.example\r\n\r\n', /^HTTP\/1\.1 421 /],
    [`GET /v1/me HTTP/1.1\r\nHost: localhost:1\r\n\r\n`, /^HTTP\/1\.1 421 /],
    [`GET /v1/me HTTP/1.1\r\n${at}Host: evil.example\r\n\r\n`, /^HTTP\/1\.1 4\d\d /],
    [`GET https://evil.example/v1/me HTTP/1.1\r\n${at}\r\n`, /^HTTP\/1\.1 400 /],
    [`CONNECT evil.example:443 HTTP/1.1\r\n${at}\r\n`, /^HTTP\/1\.1 400 /],
    [`TRACE /v1/me HTTP/1.1\r\n${at}\r\n`, /^HTTP\/1\.1 400 /],
    [`GET /v1/me HTTP/1.1\r\n${at}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`, /^HTTP\/1\.1 400 /],
    [`GET /v1/me HTTP/1.1\r\n${at}Connection: upgrade\r\nUpgrade: h2c\r\n\r\n`, /^HTTP\/1\.1 400 /],
    ['GET /v1/me HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
  ] as const)
    assert.match(await bytes(await world.open(), said), expected, said);
  assert.deepEqual(world.seen, []);
});

test('attack: smuggling: two lengths, a length and chunks, bare line feeds, folded headers reach nobody', async (t) => {
  const world = await granted(t, { method: '*' });
  const head = `POST /v1/me HTTP/1.1\r\nHost: localhost:${world.port}\r\n`;
  const hidden = `GET /v2/admin HTTP/1.1\r\nHost: localhost:${world.port}\r\n\r\n`;
  for (const said of [
    `${head}Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello${hidden}`,
    `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}Content-Length: +5\r\n\r\nhello${hidden}`,
  ])
    assert.match(await bytes(await world.open(), said), /^HTTP\/1\.1 400 /, said);
  assert.deepEqual(world.seen, []);
  // What a client sends behind a whole request is a request of its own, and judged.
  const both = await bytes(await world.open(), `${head}Content-Length: 2\r\n\r\nok`, `${hidden}`);
  assert.doesNotMatch(both, /v2/);
  assert.ok(world.seen.every(({ url }) => url === '/v1/me'));
});

test('attack: a body with what looks like a request in it stays a body', async (t) => {
  const world = await granted(t, { method: 'POST' });
  const body = `\r\n\r\nGET /v2/admin HTTP/1.1\r\nHost: localhost:${world.port}\r\n\r\n`;
  assert.equal((await world.ask('POST', '/v1/me', { body })).status, 200);
  assert.deepEqual(
    world.seen.map((one) => [one.url, one.body]),
    [['/v1/me', body]],
  );
});

test('attack: headers between two ends, and those that Connection names, go no further', async (t) => {
  const world = await granted(t);
  await world.ask('GET', '/v1/me', {
    headers: {
      connection: 'close, x-hop',
      'x-hop': '1',
      te: 'trailers',
      'proxy-authorization': 'x',
      'keep-alive': '1',
    },
  });
  const names = Object.keys(world.seen[0]?.headers ?? {});
  for (const name of ['x-hop', 'te', 'proxy-authorization', 'keep-alive'])
    assert.ok(!names.includes(name), name);
});

test('attack: a host without a valid certificate is sent nothing, and the words say so', async (t) => {
  const world = await openEndingWorld(t, {});
  await world.egress.keepSecret('github', SECRET);
  await world.egress.addRequestRules([world.rule(GRANT)]);
  const { status, body } = await world.ask('GET', '/v1/me');
  assert.equal(status, 502);
  assert.match(body, /no valid certificate/);
  assert.deepEqual(world.seen, []);
});

test('attack: an answer that is none, or wants to speak something else, ends nothing but itself', async (t) => {
  const world = await granted(t);
  for (const said of [
    'HTTP/1.1 099 No\r\n\r\n',
    'HTTP/1.1 101 No\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    'no\r\n',
  ]) {
    world.answer = (_, response) => void response.socket?.end(said);
    assert.equal((await world.ask('GET', '/v1/me')).status, 502, said);
  }
  world.answer = (_, response) => void response.end('well');
  assert.equal((await world.ask('GET', '/v1/me')).body, 'well');
});

test('promise 10: no downgrade: a host that speaks plain HTTP is not spoken to', async (t) => {
  const world = await granted(t);
  const heard: Buffer[] = [];
  const plain = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk);
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  t.after(() => plain.close());
  const { port } = plain.address() as { port: number };
  await world.egress.addRequestRules([world.rule({ ...GRANT, port })]);
  const tls = await world.open({ to: `localhost:${port}` });
  const answer = await say(tls, 'GET', '/v1/me', { host: `localhost:${port}` }, '');
  assert.equal(answer.statusCode, 502);
  tls.destroy();
  const all = Buffer.concat(heard);
  // A TLS hello, and nothing behind it.
  assert.equal(all[0], 0x16);
  assert.ok(!all.includes(SECRET));
});

test('attack: what is revoked or removed ends at once, also on a connection that is open', async (t) => {
  const world = await granted(t);
  const open = await world.open();
  await world.egress.removeRequestRules({ ...world.rule(), secret: 'github', method: null, path: null });
  await until('it has ended', () => open.closed);
  await assert.rejects(world.ask('GET', '/v1/me'), /403/);
  await world.egress.addRequestRules([world.rule(GRANT)]);
  const again = await world.open();
  await world.egress.keepSecret('github', null);
  await until('it has ended', () => again.closed);
  await assert.rejects(world.ask('GET', '/v1/me'), /403/);
  assert.deepEqual(await world.egress.secrets(), []);
});

test('promise 13: the door that closes ends what runs through it', async (t) => {
  const world = await granted(t);
  const tls = await world.open();
  const ended = closed(tls);
  await world.close.get('s1')?.();
  await ended;
});

test('HTTP/2 is not spoken; bodies stream both ways, whole', async (t) => {
  const world = await granted(t, { method: 'POST' });
  const tls = await world.open({ protocols: ['h2', 'http/1.1'] });
  assert.equal(tls.alpnProtocol, 'http/1.1');
  tls.destroy();
  world.answer = ({ body }, response) => void response.end(body);
  const body = 'x'.repeat(4 * 1024 * 1024) + SECRET;
  const answered = await world.ask('POST', '/v1/me', { body });
  assert.ok(answered.body === 'x'.repeat(4 * 1024 * 1024) + STARS);
});

test('attack: the key of the authority is its own, and what sandboxes see holds none', async (t) => {
  const { dir } = await openEndingWorld(t);
  assert.equal(statSync(join(dir, 'egress/ca.json')).mode & 0o777, 0o600);
  for (const name of readdirSync(join(dir, 'trust')))
    assert.doesNotMatch(readFileSync(join(dir, 'trust', name), 'utf8'), /PRIVATE/);
});

test('promise 14: with the egress process gone, what is open ends and nothing else is reached', async (t) => {
  const world = await granted(t);
  const tls = await world.open();
  const ended = closed(tls);
  await world.egress.stop();
  await ended;
  await assert.rejects(world.ask('GET', '/v1/me'));
  assert.deepEqual(world.seen, []);
});
