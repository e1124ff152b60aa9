/**
 * The API over Node's own server.
 *
 * Hono was measured here first: with it the idle host takes 93 MiB, without it 75, because Hono, its server and an ES
 * import of `node:http` each load the whole of undici for the global Request and Response. Hence also
 * `getBuiltinModule`, which loads the server alone.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Log } from '../types.ts';
import { type ApiRequest, type App, answer, loggable } from './routing.ts';
import { writeAnswer } from './write-answer.ts';

export interface Limits {
  /** For the headers, and for the whole of a request, in milliseconds. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** How often both are looked at. */
  readonly checkMs: number;
  readonly connections: number;
}

/** A file of 25 MB comes through in this time at 90 kB/s. */
export const LIMITS: Limits = { headersMs: 10_000, requestMs: 300_000, checkMs: 5_000, connections: 256 };
const MAX_HEADER_BYTES = 16 * 1024;

export function createApiServer(app: () => App, log: Log, limits: Limits = LIMITS): Server {
  const { createServer } = process.getBuiltinModule('node:http');
  const options = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
  };
  const server = createServer(options, (incoming, response) => {
    void serve(app(), incoming, response, log);
  });
  server.maxConnections = limits.connections;
  return server;
}

async function serve(app: App, incoming: IncomingMessage, response: ServerResponse, log: Log): Promise<void> {
  // Not `new URL`: a target such as `//` is no address, and comes from anybody.
  const [path = '/', query = ''] = (incoming.url ?? '/').split('?', 2);
  try {
    const abort = new AbortController();
    response.on('close', () => abort.abort());
    const request: ApiRequest = {
      method: incoming.method ?? 'GET',
      path,
      query: new URLSearchParams(query),
      headers: incoming.headers,
      body: incoming,
      local: { address: incoming.socket.localAddress ?? '', port: incoming.socket.localPort ?? 0 },
      signal: abort.signal,
      cut: () => response.destroy(),
    };
    await writeAnswer(response, await answer(app, request, log), abort.signal);
  } catch (error) {
    // The client is gone, or the stream broke: there is nobody to answer.
    log.warn('answer cut off', { path: loggable(path), error: String(error) });
    response.destroy();
  }
}
