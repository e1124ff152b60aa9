/**
 * The API's small HTTP layer: a table of routes over Node's own server.
 *
 * A handler takes a request and returns an answer, so that it is tested without a socket. Hono was measured here first:
 * with it the idle host takes 93 MiB, without it 75, because Hono, its server and an ES import of `node:http` each load
 * the whole of undici for the global Request and Response. Hence also `getBuiltinModule`, which loads the server alone.
 */

import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Log } from '../types.ts';
import { Problem, toProblem } from './problem.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body, chunk by chunk; nothing is read ahead. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

export type ApiAnswer =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly html: string }
  /** A stream of server-sent events; ends when the generator does, or the client goes. */
  | { readonly status: number; readonly events: AsyncGenerator<string> };

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Segments that begin with `:` are parameters, passed on in their order. */
  readonly path: string;
  handle(request: ApiRequest, ...parameters: string[]): Promise<ApiAnswer>;
}

/** Finds the route and runs it; every error becomes an answer of contract.ts's form. Never rejects. */
export async function answer(routes: readonly Route[], request: ApiRequest, log: Log): Promise<ApiAnswer> {
  try {
    for (const route of routes) {
      const parameters = match(route.path, request.path);
      if (parameters && route.method === request.method) return await route.handle(request, ...parameters);
    }
    throw new Problem(404, 'not_found', 'there is nothing here', 'See ./bellhop help.');
  } catch (error) {
    const problem = toProblem(error);
    if (problem.status === 500) log.error('request failed', { path: request.path, error: String(error) });
    return { status: problem.status, json: problem };
  }
}

function match(pattern: string, path: string): string[] | null {
  const wanted = pattern.split('/');
  const found = path.split('/');
  if (wanted.length !== found.length) return null;
  const parameters: string[] = [];
  for (const [index, segment] of wanted.entries()) {
    const value = found[index] ?? '';
    if (segment.startsWith(':')) parameters.push(value);
    else if (segment !== value) return null;
  }
  return parameters;
}

export function createApiServer(routes: readonly Route[], log: Log): Server {
  const { createServer } = process.getBuiltinModule('node:http');
  return createServer((incoming, response) => {
    void serve(routes, incoming, response, log);
  });
}

async function serve(
  routes: readonly Route[],
  incoming: IncomingMessage,
  response: ServerResponse,
  log: Log,
): Promise<void> {
  try {
    const abort = new AbortController();
    response.on('close', () => abort.abort());
    // Not `new URL`: a target such as `//` is no address, and comes from anybody.
    const [path = '/', query = ''] = (incoming.url ?? '/').split('?', 2);
    const request: ApiRequest = {
      method: incoming.method ?? 'GET',
      path,
      query: new URLSearchParams(query),
      headers: incoming.headers,
      body: incoming,
      signal: abort.signal,
    };
    await write(response, await answer(routes, request, log), abort.signal);
  } catch (error) {
    // The client is gone, or the stream broke: there is nobody to answer.
    log.warn('answer cut off', { path: incoming.url?.slice(0, 100), error: String(error) });
    response.destroy();
  }
}

async function write(response: ServerResponse, answer: ApiAnswer, signal: AbortSignal): Promise<void> {
  if ('json' in answer) {
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.json));
    return;
  }
  if ('html' in answer) {
    const policy = "default-src 'none'; style-src 'unsafe-inline'";
    response.writeHead(answer.status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
    });
    response.end(answer.html);
    return;
  }
  response.writeHead(answer.status, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.flushHeaders();
  for await (const chunk of answer.events) {
    if (signal.aborted) break;
    if (!response.write(chunk)) await once(response, 'drain', { signal });
  }
  response.end();
}
