/**
 * CONNECT by a hostile sandbox, with a resolver that lies and TLS servers on loopback: real sockets all the way. Each
 * test is an attack, beside what must work.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import type { DoorTrail } from '../../../src/egress/audit/door-trail.ts';
import { openDoor } from '../../../src/egress/door.ts';
import { Asking } from '../../../src/egress/policy/asking.ts';
import { Grants } from '../../../src/egress/policy/grants.ts';
import { Rules } from '../../../src/egress/policy/rules.ts';
import { TUNNEL_LIMITS, type TunnelLimits } from '../../../src/egress/policy/tunnel.ts';
import { Tunnels } from '../../../src/egress/policy/tunnels.ts';
import { EGRESS_SOCKET } from '../../../src/egress/port.ts';
import { REFUSALS, refuse } from '../../../src/egress/refusals.ts';
import { tempFolder } from '../../temp-folder.ts';
import { until } from '../../until.ts';
import { CERT, KEY } from '../loopback-tls.ts';
import { NO_TRAIL } from '../no-trail.ts';

const HOST = 'api.example';

interface Way {
  readonly path: string;
  readonly port: number;
  /** Connections that the server has had. */
  readonly reached: Socket[];
  /** Names that were looked up. */
  readonly asked: string[];
  readonly tunnels: Tunnels;
  readonly grants: Grants;
  /** Hosts that the owner was asked for. */
  readonly questions: string[];
  readonly door: { close(): Promise<void> };
}

/** @param answers addresses by name, taken one after the other; the last one stays. */
async function openWay(
  t: TestContext,
  answers: Readonly<Record<string, readonly (readonly string[])[]>> = { [HOST]: [['127.0.0.1']] },
  isPrivate = true,
  limits: TunnelLimits = TUNNEL_LIMITS,
  trail: DoorTrail = NO_TRAIL,
): Promise<Way> {
  const reached: Socket[] = [];
  const server = createServer({ cert: CERT, key: KEY }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => socket.write(`echo ${chunk}`));
  });
  server.on('connection', (socket: Socket) => void reached.push(socket));
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of reached) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const asked: string[] = [];
  const left = new Map(
    Object.entries(answers).map(([name, all]): [string, (readonly string[])[]] => [name, [...all]]),
  );
  const grants = new Grants(ruled(t));
  const questions: string[] = [];
  const asking = new Asking((n, { host }) => {
    questions.push(host);
    asking.heard(n, 'asked');
  });
  const tunnels = new Tunnels({
    limits,
    grants,
    refusal: (asker, to) => asking.refusal(asker, to),
    resolve: async (host) => {
      asked.push(host);
      const all = left.get(host) ?? [];
      const next = all.length > 1 ? all.shift() : all[0];
      if (!next) throw new Error('ENOTFOUND');
      return next;
    },
    find: (agent, host, wanted) =>
      agent === 'bell' && wanted === port && host in answers ? { isPrivate, isEnded: false } : null,
    end: async () => assert.fail('its TLS is ended'),
  });
  const dir = tempFolder(t);
  const door = await openDoor({ dataDir: dir, user: null }, dir, {
    handle: (_, response) => void response.end(),
    connect: (request, socket, head) =>
      void tunnels.open({ session: 's1', agent: 'bell', trail }, request, socket, head),
    refuse,
  });
  t.after(() => door.close());
  return { path: join(dir, EGRESS_SOCKET), port, reached, asked, tunnels, door, grants, questions };
}

/** A folder whose policy.db has its tables. */
function ruled(t: TestContext): string {
  const dir = tempFolder(t);
  new Rules(dir);
  return dir;
}

/** Says CONNECT; resolves with the status and the open socket. */
async function ask(path: string, target: string, host = target): Promise<[string, Socket]> {
  const socket = connect(path);
  socket.on('error', () => undefined);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const [said] = (await once(socket, 'data')) as [Buffer];
  return [said.toString(), socket];
}

async function hello(socket: Socket, servername: string): Promise<TLSSocket> {
  const tls = connectTls({ socket, servername, rejectUnauthorized: false });
  tls.on('error', () => undefined);
  await once(tls, 'secureConnect');
  return tls;
}

/** True when it was cut off without a word. */
async function isCut(socket: Socket): Promise<boolean> {
  const heard = { bytes: 0 };
  socket.on('data', (chunk) => {
    heard.bytes += chunk.length;
  });
  await once(socket, 'close');
  return heard.bytes === 0;
}

test('a host that is allowed is reached, by its name looked up once, and its TLS is untouched', async (t) => {
  const { path, port, asked } = await openWay(t);
  const [said, socket] = await ask(path, `${HOST}:${port}`);
  assert.match(said, /^HTTP\/1\.1 200 /);
  const tls = await hello(socket, HOST);
  assert.equal(tls.getPeerX509Certificate()?.fingerprint256, new X509Certificate(CERT).fingerprint256);
  tls.write('hello');
  assert.equal(String(await once(tls, 'data')), 'echo hello');
  assert.deepEqual(asked, [HOST]);
  tls.destroy();
});

