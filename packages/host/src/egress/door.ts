/**
 * One session's way out: a Unix socket in its runtime folder, for one generation. Who connects is that session; there
 * is no token. `close` ends the socket and everything that runs through it (promise 13).
 *
 * What connects is hostile. Node's strict parser refuses two lengths, bad chunks, bare line feeds and long headers;
 * here are the limits in numbers.
 */
import { rm } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Folders, shareFile } from '../folders.ts';
import { type DoorPlan, EGRESS_SOCKET } from './port.ts';
import { REFUSALS, type Refusal, refusalText } from './refusals.ts';

export interface DoorLimits {
  readonly maxConnections: number;
  /** Under way at once. */
  readonly maxRequests: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  /** Until the headers are complete, and until the whole request is: who dribbles is cut off. */
  readonly headersMs: number;
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** How often the two are looked at. */
  readonly checkMs: number;
}

export const DOOR_LIMITS: DoorLimits = {
  maxConnections: 64,
  maxRequests: 16,
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
  headersMs: 10_000,
  requestMs: 300_000,
  keepAliveMs: 60_000,
  checkMs: 5_000,
};

export type Handler = (incoming: IncomingMessage, response: ServerResponse) => void;
/** Gets a CONNECT, with what came behind it. */
export type ConnectHandler = (request: IncomingMessage, socket: Socket, head: Buffer) => void;

export interface Handlers {
  readonly handle: Handler;
  readonly connect: ConnectHandler;
  readonly refuse: (response: ServerResponse, refusal: Refusal) => void;
}

export interface OpenDoor {
  close(): Promise<void>;
}

/** Resolves when it listens. The handlers get what is plain HTTP and within the limits. */
export async function openDoor(
  folders: Folders,
  dir: DoorPlan['dir'],
  { handle, connect, refuse }: Handlers,
  limits: DoorLimits = DOOR_LIMITS,
): Promise<OpenDoor> {
  const { createServer } = process.getBuiltinModule('node:http');
  const path = `${dir}/${EGRESS_SOCKET}`;
  // An egress process that died left it.
  await rm(path, { force: true });
  const under = { way: 0 };
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkMs,
      insecureHTTPParser: false,
      requireHostHeader: true,
    },
    (incoming, response) => {
      under.way += 1;
      response.once('close', () => {
        under.way -= 1;
      });
      // A connection that breaks is told by 'close' on the response.
      incoming.on('error', () => undefined);
      response.on('error', () => undefined);
      if (under.way > limits.maxRequests) refuse(response, REFUSALS.tooMany);
      else handle(incoming, response);
    },
  );
  server.maxConnections = limits.maxConnections;
  server.maxHeadersCount = limits.maxHeaders;
  const say = (socket: Duplex, refusal: Refusal) => {
    socket.on('error', () => undefined);
    socket.end(refusalText(refusal), () => socket.destroy());
  };
  // Node lets go of these: they are in no list of the server's.
  const tunnels = new Set<Duplex>();
  server.on('connect', (request, socket, head) => {
    tunnels.add(socket);
    socket.once('close', () => tunnels.delete(socket));
    // On a Unix socket it is one, whatever the type says.
    connect(request, socket as Socket, head);
  });
  server.on('upgrade', (_request, socket) => say(socket, REFUSALS.strange));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) say(socket, REFUSALS.strange);
    else socket.destroy();
  });
  await listening(server, path);
  await shareFile(folders, path, 0o660);
  return { close: () => close(server, tunnels, path) };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // A later one (no descriptor left) costs the sandbox a connection.
    server.on('error', () => undefined);
    server.listen(path, resolve);
  });
}

async function close(server: Server, tunnels: ReadonlySet<Duplex>, path: string): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of tunnels) socket.destroy();
  server.closeAllConnections();
  await closed;
  await rm(path, { force: true });
}
