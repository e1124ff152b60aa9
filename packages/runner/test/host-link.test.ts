/**
 * The runner's end of the session's socket, against a host that is a bare Unix socket. What the loop sends when is not
 * tested here.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { HostLink } from '../src/host-link.ts';
import type { RunnerFrame } from '../src/protocol.ts';

const HELLO = { t: 'ready', generation: 3 } as const;
const WORKING = { t: 'working', turn: 'turn-1', messages: ['m1'] } as const;

async function listen(path: string): Promise<Server> {
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  return server;
}

/** The first frames of the next connection. */
async function connection(server: Server, count: number): Promise<{ socket: Socket; frames: RunnerFrame[] }> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  const frames: RunnerFrame[] = [];
  for await (const line of createInterface({ input: socket })) {
    frames.push(JSON.parse(line) as RunnerFrame);
    if (frames.length === count) break;
  }
  return { socket, frames };
}

test('a host that connects late, or again, still hears what the runner works on', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'bh-link-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const server = await listen(join(dir, 'host.sock'));
  const link = new HostLink(join(dir, 'host.sock'), HELLO, () => undefined);
  t.after(async () => {
    await link.close();
    server.close();
  });
  const first = connection(server, 2);
  link.open();
  // As the loop does at a cold start: the claim comes before the socket stands.
  link.send(WORKING);
  const { socket, frames } = await first;
  assert.deepEqual(frames, [HELLO, WORKING]);

  const second = connection(server, 2);
  socket.destroy();
  const again = await second;
  assert.deepEqual(again.frames, [HELLO, WORKING]);
  again.socket.destroy();
});

test('a host that comes back hears that nothing is being worked on any more', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'bh-link-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const server = await listen(join(dir, 'host.sock'));
  const link = new HostLink(join(dir, 'host.sock'), HELLO, () => undefined);
  t.after(async () => {
    await link.close();
    server.close();
  });
  const first = connection(server, 2);
  link.open();
  link.send(WORKING);
  link.send({ t: 'idle' });
  const { socket, frames } = await first;
  assert.deepEqual(frames, [HELLO, { t: 'idle' }]);
  socket.destroy();
});
