/** The door's limits in time and number, with small ones: the numbers that hold are DOOR_LIMITS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { DOOR_LIMITS, type DoorLimits, type Handler, openDoor } from '../../src/egress/door.ts';
import { EGRESS_SOCKET } from '../../src/egress/port.ts';
import { refuse } from '../../src/egress/refusals.ts';
import { tempFolder } from '../temp-folder.ts';
import { lines, raw } from './world.ts';

async function open(
  t: Parameters<typeof tempFolder>[0],
  limits: Partial<DoorLimits>,
  handle: Handler = (_, response) => void response.end('passed'),
): Promise<string> {
  const dir = tempFolder(t);
  const ways = { handle, refuse, connect: (_: unknown, socket: Duplex) => void socket.destroy() };
  const door = await openDoor({ dataDir: dir, user: null }, dir, ways, {
    ...DOOR_LIMITS,
    ...limits,
  });
  t.after(() => door.close());
  return join(dir, EGRESS_SOCKET);
}

test('attack: slow loris: a request whose headers never end is cut off', async (t) => {
  const socket = await open(t, { headersMs: 30, checkMs: 10 });
  const said = await raw(socket, 'POST /model/v1/messages HTTP/1.1\r\nHost: x\r\nX-A: ');
  assert.match(said, /^HTTP\/1\.1 400 /);
});

test('attack: a body that is announced and never comes is cut off', async (t) => {
  const socket = await open(
    t,
    { headersMs: 30, requestMs: 60, checkMs: 10 },
    (incoming) => void incoming.resume(),
  );
  const said = await raw(socket, lines('POST / HTTP/1.1', 'Host: x', 'Content-Length: 10'));
  assert.match(said, /^HTTP\/1\.1 400 |^$/);
});

test('attack: a connection kept open without a request is closed', async (t) => {
  const socket = await open(t, { keepAliveMs: 20 });
  const said = await raw(socket, lines('GET / HTTP/1.1', 'Host: x'));
  assert.match(said, /passed/);
});

test('attack: connections beyond the limit are closed at once; the first ones stay', async (t) => {
  const path = await open(t, { maxConnections: 2 });
  const sockets = [connect(path), connect(path)];
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const third = connect(path);
  third.on('error', () => undefined);
  await once(third, 'close');
  assert.deepEqual(
    sockets.map((socket) => socket.destroyed),
    [false, false],
  );
  for (const socket of sockets) socket.destroy();
});

test('attack: more headers than the limit are refused', async (t) => {
  const socket = await open(t, { maxHeaders: 10 });
  const some = (count: number) => Array.from({ length: count }, (_, n) => `X-${n}: a`);
  const ask = (count: number) =>
    raw(socket, lines('GET / HTTP/1.1', 'Host: x', 'Connection: close', ...some(count)));
  assert.match(await ask(5), /passed/);
  assert.match(await ask(50), /^HTTP\/1\.1 400 /);
});
