/** The relay carries bytes between loopback and the session's socket, and nothing is held when one side goes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { openRelay, wayOut } from '../src/relay.ts';

async function relayTo(t: TestContext, onConnection: (socket: Socket) => void) {
  const dir = mkdtempSync(join(tmpdir(), 'bh-relay-'));
  const path = join(dir, 'egress.sock');
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(path);
  await once(server, 'listening');
  const relay = await openRelay(path);
  t.after(() => {
    relay.close();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    relay,
    server,
    client: () => connect({ port: relay.port, host: '127.0.0.1' }),
  };
}

test('what a client says goes out, and the answer comes back, also to one that has ended its side', async (t) => {
  const { client } = await relayTo(t, (socket) => {
    const heard: string[] = [];
    socket.setEncoding('utf8').on('data', (chunk: string) => heard.push(chunk));
    socket.on('end', () => socket.end(`re: ${heard.join('')}${'!'.repeat(500_000)}`));
  });
  const socket = client();
  socket.end('hello');
  assert.equal(await text(socket), `re: hello${'!'.repeat(500_000)}`);
});

test('a way out that breaks is a broken connection, not a silent one', async (t) => {
  const { client, server } = await relayTo(t, (socket) => socket.destroy());
  const socket = client();
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'close');
  server.close();
  await once(server, 'close');
  const late = client();
  late.on('error', () => undefined);
  late.resume();
  await once(late, 'close');
});

test('when the relay is closed, connections that are open end', async (t) => {
  const { client, relay } = await relayTo(t, (socket) => socket.on('error', () => undefined));
  const socket = client();
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  relay.close();
  await once(socket, 'close');
});

test('clients are told the way by the usual variables, with a key that is worth nothing', () => {
  const { modelUrl, variables } = wayOut(4_000);
  assert.equal(modelUrl, 'http://127.0.0.1:4000/model');
  assert.equal(variables.https_proxy, 'http://127.0.0.1:4000');
  assert.equal(variables.ANTHROPIC_API_KEY, 'bellhop-placeholder');
  assert.deepEqual(wayOut(null), { modelUrl: '', variables: {} });
});
