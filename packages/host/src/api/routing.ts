/**
 * A table of routes: what a request and an answer are, and how one comes from the other. Knows no socket, so that a
 * handler is tested without one.
 */

import type { FileHandle } from 'node:fs/promises';
import { clip } from '@bellhop/mailbox';
import type { Log } from '../types.ts';
import { Problem, toProblem } from './problem.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body, chunk by chunk; nothing is read ahead. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Address and port of ours that the client has connected to; '' and 0 on a socket. */
  readonly local: { readonly address: string; readonly port: number };
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** Breaks the connection off: for a client that takes nothing. */
  readonly cut: () => void;
}

export type ApiAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
} & (
  | { readonly json: unknown }
  | { readonly html: string }
  | { readonly text: string }
  /** Closed when it has been sent. */
  | { readonly file: FileHandle; readonly size: number }
  /** A stream of server-sent events; ends when the generator does, or the client goes. */
  | { readonly events: AsyncGenerator<string> }
  | { readonly empty: true }
);

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Segments that begin with `:` are parameters, passed on decoded, in their order. */
  readonly path: string;
  /** Anybody who reaches the listener may ask this; all others only who is signed in. */
  readonly open?: true;
  handle(request: ApiRequest, ...parameters: string[]): Promise<ApiAnswer>;
}

export interface App {
  readonly routes: readonly Route[];
  /** Looks at each request before anything of it is used; throws a Problem. */
  guard?(request: ApiRequest): void;
  /** Throws a Problem for a request that is not signed in. Without it everybody is: the owner's socket. */
  identify?(request: ApiRequest): Promise<void>;
}

/** Finds the route and runs it; every error becomes an answer of contract.ts's form. Never rejects. */
export async function answer(app: App, request: ApiRequest, log: Log): Promise<ApiAnswer> {
  try {
    app.guard?.(request);
    for (const route of app.routes) {
      const parameters = route.method === request.method ? match(route.path, request.path) : null;
      if (!parameters) continue;
      if (!route.open) await app.identify?.(request);
      return await route.handle(request, ...parameters);
    }
    throw new Problem(404, 'not_found', 'there is nothing here', 'See ./bellhop help.');
  } catch (error) {
    const problem = toProblem(error);
    if (problem.status === 500)
      log.error('request failed', { path: loggable(request.path), error: String(error) });
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
    if (segment.startsWith(':')) parameters.push(decoded(value));
    else if (segment !== value) return null;
  }
  return parameters;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new Problem(
      400,
      'bad_request',
      'the address is not valid UTF-8',
      'Encode it with encodeURIComponent.',
    );
  }
}

/** What comes behind `/in/` is a secret. */
export function loggable(path: string): string {
  return path.startsWith('/in/') ? '/in/…' : clip(path, 100);
}
