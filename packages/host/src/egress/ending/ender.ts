/**
 * Ends the TLS of a tunnel whose host has rules by method and path, or a secret, and begins another to that host.
 *
 *   sandbox --TLS, our certificate--> each request judged --TLS, the host's own certificate--> one of the addresses
 *                                                                                    that were judged at CONNECT
 *
 * HTTP/1.1 on both sides. CONNECT, the name in the hello and the Host header say the same host, or nothing passes. What
 * it answers itself is in words (refusals.ts). One connection carries one request after the other.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Agent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { DoorTrail } from '../audit/door-trail.ts';
import type { HostPort } from '../policy/host-names.ts';
import { refusalText } from '../refusals.ts';
import type { Authority } from './authority.ts';
import { judgeRequest, type RequestVerdict, type Way } from './judge-request.ts';
import { passOn, turnAway } from './pass-on.ts';
import { ENDED } from './refusals.ts';

export interface EnderDeps {
  readonly authority: Pick<Authority, 'contextFor'>;
  /** As it is now; null: no more. */
  readonly wayOf: (agent: string, host: string, port: number) => Way | null;
  readonly secretOf: (name: string) => string | null;
  readonly noteUsed: (name: string) => void;
  readonly limits: EnderLimits;
}

export interface EnderLimits {
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  /** Until the handshake and the first headers are complete, and a request whole. */
  readonly headersMs: number;
  readonly requestMs: number;
  readonly keepAliveMs: number;
  readonly checkMs: number;
  /** Without a byte from the host. */
  readonly idleMs: number;
}

export const ENDER_LIMITS: EnderLimits = {
  maxHeaderBytes: 32 * 1024,
  maxHeaders: 100,
  headersMs: 15_000,
  requestMs: 600_000,
  keepAliveMs: 60_000,
  checkMs: 5_000,
  idleMs: 300_000,
};

/** Where a connection leads. */
export interface EndedTo extends HostPort {
  readonly agent: string;
  readonly trail: DoorTrail;
  readonly addresses: readonly { readonly address: string; readonly family: number }[];
}

interface Connection {
  readonly to: EndedTo;
  readonly upstream: Agent;
  isBusy: boolean;
}

export class Ender {
  readonly #deps: EnderDeps;
  readonly #server: Server;
  readonly #connections = new WeakMap<Socket, Connection>();

  constructor(deps: EnderDeps) {
    this.#deps = deps;
    this.#server = createServer(deps.limits, (incoming, response) => {
      // A connection that breaks is told by 'close' on the response.
      incoming.on('error', () => undefined);
      response.on('error', () => undefined);
      try {
        this.#handle(incoming, response);
      } catch {
        // Its rules cannot be read: closed by default. One session's request never ends the others' way out.
        response.destroy();
      }
    });
  }

  /** Takes the tunnel over; its end is told by its own 'close'. Rejects when no certificate can be made. */
  async end(inside: Socket, hello: Buffer, to: EndedTo): Promise<void> {
    const secureContext = await this.#deps.authority.contextFor(to.host);
    if (inside.destroyed) return;
    inside.unshift(hello);
    const secure = new TLSSocket(inside, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] });
    // 'close' follows.
    secure.on('error', () => undefined);
    const upstream = agentTo(to);
    this.#connections.set(secure, { to, upstream, isBusy: false });
    secure.once('close', () => {
      upstream.destroy();
      inside.destroy();
    });
    this.#server.emit('connection', secure);
  }

  #handle(incoming: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.get(incoming.socket);
    if (!connection) {
      response.destroy();
      return;
    }
    const verdict = this.#judge(connection, incoming);
    const target = targetWords(connection.to, incoming);
    if (verdict.kind === 'refuse') {
      connection.to.trail.refused(target, verdict.refusal);
      turnAway(incoming, response, verdict.refusal);
      return;
    }
    const shown = verdict.placed.map(({ secret }) => secret).join(' ');
    const off = connection.to.trail.passing('request', target, shown && `with ${shown}`);
    if (off) {
      turnAway(incoming, response, off);
      return;
    }
    connection.isBusy = true;
    response.once('close', () => {
      connection.isBusy = false;
    });
    const { secretOf, noteUsed, limits } = this.#deps;
    const { to, upstream } = connection;
    passOn({ secretOf, noteUsed, agent: upstream, idleMs: limits.idleMs }, to, verdict, incoming, response);
  }

  #judge({ to, isBusy }: Connection, incoming: IncomingMessage): RequestVerdict {
    if (isBusy) return { kind: 'refuse', refusal: ENDED.oneByOne };
    const { method = '', url: target = '', headers, headersDistinct } = incoming;
    const hosts = headersDistinct.host ?? [];
    return judgeRequest({ method, target, headers, hosts }, to, this.#deps.wayOf(to.agent, to.host, to.port));
  }
}

/** Without its query, which may hold anything. */
function targetWords({ host, port }: EndedTo, { method, url = '' }: IncomingMessage): string {
  return `${method} ${host}:${port}${url.split('?')[0]}`;
}

function createServer(
  limits: EnderLimits,
  handle: (incoming: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server = process.getBuiltinModule('node:http').createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkMs,
      insecureHTTPParser: false,
      requireHostHeader: true,
    },
    handle,
  );
  server.maxHeadersCount = limits.maxHeaders;
  const say = (socket: Duplex) => {
    socket.on('error', () => undefined);
    if (socket.writable) socket.end(refusalText(ENDED.strange), () => socket.destroy());
    else socket.destroy();
  };
  server.on('connect', (_request, socket) => say(socket));
  server.on('upgrade', (_request, socket) => say(socket));
  server.on('clientError', (_error, socket) => say(socket));
  // It listens nowhere: its connections are given to it. Only this begins the watch over who dribbles.
  server.emit('listening');
  return server;
}

/** Connections to this host alone, kept for the tunnel's life; verified by its name, whatever the address. */
function agentTo({ host, addresses }: EndedTo): Agent {
  const { Agent } = process.getBuiltinModule('node:https');
  return new Agent({
    keepAlive: true,
    maxCachedSessions: 0,
    servername: host,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    autoSelectFamily: true,
    lookup: (_name, _options, found) => found(null, [...addresses]),
  });
}