test('promise 7: what is in no rule is refused in words that name it, and is not even looked up', async (t) => {
  const { path, port, reached, asked } = await openWay(t);
  for (const target of [`www.${HOST}:${port}`, `${HOST}:1`, `x${HOST}:${port}`, 'localhost:22']) {
    const [said] = await ask(path, target);
    assert.match(said, /^HTTP\/1\.1 403 [\s\S]*x-bellhop-error: not_allowed/, target);
    assert.match(said, new RegExp(`not allowed for this agent\\. It is ${target.replace(':', ', port ')}`));
    assert.match(said, target.startsWith('localhost') ? /bellhop hosts allow/ : /The owner is being asked/);
  }
  assert.deepEqual([asked, reached.length], [[], 0]);
});

test('promise 8: an address, a user, a dot at the end and a Host header of another name are refused', async (t) => {
  const { path, port, asked } = await openWay(t, { [HOST]: [['127.0.0.1']], '127.0.0.1': [['127.0.0.1']] });
  for (const [target, host] of [
    [`127.0.0.1:${port}`],
    [`[::1]:${port}`],
    [`u@${HOST}:${port}`],
    [`${HOST}.:${port}`],
    [`${HOST}:${port}`, 'other.example'],
    [`${HOST}:${port}`, `${HOST}:1`],
  ] as const) {
    const [said] = await ask(path, target, host ?? target);
    assert.match(said, /^HTTP\/1\.1 40[03] /, target);
  }
  assert.deepEqual(asked, []);
});

test('promise 9: a public name that leads to this machine, or has one face there, is refused', async (t) => {
  for (const answer of [
    ['127.0.0.1'],
    ['93.184.215.14', '127.0.0.1'],
    ['169.254.169.254'],
    ['::ffff:127.0.0.1'],
    [],
  ]) {
    const { path, port, reached } = await openWay(t, { [HOST]: [answer] }, false);
    const [said] = await ask(path, `${HOST}:${port}`);
    assert.match(said, /^HTTP\/1\.1 403 [\s\S]*private network/, answer.join());
    assert.equal(reached.length, 0);
  }
});

test('promise 9: rebinding: the address that was judged is gone to, whatever the name says a moment later', async (t) => {
  // The second answer leads where nobody listens: had it been asked for, nothing would be reached.
  const { path, port, reached, asked } = await openWay(t, { [HOST]: [['127.0.0.1'], ['127.0.0.9']] });
  const [, socket] = await ask(path, `${HOST}:${port}`);
  const tls = await hello(socket, HOST);
  assert.deepEqual([reached.length, asked.length], [1, 1]);
  tls.destroy();
});

test('promise 9: link-local is refused even where the owner has allowed private addresses', async (t) => {
  const { path, port } = await openWay(t, { [HOST]: [['169.254.169.254']] }, true);
  assert.match((await ask(path, `${HOST}:${port}`))[0], /^HTTP\/1\.1 403 /);
});

test('promise 10: a hello that names another host, none, or is no TLS never reaches the host', async (t) => {
  const { path, port, reached } = await openWay(t);
  const says: ((socket: Socket) => void)[] = [
    (socket) => void connectTls({ socket, servername: 'evil.example' }).on('error', () => undefined),
    (socket) => void connectTls({ socket }).on('error', () => undefined),
    (socket) => void socket.write('GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n'),
    (socket) => void socket.write('SSH-2.0-OpenSSH\r\n'),
    (socket) => void socket.end(),
  ];
  for (const say of says) {
    const [said, socket] = await ask(path, `${HOST}:${port}`);
    assert.match(said, /^HTTP\/1\.1 200 /);
    const cut = isCut(socket);
    say(socket);
    assert.equal(await cut, true, String(say));
  }
  assert.equal(reached.length, 0);
});

test('attack: a tunnel in which nothing is said is cut off', async (t) => {
  const { path, port, reached } = await openWay(t, undefined, true, { ...TUNNEL_LIMITS, stepMs: 30 });
  const [, socket] = await ask(path, `${HOST}:${port}`);
  assert.equal(await isCut(socket), true);
  assert.equal(reached.length, 0);
});

test('promise 13: a door that closes ends its tunnels; a rule that is removed ends those to its host', async (t) => {
  const { path, port, tunnels, door, reached } = await openWay(t);
  const open = async () => hello((await ask(path, `${HOST}:${port}`))[1], HOST);
  const [first, second] = [await open(), await open()];
  tunnels.cut({ agent: 'other', host: HOST, port });
  tunnels.cut({ agent: 'bell', host: 'other.example', port });
  // By the time that a new one is there, an end of the others would be known here.
  (await open()).destroy();
  assert.deepEqual([first.destroyed, second.destroyed], [false, false]);
  tunnels.cut({ agent: 'bell', host: HOST, port });
  await until('those to that host have ended', () => first.closed && second.closed);
  const third = await open();
  const closing = door.close();
  await until('the last one has ended', () => third.closed);
  await closing;
  await Promise.all(reached.map((socket) => socket.destroyed || once(socket, 'close')));
});

