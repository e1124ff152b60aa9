/**
 * What a blind tunnel leaves of the speed of TLS on loopback: the same bytes from the same server, direct and through
 * the session's socket, in turn. The relay in a sandbox is not in it.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls, createServer } from 'node:tls';
import { CERT, KEY } from '../../packages/host/test/egress/loopback-tls.ts';
import { type Measured, percentile } from '../report.ts';

const BYTES = 64 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 'x');
const [WARM_UP, TIMED] = [2, 12];
/** Half the throughput is twice the time. */
const MOST_TIMES_DIRECT = 2;

/** @param allow lets the agent behind `socketPath` reach this port of localhost. */
export async function measureTunnel(
  socketPath: string,
  allow: (port: number) => Promise<unknown>,
): Promise<{ readonly measured: Measured; readonly note: string }> {
  const server = createServer({ cert: CERT, key: KEY }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => sendAll(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await allow(port);
  const [direct, through]: [number[], number[]] = [[], []];
  for (let n = 0; n < WARM_UP + TIMED; n += 1) {
    const plain = connect(port, '127.0.0.1');
    await once(plain, 'connect');
    const directMs = await receiveAll(plain);
    const throughMs = await receiveAll(await openTunnel(socketPath, `localhost:${port}`));
    if (n < WARM_UP) continue;
    direct.push(directMs);
    through.push(throughMs);
  }
  server.close();
  const floor = percentile(direct, 50);
  const limits = { p50: Math.round(MOST_TIMES_DIRECT * floor), floors: MOST_TIMES_DIRECT };
  const share = (floor / percentile(through, 50)).toFixed(2);
  return {
    measured: { name: 'egress.tunnel', unit: 'ms', samples: through, limits, floor },
    note: `tunnel: ${BYTES / 1024 / 1024} MiB by TLS, ${share} of the direct throughput (floor: direct)`,
  };
}

function sendAll(socket: NodeJS.WritableStream): void {
  const left = { bytes: BYTES };
  const more = () => {
    while (left.bytes > 0) {
      left.bytes -= CHUNK.length;
      if (!socket.write(CHUNK)) return void socket.once('drain', more);
    }
    socket.end();
  };
  more();
}

/** From the request to the last byte, without the handshake. */
async function receiveAll(socket: Socket): Promise<number> {
  const tls = connectTls({ socket, servername: 'localhost', rejectUnauthorized: false });
  await once(tls, 'secureConnect');
  const got = { bytes: 0 };
  tls.on('data', (chunk: Buffer) => {
    got.bytes += chunk.length;
  });
  const from = performance.now();
  tls.write('all, please');
  await once(tls, 'end');
  const ms = performance.now() - from;
  tls.destroy();
  if (got.bytes !== BYTES) throw new Error(`${got.bytes} bytes came of ${BYTES}`);
  return ms;
}

async function openTunnel(socketPath: string, target: string): Promise<Socket> {
  const socket = connect(socketPath);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  const [said] = (await once(socket, 'data')) as [Buffer];
  if (!said.toString('latin1').startsWith('HTTP/1.1 200 ')) throw new Error(said.toString('latin1'));
  return socket;
}
