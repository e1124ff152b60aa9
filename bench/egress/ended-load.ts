/**
 * A process of its own, so that what it takes of the machine is no delay in the host's loop: an HTTPS server, and a
 * client that takes the same body directly and through the egress process, in turn. Says `{port}` when it listens,
 * waits for a word that it may begin, and says `{direct, through}`, milliseconds each.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { CERT, KEY } from '../../packages/host/test/egress/loopback-tls.ts';

const BYTES = 64 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 'x');
const [WARM_UP, TIMED] = [2, 12];

const [socketPath = '', roots = ''] = process.argv.slice(2);

const server = createServer({ cert: CERT, key: KEY }, (_, response) => {
  response.on('error', () => undefined);
  const left = { bytes: BYTES };
  const more = () => {
    while (left.bytes > 0) {
      left.bytes -= CHUNK.length;
      if (!response.write(CHUNK)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
process.send?.({ port });
await once(process, 'message');

const [direct, through]: [number[], number[]] = [[], []];
for (let n = 0; n < WARM_UP + TIMED; n += 1) {
  const plain = connect(port, '127.0.0.1');
  await once(plain, 'connect');
  const directMs = await receive(plain, CERT);
  const throughMs = await receive(await openTunnel(), readFileSync(roots, 'utf8'));
  if (n < WARM_UP) continue;
  direct.push(directMs);
  through.push(throughMs);
}
process.send?.({ direct, through });
process.disconnect?.();
server.close();

/** From the request to the last byte, without the first handshake. */
async function receive(socket: Socket, ca: string): Promise<number> {
  const tls = connectTls({ socket, servername: 'localhost', ca });
  await once(tls, 'secureConnect');
  const from = performance.now();
  const headers = { host: `localhost:${port}` };
  const out = request({ createConnection: () => tls, path: '/all', headers, setHost: false }).end();
  const [answer] = (await once(out, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  const got = { bytes: 0 };
  answer.on('data', (chunk: Buffer) => {
    got.bytes += chunk.length;
  });
  await once(answer, 'end');
  const ms = performance.now() - from;
  tls.destroy();
  if (got.bytes !== BYTES) throw new Error(`${answer.statusCode}: ${got.bytes} bytes came of ${BYTES}`);
  return ms;
}

async function openTunnel(): Promise<Socket> {
  const socket = connect(socketPath);
  socket.write(`CONNECT localhost:${port} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
  const [said] = (await once(socket, 'data')) as [Buffer];
  if (!said.toString('latin1').startsWith('HTTP/1.1 200 ')) throw new Error(said.toString('latin1'));
  return socket;
}
