/**
 * One request of a sandbox to its model, and the answer back: judged, given the real key, streamed both ways with
 * back-pressure, unbuffered, metered on its way.
 *
 * A refusal is answered in words while nothing has been answered yet; after that a fault breaks the connection off, so
 * that a cut answer never looks whole.
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Transform } from 'node:stream';
import { askForUsage } from './chat-body.ts';
import { judge, judgeAnswer, MAX_BODY_BYTES, type Passed } from './judge.ts';
import { type Endpoint, PROVIDERS } from './providers.ts';
import { REFUSALS, type Refusal, refusalBody } from './refusals.ts';
import { createScrubber } from './scrub.ts';
import type { Upstream } from './upstream.ts';
import { createMeter, type Usage } from './usage/meter.ts';

export interface ForwardDeps {
  readonly upstream: Upstream;
  readonly keyOf: (endpoint: Endpoint) => string | null;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Of all sessions: bodies that are read whole before they go out. */
  readonly held: { bytes: number };
}

/** Two of the biggest. A sandbox that sends many at once costs itself a refusal, not this process its memory. */
const MAX_HELD_BYTES = 2 * MAX_BODY_BYTES;

type Request = Pick<Passed, 'url' | 'method' | 'headers'>;

/** What became of a request that went out. */
export interface Outcome {
  readonly status: number;
  /** Null: it was not answered. */
  readonly usage: Usage | null;
  readonly firstByteMs: number | null;
  readonly totalMs: number;
}

/** `onEnd` is called once, after the last byte, and not for what never went out. */
export function forward(
  deps: ForwardDeps,
  endpoint: Endpoint | null,
  incoming: IncomingMessage,
  response: ServerResponse,
  onEnd: (outcome: Outcome) => void,
): void {
  const { method = '', url: target = '', headers } = incoming;
  const verdict = judge({ method, target, headers }, endpoint);
  if (verdict.kind === 'refuse') {
    refuse(response, verdict.refusal);
    return;
  }
  const key = deps.keyOf(verdict.endpoint);
  if (key === null && !PROVIDERS[verdict.endpoint.provider].keyless) {
    refuse(response, REFUSALS.noKey);
    return;
  }
  const body = verdict.asksForUsage ? rewritten(incoming, deps.held) : asItComes(incoming);
  send(deps, withKey(verdict, verdict.endpoint, key), key, body, response, onEnd);
}

export function withKey(passed: Request, endpoint: Endpoint, key: string | null): Request {
  const { auth } = PROVIDERS[endpoint.provider];
  if (key === null) return passed;
  return { ...passed, headers: { ...passed.headers, [auth.header]: `${auth.prefix}${key}` } };
}

function send(
  deps: ForwardDeps,
  { url, method, headers }: Request,
  key: string | null,
  sendBody: SendBody,
  response: ServerResponse,
  onEnd: (outcome: Outcome) => void,
): void {
  const startedMs = deps.now();
  const seen: { status: number; firstByteMs: number | null; usage: (() => Usage) | null; over: boolean } = {
    status: 0,
    firstByteMs: null,
    usage: null,
    over: false,
  };
  const out = deps.upstream(url, { method, headers });
  const over = () => {
    if (seen.over) return;
    seen.over = true;
    const { status, firstByteMs, usage } = seen;
    onEnd({ status, usage: usage?.() ?? null, firstByteMs, totalMs: deps.now() - startedMs });
  };
  const fail = (refusal: Refusal) => {
    out.destroy();
    if (response.headersSent) response.destroy();
    else refuse(response, refusal);
  };
  // Finished or gone: either way nobody takes any more of it.
  response.once('close', () => {
    if (!response.writableFinished) out.destroy();
    over();
  });
  out.on('error', () => fail(REFUSALS.unreachable));
  out.once('response', (answer) => {
    seen.status = answer.statusCode ?? 0;
    const judged = judgeAnswer(seen.status, answer.headers, key);
    if ('refusal' in judged) return fail(judged.refusal);
    const meter = createMeter(answer.headers['content-type'] ?? '');
    seen.usage = () => meter.end();
    answer.once('data', () => {
      seen.firstByteMs = deps.now() - startedMs;
    });
    answer.once('error', () => response.destroy());
    response.writeHead(seen.status, judged.headers);
    response.flushHeaders();
    answer.pipe(passing(key, (chunk) => meter.push(chunk))).pipe(response);
  });
  sendBody(out, fail);
}

/** Sends the body of a request on its way, or says why it may not go. */
type SendBody = (out: ClientRequest, fail: (refusal: Refusal) => void) => void;

function asItComes(incoming: IncomingMessage): SendBody {
  return (out, fail) => {
    incoming.once('error', () => out.destroy());
    incoming.pipe(limited(() => fail(REFUSALS.tooBig))).pipe(out);
  };
}

function rewritten(incoming: IncomingMessage, held: ForwardDeps['held']): SendBody {
  return (out, fail) => {
    const chunks: Buffer[] = [];
    const own = { bytes: 0 };
    const release = () => {
      held.bytes -= own.bytes;
      own.bytes = 0;
    };
    out.once('close', release);
    const limit = limited(() => fail(REFUSALS.tooBig));
    incoming.once('error', () => out.destroy());
    limit.on('data', (chunk: Buffer) => {
      if (out.destroyed) return;
      held.bytes += chunk.length;
      own.bytes += chunk.length;
      chunks.push(chunk);
      if (held.bytes > MAX_HELD_BYTES) fail(REFUSALS.tooMany);
    });
    limit.once('end', () => {
      if (out.destroyed) return;
      const body = askForUsage(Buffer.concat(chunks));
      if (body === null) return fail(REFUSALS.noJson);
      out.setHeader('content-length', body.length);
      out.end(body);
      release();
    });
    incoming.pipe(limit);
  };
}

function limited(tooBig: () => void): Transform {
  const count = { bytes: 0 };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count.bytes += chunk.length;
      if (count.bytes <= MAX_BODY_BYTES) return done(null, chunk);
      tooBig();
      // The rest is taken and dropped, so that the refusal can be read.
      done();
    },
  });
}

/** Meters what passes and takes the key out of it. */
function passing(key: string | null, look: (chunk: Buffer) => void): Transform {
  const scrubber = createScrubber(key);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      look(chunk);
      done(null, scrubber.push(chunk));
    },
    flush: (done) => done(null, scrubber.end()),
  });
}

export function refuse(response: ServerResponse, refusal: Refusal): void {
  const body = refusalBody(refusal);
  // Whatever of the request is still on its way is not worth reading.
  response.writeHead(refusal.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-bellhop-error': refusal.code,
    connection: 'close',
  });
  response.end(body);
}
