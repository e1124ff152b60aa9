/**
 * A connection to the model that was kept open, and that the other end closes: before the next request was written, or
 * behind it. Through the real egress process; the model's end says and does what bytes a test wants.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { readUsageSums } from '../../src/egress/usage/report.ts';
import { tempFolder } from '../temp-folder.ts';
import { until } from '../until.ts';
import { CERT, KEY } from './loopback-tls.ts';
import { type Answered, pidOf, startEgress } from './world.ts';

const PATH = '/model/chat/completions';
/** What it can cost at most: 100 out, each a micro-dollar. An answer has four. */
const BODY = '{"model":"m-1","max_tokens":100}';
const MOST = 100;
const ANSWER = '{"model":"m-1","usage":{"prompt_tokens":3,"completion_tokens":4}}';
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const WHOLE = `${HEAD}content-length: ${ANSWER.length}\r\n\r\n${ANSWER}`;

interface Heard {
  readonly socket: Socket;
  /** Counted from 1. */
  readonly connection: number;
  /** On this connection, counted from 1. */
  readonly request: number;
}

async function world(t: TestContext, scheme: 'http' | 'https' = 'http') {
  const heard: Heard[] = [];
  const model = {
    connections: 0,
    handle: ({ socket }: Heard): void => void socket.write(WHOLE),
  };
  const onSocket = (socket: Socket) => {
    model.connections += 1;
    const connection = model.connections;
    let request = 0;
    socket.on('error', () => undefined);
    // One request comes in one piece, or in two whose second has no request line.
    socket.on('data', (bytes: Buffer) => {
      if (!/^(POST|GET) /.test(bytes.toString('latin1'))) return;
      request += 1;
      const one = { socket, connection, request };
      heard.push(one);
      model.handle(one);
    });
    t.after(() => socket.destroy());
  };
  const server =
    scheme === 'http' ? createServer(onSocket) : createTlsServer({ cert: CERT, key: KEY }, onSocket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const ca = join(tempFolder(t), 'ca.pem');
  writeFileSync(ca, CERT);
  const egress = await startEgress(t, { NODE_EXTRA_CA_CERTS: ca });
  writeFileSync(join(egress.dir, 'egress', 'prices.json'), '{"models": {"m-1": {"input": 0, "output": 1}}}');
  const endpoint = {
    provider: 'compatible',
    model: 'm-1',
    baseUrl: `${scheme}://127.0.0.1:${port}`,
  } as const;
  const socketPath = await egress.door('s', endpoint);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ask = (path = PATH) => begun(agent, socketPath, path).then(({ answered }) => answered);
  /** On a connection of its own. */
  const askApart = (body: string) =>
    begun(new Agent(), socketPath, PATH, body).then(({ answered }) => answered);
  const charged = () =>
    readUsageSums(join(egress.dir, 'egress'), 'agent').reduce((sum, row) => sum + row.chargedMicros, 0);
  const audited = () =>
    readFileSync(join(egress.dir, 'egress', 'audit.jsonl'), 'utf8').split('"request"').length - 1;
  /** Has one answer on a connection that is kept from then on. */
  const begin = async () => {
    assert.equal((await ask()).status, 200);
    await until('it is on record', () => egress.calls.length === 1);
    return { calls: 1, charged: charged(), audited: audited() };
  };
  /** Asks while the egress process stands still, lets `meanwhile` happen, and lets it go on: it sees both at once. */
  const askBeside = async (meanwhile: () => unknown) => {
    const pid = pidOf(egress.dir);
    process.kill(pid, 'SIGSTOP');
    try {
      await until('it stands still', () => /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
      const asked = await begun(agent, socketPath, PATH);
      await meanwhile();
      return asked.answered;
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  };
  const settled = (calls: number) => until('all is on record', () => egress.calls.length === calls);
  return { ...egress, model, heard, ask, askBeside, charged, audited, begin, settled, askApart };
}

/** Resolves when the request is with the system. A path without a body is a GET. */
async function begun(
  agent: Agent,
  socketPath: string,
  path: string,
  body = path === PATH ? BODY : '',
): Promise<{ readonly answered: Promise<Answered> }> {
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const out = request({ socketPath, path, method: body === '' ? 'GET' : 'POST', headers, agent });
  const answered = new Promise<Answered>((resolve, reject) => {
    out.on('error', reject);
    out.once('response', (answer) => {
      const { statusCode: status = 0, headers } = answer;
      text(answer).then((body) => resolve({ status, headers, body }), reject);
    });
  });
  out.end(body);
  await once(out, 'finish');
  return { answered };
}

/** The ways in which a server lets go of a connection; each resolves when the system has sent it. */
const ENDS: Readonly<Record<string, (socket: Socket) => Promise<unknown>>> = {
  'closes it': (socket) => once(socket.end(), 'finish'),
  'resets it': (socket) => once(socket.resetAndDestroy(), 'close'),
};

for (const [how, end] of Object.entries(ENDS)) {
  test(`C4: the other end ${how} before the request was written: it is asked on a new connection, and pays once`, async (t) => {
    const { model, heard, askBeside, charged, audited, begin, settled } = await world(t);
    const before = await begin();
    const asking = askBeside(async () => {
      const [first] = heard;
      assert.ok(first);
      await end(first.socket);
    });
    assert.equal((await asking).status, 200);
    await settled(2);
    assert.deepEqual([model.connections, heard.length], [2, 2]);
    assert.equal(charged() - before.charged, 4);
    assert.equal(audited() - before.audited, 1);
  });

  test(`C4: the other end ${how} behind the request: it is asked once more, nobody is told, and the first attempt stays charged`, async (t) => {
    const { model, heard, ask, charged, audited, begin, calls, settled } = await world(t);
    const before = await begin();
    model.handle = ({ socket, request }) => void (request > 1 ? end(socket) : socket.write(WHOLE));
    const { status, body } = await ask();
    assert.deepEqual([status, body], [200, ANSWER]);
    await settled(3);
    assert.deepEqual(
      heard.map(({ connection, request }) => [connection, request]),
      [
        [1, 1],
        [1, 2],
        [2, 1],
      ],
    );
    assert.equal(charged() - before.charged, MOST + 4);
    assert.deepEqual(
      calls.slice(1).map((call) => [call.status, call.chargedMicros]),
      [
        [0, MOST],
        [200, 4],
      ],
    );
    assert.equal(audited() - before.audited, 2, 'each attempt is in the audit');
  });
}

test('C4: with TLS the end of a kept connection is seen in the same way', async (t) => {
  const { model, heard, ask, askBeside, charged, begin, settled } = await world(t, 'https');
  const before = await begin();
  const asking = askBeside(async () => {
    const [first] = heard;
    assert.ok(first);
    await once(first.socket.end(), 'finish');
  });
  assert.equal((await asking).status, 200);
  await settled(2);
  assert.deepEqual([model.connections, charged() - before.charged], [2, 4]);
  assert.equal((await ask()).status, 200);
  await settled(3);
  model.handle = ({ socket, request }) => void (request > 1 ? socket.destroy() : socket.write(WHOLE));
  assert.equal((await ask()).status, 200);
  await settled(5);
  assert.equal(charged() - before.charged, 4 + 4 + MOST + 4);
});

test('C4: a server that says "too late" and closes, before the request was written, has answered nothing', async (t) => {
  const { heard, askBeside, charged, begin, settled } = await world(t);
  const before = await begin();
  const asking = askBeside(async () => {
    const socket = heard[0]?.socket as Socket;
    await once(socket.end('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n'), 'finish');
  });
  assert.equal((await asking).status, 200);
  await settled(2);
  assert.equal(charged() - before.charged, 4);
});

test('C4: the second attempt breaks off as well: it is said, there is no third, and both stay charged', async (t) => {
  const { model, heard, ask, charged, begin, settled } = await world(t);
  const before = await begin();
  model.handle = ({ socket }) => void socket.resetAndDestroy();
  const { status, headers } = await ask();
  assert.deepEqual([status, headers['x-bellhop-error']], [502, 'unreachable']);
  await settled(3);
  assert.equal(heard.length, 3);
  assert.equal(charged() - before.charged, 2 * MOST);
});

test('C4: a new connection that is reset, and a kept one on which an answer has begun, are not asked again', async (t) => {
  const { model, heard, ask, charged, begin, settled } = await world(t);
  const before = await begin();
  // Half a head, half a body, and a word that is no answer yet.
  for (const [n, some] of [HEAD, WHOLE.slice(0, -5), 'HTTP/1.1 103 Early Hints\r\n\r\n'].entries()) {
    const was = heard.length;
    model.handle = ({ socket }) => void socket.write(some, () => socket.resetAndDestroy());
    const refused = await ask().then(
      ({ status }) => status,
      () => 'cut',
    );
    assert.ok(refused === 502 || refused === 'cut', `${refused}`);
    await settled(2 * n + 2);
    assert.equal(heard.length, was + 1, some);
    assert.equal(charged() - before.charged, (n + 1) * MOST + n * 4);
    model.handle = ({ socket }) => void socket.write(WHOLE);
    assert.equal((await ask()).status, 200);
    await settled(2 * n + 3);
  }
});

test('C4: a budget that has no room for the second attempt refuses it, and the first stays charged', async (t) => {
  const { model, heard, ask, egress, charged, begin, settled, parked } = await world(t);
  const before = await begin();
  await egress.setBudget({ agent: 'bell', period: 'day', capMicros: before.charged + MOST + MOST - 1 });
  model.handle = ({ socket }) => void socket.resetAndDestroy();
  const { status, headers } = await ask();
  assert.deepEqual([status, headers['x-bellhop-error']], [429, 'budget_asked']);
  await settled(2);
  await until('the host is told', () => parked.length === 1);
  assert.equal(heard.length, 2);
  assert.equal(charged() - before.charged, MOST);
});

test('C4: what costs nothing is asked once more as well, and stays free', async (t) => {
  const { model, heard, ask, charged, begin } = await world(t);
  const before = await begin();
  model.handle = ({ socket, request }) =>
    request > 1 ? void socket.resetAndDestroy() : void socket.write(WHOLE);
  assert.equal((await ask('/model/models')).status, 200);
  assert.equal(heard.length, 3);
  assert.equal(charged(), before.charged);
});

test('C4: a body that is held for a second attempt alone makes room for others, and is not sent again then', async (t) => {
  const { model, heard, askApart, charged, begin, settled } = await world(t);
  const before = await begin();
  // Two of them are more than a session may have at once. Their bytes cost nothing here.
  const big = `{"model":"m-1","max_tokens":100,"messages":["${'x'.repeat(20 * 1024 * 1024)}"]}`;
  const hung = Promise.withResolvers<Socket>();
  model.handle = ({ socket, request }) => void (request > 1 ? hung.resolve(socket) : socket.write(WHOLE));
  const first = askApart(big);
  const socket = await hung.promise;
  assert.equal((await askApart(big)).status, 200);
  await settled(2);
  socket.resetAndDestroy();
  const { status, headers } = await first;
  assert.deepEqual([status, headers['x-bellhop-error']], [502, 'unreachable']);
  await settled(3);
  assert.equal(heard.length, 3);
  assert.equal(charged() - before.charged, MOST + 4);
});

test('an endpoint that would speak something else ends its own call, in words', async (t) => {
  const { model, ask } = await world(t);
  model.handle = ({ socket }) =>
    void socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
  assert.equal((await ask()).headers['x-bellhop-error'], 'unreachable');
});
