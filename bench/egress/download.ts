/** What both downloads share: the same bytes, sent with back-pressure, and the way through the egress process to them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export const MIB = 64;
export const BYTES = MIB * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 'x');

export function sendAll(socket: NodeJS.WritableStream): void {
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

/** Resolves with the time at which the last byte came. Rejects when there are fewer. */
export async function receiveAll(stream: NodeJS.ReadableStream): Promise<number> {
  const got = { bytes: 0 };
  stream.on('data', (chunk: Buffer) => {
    got.bytes += chunk.length;
  });
  await once(stream, 'end');
  if (got.bytes !== BYTES) throw new Error(`${got.bytes} bytes came of ${BYTES}`);
  return performance.now();
}

export async function openDirect(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** @param socketPath of the session. */
export async function openTunnel(socketPath: string, port: number): Promise<Socket> {
  const socket = connect(socketPath);
  socket.write(`CONNECT localhost:${port} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
  const [said] = (await once(socket, 'data')) as [Buffer];
  if (!said.toString('latin1').startsWith('HTTP/1.1 200 ')) throw new Error(said.toString('latin1'));
  return socket;
}
