/** A resolver that lies and a client that dribbles, at a host whose TLS ends here: real sockets, in the test's own process. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  connect as connectTls,
  createSecureContext,
  setDefaultCACertificates,
  type TLSSocket,
} from 'node:tls';
import { openDoor } from '../../../src/egress/door.ts';
import { makeAuthority, makeHostCertificate } from '../../../src/egress/ending/certificates.ts';
import { ENDER_LIMITS, Ender } from '../../../src/egress/ending/ender.ts';
import { wayBy } from '../../../src/egress/ending/judge-request.ts';
import { TUNNEL_LIMITS } from '../../../src/egress/policy/tunnel.ts';
import { Tunnels } from '../../../src/egress/policy/tunnels.ts';
import { EGRESS_SOCKET, type RequestRule } from '../../../src/egress/port.ts';
import { refuse } from '../../../src/egress/refusals.ts';
import { tempFolder } from '../../temp-folder.ts';
import { listenTls } from '../loopback-tls.ts';
import { NO_TRAIL } from '../no-trail.ts';

const HOST = 'api.example';

/** @param certified the name in the host's certificate. @param answers of the resolver, one after the other. */
async function openWay(
  t: TestContext,
  certified: string,
  answers: readonly string[],
  isPrivate = true,
  limits = ENDER_LIMITS,
) {
  const now = Date.now();
  const [theirs, ours] = [await makeAuthority(now), await makeAuthority(now)];
  setDefaultCACertificates([theirs.cert]);
  const seen: string[] = [];
  const server = createServer(await makeHostCertificate(theirs, certified, now), (request, response) => {
    seen.push(`${request.headers.host} ${request.url} ${request.headers.authorization}`);
    response.end('ok');
  });
  const port = await listenTls(t, server);
  const rule: RequestRule = {
    ...{ agent: 'bell', host: HOST, port, method: '*', path: '/*' },
    ...{ isPrivate, secret: 'it', placing: 'bearer' },
  };
  const ender = new Ender({
    authority: {
      contextFor: async (host) => createSecureContext(await makeHostCertificate(ours, host, now)),
    },
    wayOf: () => wayBy(null, [rule]),
    secretOf: () => 'canary-0123456789',
    noteUsed: () => undefined,
    limits,
  });
  const left = [...answers];
  const asked: string[] = [];
  const tunnels = new Tunnels({
    grants: { isGood: () => false, take: () => false },
    refusal: () => assert.fail('it is refused'),
    limits: TUNNEL_LIMITS,
    resolve: async (host) => {
      asked.push(host);
      return [(left.length > 1 ? left.shift() : left[0]) ?? ''];
    },
    find: () => ({ isPrivate, isEnded: true }),
    end: (inside, hello, to) => ender.end(inside, hello, to),
  });
  const dir = tempFolder(t);
  const door = await openDoor({ dataDir: dir, user: null }, dir, {
    handle: (_, response) => void response.end(),
    connect: (request, socket, head) =>
      void tunnels.open({ session: 's1', agent: 'bell', trail: NO_TRAIL }, request, socket, head),
    refuse,
  });
  t.after(() => door.close());
  return { path: join(dir, EGRESS_SOCKET), port, seen, asked, ours };
}

type Way = Awaited<ReturnType<typeof openWay>>;

/** What was said instead of a connection, or TLS. */
async function open({ path, port, ours }: Way): Promise<string | TLSSocket> {
  const to = `${HOST}:${port}`;
  const socket = connect(path);
  socket.on('error', () => undefined);
  socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\n`);
  const [said] = (await once(socket, 'data')) as [Buffer];
  if (!String(said).includes(' 200 ')) return String(said);
  const tls = connectTls({ socket, servername: HOST, ca: ours.cert });
  tls.on('error', () => undefined);
  await once(tls, 'secureConnect');
  return tls;
}

/** Says these requests, one after the other's answer, on one connection; what comes back. */
async function ask(way: Way, times = 1): Promise<string> {
  const tls = await open(way);
  if (typeof tls === 'string') return tls;
  const all: string[] = [];
  for (let n = 0; n < times; n += 1) {
    tls.write(`GET /${n} HTTP/1.1\r\nHost: ${HOST}:${way.port}\r\n\r\n`);
    const said = { text: '' };
    while (!/\r\n\r\n(ok|\{.*\})$/.test(said.text)) said.text += String(await once(tls, 'data'));
    all.push(said.text);
    // A refusal is the last that is said.
    if (!said.text.startsWith('HTTP/1.1 200')) break;
  }
  tls.destroy();
  return all.join('\n');
}

test('promise 9: rebinding: the judged address is gone to for the whole connection, and named once', async (t) => {
  // The second answer leads where nobody listens: had it been asked for, nothing would be reached.
  const way = await openWay(t, HOST, ['127.0.0.1', '127.0.0.9']);
  assert.match(await ask(way, 2), /200 OK[\s\S]*200 OK/);
  assert.deepEqual(way.asked, [HOST]);
  assert.deepEqual(
    way.seen,
    ['/0', '/1'].map((path) => `${HOST}:${way.port} ${path} Bearer canary-0123456789`),
  );
});

test('promise 9: a name that leads to this machine is refused where the owner has not said so', async (t) => {
  const way = await openWay(t, HOST, ['127.0.0.1'], false);
  assert.match(await ask(way), /^HTTP\/1\.1 403 [\s\S]*private network/);
  assert.deepEqual(way.seen, []);
});

test('promise 10: a lying name that leads to another host meets its certificate, and gets no secret', async (t) => {
  const way = await openWay(t, 'other.example', ['127.0.0.1']);
  assert.match(await ask(way), /502 [\s\S]*no valid certificate/);
  assert.deepEqual(way.seen, []);
});

test('attack: a client that dribbles its request, or says none, is cut off', async (t) => {
  const limits = { ...ENDER_LIMITS, headersMs: 20, checkMs: 5 };
  const way = await openWay(t, HOST, ['127.0.0.1'], true, limits);
  for (const said of ['', 'GET /0 HTTP/1.1\r\nHo']) {
    const tls = await open(way);
    if (typeof tls === 'string') assert.fail(tls);
    const closed = new Promise((resolve) => tls.once('close', resolve));
    tls.resume().write(said);
    await closed;
  }
  assert.deepEqual(way.seen, []);
});

test('a host that answers before it has all of the body is heard to its end', async (t) => {
  const way = await openWay(t, HOST, ['127.0.0.1']);
  const tls = await open(way);
  if (typeof tls === 'string') assert.fail(tls);
  const body = Buffer.alloc(8 * 1024 * 1024);
  tls.write(`POST /0 HTTP/1.1\r\nHost: ${HOST}:${way.port}\r\nContent-Length: ${body.length}\r\n\r\n`);
  tls.write(body);
  const said = { text: '' };
  while (!said.text.endsWith('ok')) said.text += String(await once(tls, 'data'));
  assert.match(said.text, /^HTTP\/1\.1 200 OK/);
  tls.destroy();
});
