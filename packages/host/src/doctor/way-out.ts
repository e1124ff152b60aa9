/**
 * The pair: through a real egress process a host that is allowed is reached, and one that is not is refused; when the
 * process is gone nothing is. On loopback, with a rule and a door of its own.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { EGRESS_SOCKET } from '../egress/port.ts';
import { type Finding, type Look, ok } from './port.ts';

const AGENT = 'doctor';
const PATIENCE_MS = 30_000;

export const lookAtWayOut: Look = async ({ openWayOut }) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    // The first bytes of a TLS hello: it was reached.
    socket.once('data', () => socket.end());
  });
  const reached = { count: 0 };
  server.on('connection', () => {
    reached.count += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const way = await openWayOut();
  try {
    await way.egress.allowHost({ agent: AGENT, host: 'localhost', port, isPrivate: true });
    const plan = { session: AGENT, agent: AGENT, generation: 1, endpoint: null };
    await way.egress.open({ dir: way.folder, ...plan });
    const socket = join(way.folder, EGRESS_SOCKET);
    const allowed = await ask(socket, `localhost:${port}`);
    const isReached = reached.count === 1;
    const refused = await ask(socket, 'example.com:443');
    await way.stop();
    const afterwards = await ask(socket, `localhost:${port}`);
    return judge({ allowed: allowed === '200' && isReached, refused, afterwards });
  } finally {
    await way.stop();
    server.close();
  }
};

/** Pure. @param refused what a host without a rule got; @param afterwards what any host gets when the process is gone. */
export function judge(seen: { allowed: boolean; refused: string; afterwards: string }): Finding[] {
  const fix = 'See why: ./bellhop logs. Until it is mended, no agent should run here.';
  const broken = (promise: number, what: string): Finding => ({
    id: 'egress',
    severity: 'error',
    promise,
    what,
    fix,
  });
  const found: Finding[] = [];
  if (!seen.allowed) found.push(broken(6, 'A host that is allowed is not reached by the way out.'));
  if (seen.refused !== '403')
    found.push(broken(7, `A host that nobody allowed got the answer ${seen.refused}.`));
  if (seen.afterwards !== 'nothing')
    found.push(broken(14, 'Without the egress process something still answers.'));
  const good = 'An allowed host is reached, another is refused, and without the egress process none is.';
  return found.length === 0 ? [ok('egress', good, 6)] : found;
}

/** The status that CONNECT got, or `nothing`. */
async function ask(path: string, target: string): Promise<string> {
  const socket = connect(path);
  const late = setTimeout(() => socket.destroy(), PATIENCE_MS);
  try {
    return await new Promise<string>((resolve) => {
      socket.once('error', () => resolve('nothing')).once('close', () => resolve('nothing'));
      socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
      socket.once('data', (chunk: Buffer) => {
        const status = /^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1'))?.[1] ?? 'nonsense';
        if (status !== '200') return resolve(status);
        const tls = connectTls({ socket, servername: target.split(':')[0] ?? '', rejectUnauthorized: false });
        // Whoever was reached has no certificate: he hangs up, and that is all that is wanted.
        tls.once('error', () => resolve(status)).once('close', () => resolve(status));
      });
    });
  } finally {
    clearTimeout(late);
    socket.destroy();
  }
}
