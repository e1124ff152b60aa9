/**
 * A model on loopback that says what a script says, in the words of four protocols: which one, the request's path
 * tells. It remembers what it was asked. Nothing of it leaves this machine.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { anthropic } from './anthropic.ts';
import { google } from './google.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import type { Body, Failure, Protocol } from './protocol.ts';
import type { Answer, Json, ModelRequest, Script } from './script.ts';
import { refusalOf } from './strict.ts';

const PROTOCOLS: readonly Protocol[] = [anthropic, openaiChat, openaiResponses, google];

/** The one that it lists; it answers to every name. */
const MODEL = 'test';

export interface FakeModel {
  /** Paths of the APIs are told by their ends: anything may stand before them. */
  readonly url: string;
  readonly requests: readonly ModelRequest[];
  /** Calls that wait for their answer. */
  open(): number;
  /** Ends connections that wait, too. */
  close(): Promise<void>;
}

/** `strict`: what any of all providers refuses is refused (strict.ts). Off only where that is what a test is about. */
export interface ServerOptions {
  readonly strict?: boolean;
}

/** @param key when given, another key is refused. */
export async function startFakeModel(
  script: Script,
  key?: string,
  { strict = true }: ServerOptions = {},
): Promise<FakeModel> {
  const requests: ModelRequest[] = [];
  const state = { script, key, requests, strict, thinks: false };
  const waiting = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    waiting.add(response);
    response.once('close', () => waiting.delete(response));
    const path = request.url?.split('?')[0] ?? '';
    if (request.method === 'GET' && path.endsWith('/models')) {
      // Each client reads the list that it knows.
      response.setHeader('content-type', 'application/json');
      const [data, models] = [[{ id: MODEL }], [{ name: `models/${MODEL}` }]];
      response.end(JSON.stringify(path.includes('/v1beta/') ? { models } : { object: 'list', data }));
      return;
    }
    const protocol = PROTOCOLS.find((each) => each.path.test(path));
    if (!protocol || request.method !== 'POST') {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { type: 'not_found', message: `no such path: ${path}` } }));
      return;
    }
    answer(protocol, request, response, state).catch((error: Error) => {
      // A script that throws is a test's mistake: it must be seen, by the client's failure at least.
      response.destroy(error);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    open: () => waiting.size,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

interface State {
  readonly script: Script;
  readonly key: string | undefined;
  readonly requests: ModelRequest[];
  readonly strict: boolean;
  /** It has thought aloud. */
  thinks: boolean;
}

async function answer(
  protocol: Protocol,
  incoming: IncomingMessage,
  response: ServerResponse,
  server: State,
): Promise<void> {
  const body = (await json(incoming)) as Body;
  const { headers } = incoming;
  const inPath = protocol.path.exec(incoming.url?.split('?')[0] ?? '')?.groups ?? {};
  const request: ModelRequest = {
    protocol: protocol.name,
    n: server.requests.length + 1,
    model: inPath.model ?? String(body.model),
    stream: body.stream === true || inPath.stream !== undefined,
    headers,
    body,
    ...protocol.read(body),
  };
  server.requests.push(request);
  // Each has its own header; Anthropic takes two, and its clients differ.
  const sent =
    headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers.authorization?.replace(/^Bearer /, '');
  const isRefused = server.key !== undefined && sent !== server.key;
  const refusal = protocol.refusal?.(body) ?? strictRefusal(protocol, body, server);
  if (refusal) return fail(response, refusal);
  const reply = isRefused
    ? ({ kind: 'failure', name: 'bad_key', retryAfterS: null } as const)
    : await server.script(request);
  if (reply.kind === 'failure') {
    const failure = protocol.failures[reply.name];
    const wait = reply.retryAfterS === null ? {} : { 'retry-after': String(reply.retryAfterS) };
    fail(response, failure, wait);
    return;
  }
  if (reply.kind === 'raw') {
    response.writeHead(reply.status, reply.headers);
    for (const packet of reply.body) response.write(packet);
    response.end();
    return;
  }
  server.thinks ||= reply.reasoning !== '';
  const calls = reply.calls.map((call, index) => ({ ...call, id: `${request.n}_${index}` }));
  const numbered = { ...reply, calls };
  if (request.stream && reply.deviates?.whole !== true) stream(protocol, request, numbered, response);
  else {
    const whole = protocol.whole(numbered, request.model) as Json;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reply.deviates?.change?.(whole) ?? whole));
  }
}

/** Refused in the protocol's own shape, as a request that is wrong. */
function strictRefusal(protocol: Protocol, body: Body, { strict, thinks }: State): Failure | null {
  const message = strict ? refusalOf({ body, messages: protocol.strictly(body), thinks }) : null;
  if (message === null) return null;
  const error = { type: 'invalid_request_error', code: null, param: null, message };
  const ofGoogle = { code: 400, status: 'INVALID_ARGUMENT', message };
  const isGoogle = protocol.name === 'google';
  return { status: 400, body: { type: 'error', error: isGoogle ? ofGoogle : error } };
}

function fail(response: ServerResponse, { status, body }: Failure, headers: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function stream(protocol: Protocol, request: ModelRequest, reply: Answer, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  // Each event by itself: clients must put them together, not rely on where a packet ends.
  for (const event of eventsOf(protocol, request, reply)) response.write(event);
  // What was written is on its way before the connection dies.
  if (reply.breaks === 'connection') response.write('', () => response.destroy());
  else response.end();
}

function eventsOf(protocol: Protocol, request: ModelRequest, reply: Answer): readonly string[] {
  const { include_usage = false } = (request.body.stream_options ?? {}) as { include_usage?: boolean };
  const events = protocol.events(reply, request.model, include_usage);
  const { change = (event: Json) => event, noDone = false } = reply.deviates ?? {};
  return events.flatMap((text) => {
    const [, head = '', json = ''] = /^((?:event: .*\n)?data: )(.*)\n\n$/s.exec(text) ?? [];
    if (json === '[DONE]') return noDone ? [] : [text];
    const changed = change(JSON.parse(json));
    return changed === null ? [] : [`${head}${JSON.stringify(changed)}\n\n`];
  });
}
