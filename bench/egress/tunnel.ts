/**
 * What a blind tunnel leaves of the speed of TLS on loopback: the same bytes from the same server, direct and through
 * the session's socket, in turn. The relay in a sandbox is not in it.
 */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls, createServer } from 'node:tls';
import { CERT, KEY } from '../../packages/host/test/egress/loopback-tls.ts';
import { type Measured, percentile } from '../report.ts';
import { MIB, openDirect, openTunnel, receiveAll, sendAll } from './download.ts';

const [WARM_UP, TIMED] = [2, 16];
/** Half the throughput is twice the time. */
const TIMES = 2;

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
    const directMs = await download(await openDirect(port));
    const throughMs = await download(await openTunnel(socketPath, port));
    if (n < WARM_UP) continue;
    direct.push(directMs);
    through.push(throughMs);
  }
  server.close();
  const floor = { what: 'a direct download', samples: direct };
  const share = (percentile(direct, 50) / percentile(through, 50)).toFixed(2);
  return {
    measured: { name: 'egress.tunnel', unit: 'ms', samples: through, floor, limit: { times: TIMES } },
    note: `tunnel: ${MIB} MiB by TLS, ${share} of the direct throughput`,
  };
}

/** From the request to the last byte, without the handshake. */
async function download(socket: Socket): Promise<number> {
  const tls = connectTls({ socket, servername: 'localhost', rejectUnauthorized: false });
  await once(tls, 'secureConnect');
  const from = performance.now();
  const received = receiveAll(tls);
  tls.write('all, please');
  const ms = (await received) - from;
  tls.destroy();
  return ms;
}
