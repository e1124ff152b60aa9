/**
 * A sandbox's end of the way out, the real egress process, and an HTTPS server on loopback that echoes: TLS is ended in
 * between. The sandbox trusts what DATA/trust says, the egress process the server's own certificate.
 */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { RequestRule } from '../../../src/egress/port.ts';
import { tempFolder } from '../../temp-folder.ts';
import { CERT, KEY, listenTls } from '../loopback-tls.ts';
import { type Answered, type EgressWorld, startEgress } from '../world.ts';

export const SECRET = 'canary/secret+0123456789';

export interface Echoed {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface EndingWorld extends EgressWorld {
  readonly port: number;
  /** All that reached the server. */
  readonly seen: Echoed[];
  /** What it answers; by default what it was asked, as JSON. */
  answer: (echoed: Echoed, response: ServerResponse, incoming: IncomingMessage) => void;
  /** A socket of agent bell. */
  readonly socketPath: string;
  /** `localhost` at the server's port, for bell, every method and path, unless said otherwise. */
  rule(some?: Partial<RequestRule>): RequestRule;
  /** CONNECT and TLS, as a client in the sandbox would. */
  open(options?: OpenOptions): Promise<TLSSocket>;
  /** One request on a connection of its own. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answered>;
}

export interface OpenOptions {
  readonly socketPath?: string;
  readonly servername?: string;
  readonly protocols?: string[];
  /** Another host and port. */
  readonly to?: string;
}

export interface AskOptions extends OpenOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** @param env of the egress process; without NODE_EXTRA_CA_CERTS it trusts the server. */
export async function openEndingWorld(
  t: TestContext,
  env: Record<string, string> | null = null,
): Promise<EndingWorld> {
  const seen: Echoed[] = [];
  const server = createServer({ cert: CERT, key: KEY }, async (incoming, response) => {
    response.on('error', () => undefined);
    const body = await text(incoming).catch(() => 'cut');
    const { method = '', url = '', headers } = incoming;
    const echoed = { method, url, headers, body };
    seen.push(echoed);
    world.answer(echoed, response, incoming);
  });
  const port = await listenTls(t, server);
  const authority = join(tempFolder(t), 'test-ca.pem');
  writeFileSync(authority, CERT);
  const egress = await startEgress(t, env ?? { NODE_EXTRA_CA_CERTS: authority });
  const socketPath = await egress.door('s1', null);
  const world: EndingWorld = {
    ...egress,
    port,
    seen,
    socketPath,
    answer: (echoed, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(echoed));
    },
    rule: (some = {}) => ({
      ...{ agent: 'bell', host: 'localhost', port, method: '*', path: '/*', isPrivate: true },
      ...{ secret: null, placing: null },
      ...some,
    }),
    async open({ socketPath: path = socketPath, servername = 'localhost', protocols, to } = {}) {
      const socket = await tunnel(path, to ?? `localhost:${port}`);
      const ca = readFileSync(join(egress.dir, 'trust/roots.pem'));
      const tls = connectTls({
        socket,
        servername,
        ca,
        ...(protocols === undefined ? {} : { ALPNProtocols: protocols }),
      });
      tls.on('error', () => undefined);
      await once(tls, 'secureConnect');
      return tls;
    },
    async ask(method, path, { headers = {}, body = '', ...options } = {}) {
      const tls = await world.open(options);
      const answer = await say(tls, method, path, { host: `localhost:${port}`, ...headers }, body);
      try {
        return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
      } finally {
        tls.destroy();
      }
    },
  };
  return world;
}

async function tunnel(path: string, target: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => undefined);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  const [said] = (await once(socket, 'data')) as [Buffer];
  if (!String(said).startsWith('HTTP/1.1 200 ')) throw new Error(String(said));
  return socket;
}

/** Resolves with the answer's head. */
export function say(
  tls: TLSSocket,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const framing = body.length > 0 ? { 'content-length': `${body.length}` } : {};
    const out = request({
      createConnection: () => tls,
      method,
      path,
      headers: { ...headers, ...framing },
      setHost: false,
    });
    out.once('response', resolve);
    out.on('error', reject);
    out.end(body);
  });
}
