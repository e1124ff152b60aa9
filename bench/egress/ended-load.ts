/**
 * A process of its own, so that what it takes of the machine is no delay in the host's loop: an HTTPS server, and a
 * client that takes the same body directly and through the egress process, in turn. Says `{port}` when it listens; for
 * each word that comes in it does one round and says `{direct, through}`, milliseconds each.
 *
 * Arguments: the session's socket, and the file of authorities that a sandbox trusts.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { CERT, KEY } from '../../packages/host/test/egress/loopback-tls.ts';
import { openDirect, openTunnel, receiveAll, sendAll } from './download.ts';

/** A loop's delays are counted over as long a time. */
const PAIRS_A_ROUND = 3;

const [socketPath = '', roots = ''] = process.argv.slice(2);

const server = createServer({ cert: CERT, key: KEY }, (_, response) => {
  response.on('error', () => undefined);
  sendAll(response);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

process.on('message', () => void round());
process.once('disconnect', () => process.exit());
process.send?.({ port });

async function round(): Promise<void> {
  const [direct, through]: [number[], number[]] = [[], []];
  for (let n = 0; n < PAIRS_A_ROUND; n += 1) {
    direct.push(await download(await openDirect(port), CERT));
    through.push(await download(await openTunnel(socketPath, port), readFileSync(roots, 'utf8')));
  }
  process.send?.({ direct, through });
}

/** From the request to the last byte, without the first handshake. */
async function download(socket: Socket, ca: string): Promise<number> {
  const tls = connectTls({ socket, servername: 'localhost', ca });
  await once(tls, 'secureConnect');
  const from = performance.now();
  const headers = { host: `localhost:${port}` };
  const out = request({ createConnection: () => tls, path: '/all', headers, setHost: false }).end();
  const [answer] = (await once(out, 'response')) as [IncomingMessage];
  if (answer.statusCode !== 200) throw new Error(`the answer is ${answer.statusCode}`);
  const ms = (await receiveAll(answer)) - from;
  tls.destroy();
  return ms;
}