const PUBLIC = '93.184.215.14';

function granted(lasts: 'once' | 'session' | 'always', approval: string, port: number) {
  return { approval, session: 's1', agent: 'bell', host: 'new.example', port, lasts };
}

test('attack: promise 23: what is granted once passes once, of two at the same time one', async (t) => {
  const { path, grants, questions } = await openWay(t, { 'new.example': [[PUBLIC]] });
  const [before] = await ask(path, 'new.example:8');
  assert.match(before, /403[\s\S]*The owner is being asked/);
  grants.add(granted('once', 'a1', 8));
  const both = await Promise.all([ask(path, 'new.example:8'), ask(path, 'new.example:8')]);
  for (const [, socket] of both) socket.destroy();
  assert.deepEqual(both.map(([said]) => said.slice(9, 12)).sort(), ['200', '403']);
  // The same word again, as after a crash, brings nothing back.
  grants.add(granted('once', 'a1', 8));
  assert.match((await ask(path, 'new.example:8'))[0], /403/);
  assert.deepEqual(new Set(questions), new Set(['new.example']));
});

test('attack: promise 23: a grant opens no private address, and is not used up by trying', async (t) => {
  const { path, grants, reached } = await openWay(t, {
    'new.example': [['127.0.0.1'], ['10.0.0.1'], [PUBLIC]],
  });
  grants.add(granted('once', 'a1', 8));
  for (let n = 0; n < 2; n += 1)
    assert.match((await ask(path, 'new.example:8'))[0], /private network, or to this machine/);
  assert.deepEqual(reached, []);
  const [said, socket] = await ask(path, 'new.example:8');
  socket.destroy();
  assert.match(said, /^HTTP\/1\.1 200/);
});

test('a grant holds for its session, agent, host and port alone, and ends when the owner takes the host away', async (t) => {
  const grants = new Grants(ruled(t));
  grants.add(granted('session', 'a1', 8));
  const asker = { session: 's1', agent: 'bell' };
  for (let n = 0; n < 3; n += 1) assert.ok(grants.take(asker, 'new.example', 8));
  for (const [who, host, port] of [
    [{ ...asker, session: 's2' }, 'new.example', 8],
    [{ ...asker, agent: 'other' }, 'new.example', 8],
    [asker, 'x.new.example', 8],
    [asker, 'new.example', 9],
  ] as const)
    assert.deepEqual([grants.isGood(who, host, port), grants.take(who, host, port)], [false, false]);
  grants.remove({ agent: 'bell', host: 'new.example', port: 8 });
  grants.add(granted('session', 'a1', 8));
  assert.equal(grants.isGood(asker, 'new.example', 8), false);
});

test('always is a rule for public addresses; one that the owner wrote by hand stays as it is', async (t) => {
  const dir = tempFolder(t);
  const rules = new Rules(dir);
  const grants = new Grants(dir);
  grants.add(granted('always', 'a1', 8));
  assert.deepEqual(rules.find('bell', 'new.example', 8), { isPrivate: false });
  rules.allow({ agent: 'bell', host: 'new.example', port: 9, isPrivate: true });
  grants.add(granted('always', 'a2', 9));
  assert.deepEqual(rules.find('bell', 'new.example', 9), { isPrivate: true });
  // Granted again after a crash, when it has been taken away meanwhile.
  rules.remove({ agent: 'bell', host: 'new.example', port: 8 });
  grants.add(granted('always', 'a1', 8));
  assert.equal(rules.find('bell', 'new.example', 8), null);
});

test('attack: a name without a dot is no card: it is this machine, or one of a private network', async (t) => {
  const { path, questions } = await openWay(t);
  for (const target of ['localhost:22', 'router:443']) assert.match((await ask(path, target))[0], /403/);
  assert.deepEqual(questions, []);
});

test('a tunnel is in the audit before it leads anywhere, a refusal by its code; what cannot be written stays shut', async (t) => {
  const told: string[] = [];
  const trail = (passing: DoorTrail['passing']): DoorTrail => ({
    passing,
    refused: (target, { code }) => void told.push(`${code} ${target}`),
  });
  const way = await openWay(
    t,
    undefined,
    true,
    TUNNEL_LIMITS,
    trail((what, target) => {
      assert.equal(way.reached.length, 0);
      told.push(`${what} ${target}`);
      return null;
    }),
  );
  const to = `${HOST}:${way.port}`;
  const [, socket] = await ask(way.path, to);
  await hello(socket, HOST);
  assert.match((await ask(way.path, 'other.example:443'))[0], /403/);
  assert.deepEqual(told, [`tunnel CONNECT ${to}`, 'not_allowed CONNECT other.example:443']);

  const shut = await openWay(
    t,
    undefined,
    true,
    TUNNEL_LIMITS,
    trail(() => REFUSALS.noAudit),
  );
  assert.match(
    (await ask(shut.path, `${HOST}:${shut.port}`))[0],
    /503[\s\S]*cannot be written into the audit/,
  );
  assert.equal(shut.reached.length, 0);
});
