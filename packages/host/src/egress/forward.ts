/**
 * One request of a sandbox to its model, and the answer back: judged, read, paid for, given the real key, streamed back
 * with back-pressure, unbuffered, metered on its way.
 *
 * A refusal is answered in words while nothing has been answered yet; after that a fault breaks the connection off, so
 * that a cut answer never looks whole.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Transform } from 'node:stream';
import type { DoorTrail } from './audit/door-trail.ts';
import { type Held, readBody } from './body.ts';
import { judge, judgeAnswer, type Passed } from './judge.ts';
import { formsOf } from './policy/placing.ts';
import { type Endpoint, PROVIDERS } from './providers.ts';
import { REFUSALS, type Refusal, refusalBody } from './refusals.ts';
import { createScrubber } from './scrub.ts';
import type { Upstream } from './upstream.ts';
import { type Ask, readAsk } from './usage/ask.ts';
import { createMeter } from './usage/meter.ts';
import type { Let, Outcome } from './usage/purse.ts';
import { searchesByName } from './usage/reach.ts';
import type { Usage } from './usage/read-usage.ts';

export interface ForwardDeps {
  readonly upstream: Upstream;
  readonly keyOf: (endpoint: Endpoint) => string | null;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Of its session, and of all. */
  readonly held: readonly Held[];
}

type Request = Pick<Passed, 'url' | 'method' | 'headers'>;

export interface DoorDeps extends ForwardDeps {
  readonly trail: DoorTrail;
}

/** `pay` is asked before a call that costs money goes out, and then it is put into the audit. Resolves when it is on its way, or refused. Never rejects. */
export async function forward(
  deps: DoorDeps,
  endpoint: Endpoint | null,
  incoming: IncomingMessage,
  response: ServerResponse,
  pay: (endpoint: Endpoint, ask: Ask) => Let,
): Promise<void> {
  const { method = '', url: target = '', headers } = incoming;
  const no = (refusal: Refusal) => {
    deps.trail.refused(`${method} ${target.split('?')[0]}`, refusal);
    refuse(response, refusal);
  };
  const verdict = judge({ method, target, headers }, endpoint);
  if (verdict.kind === 'refuse') return no(verdict.refusal);
  const key = deps.keyOf(verdict.endpoint);
  if (key === null && !PROVIDERS[verdict.endpoint.provider].keyless) return no(REFUSALS.noKey);
  const read = await readBody(incoming, deps.held);
  if (read.kind === 'refuse') return no(read.refusal);
  if (read.kind === 'gone') return;
  try {
    const ask = verdict.format && readAsk(verdict.format, read.bytes);
    if (verdict.format && !ask) return no(REFUSALS.noJson);
    if (ask && isErrand(withModel(ask, verdict.url), verdict.endpoint)) return no(REFUSALS.reaches);
    const out = ask ? pay(verdict.endpoint, withModel(ask, verdict.url)) : FREE;
    if (out.kind === 'refuse') return no(out.refusal);
    const off = deps.trail.passing('request', targetWords(verdict));
    if (off) {
      out.settle(UNSENT);
      return refuse(response, off);
    }
    const request = withKey(verdict, verdict.endpoint, key);
    send(deps, request, key, ask?.body ?? read.bytes, response, out.settle);
  } finally {
    read.release();
  }
}

/** What its owner has chosen may search. */
function isErrand({ reachesOut, model }: Ask, endpoint: Endpoint): boolean {
  return reachesOut || (model !== null && model !== endpoint.model && searchesByName(model));
}

function targetWords({ method, url }: Passed): string {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return `${method} ${url.hostname}:${port}${url.pathname}`;
}

const UNSENT: Outcome = { status: 0, sent: false, whole: false, usage: null, firstByteMs: null, totalMs: 0 };
const FREE: Let = { kind: 'go', settle: () => undefined };

/** Gemini's paths name the model. */
function withModel(ask: Ask, { pathname }: URL): Ask {
  const named = /\/models\/([\w.-]+):\w+$/.exec(pathname)?.[1];
  return named === undefined ? ask : { ...ask, model: named };
}

export function withKey(passed: Request, endpoint: Endpoint, key: string | null): Request {
  const { auth, otherAuth } = PROVIDERS[endpoint.provider];
  if (key === null) return passed;
  if (!otherAuth || !key.startsWith(otherAuth.begins))
    return { ...passed, headers: { ...passed.headers, [auth.header]: `${auth.prefix}${key}` } };
  const { header, prefix, beta } = otherAuth;
  const asked = passed.headers['anthropic-beta'];
  const betas = asked === undefined ? beta : `${asked},${beta}`;
  return { ...passed, headers: { ...passed.headers, [header]: `${prefix}${key}`, 'anthropic-beta': betas } };
}

function send(
  deps: ForwardDeps,
  { url, method, headers }: Request,
  key: string | null,
  body: Buffer,
  response: ServerResponse,
  onEnd: (outcome: Outcome) => void,
): void {
  const startedMs = deps.now();
  const seen = {
    status: 0,
    sent: false,
    whole: false,
    firstByteMs: null as number | null,
    usage: null as (() => Usage) | null,
    over: false,
  };
  const framing = method === 'GET' ? {} : { 'content-length': `${body.length}` };
  const out = deps.upstream(url, { method, headers: { ...headers, ...framing } });
  const over = () => {
    if (seen.over) return;
    seen.over = true;
    const { status, sent, whole, firstByteMs, usage } = seen;
    onEnd({ status, sent, whole, usage: usage?.() ?? null, firstByteMs, totalMs: deps.now() - startedMs });
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
  out.once('socket', (socket) => {
    if (!socket.connecting) seen.sent = true;
    else
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        seen.sent = true;
      });
  });
  out.on('error', () => fail(REFUSALS.unreachable));
  out.once('response', (answer) => {
    seen.status = answer.statusCode ?? 0;
    const judged = judgeAnswer(seen.status, answer.headers, key);
    if ('refusal' in judged) return fail(judged.refusal);
    const meter = createMeter();
    seen.usage = () => meter.end();
    answer.once('data', () => {
      seen.firstByteMs = deps.now() - startedMs;
    });
    answer.once('end', () => {
      seen.whole = true;
    });
    answer.once('error', () => response.destroy());
    response.writeHead(seen.status, judged.headers);
    response.flushHeaders();
    answer.pipe(passing(key, (chunk) => meter.push(chunk))).pipe(response);
  });
  out.end(body);
}

/** Takes the key out of what passes, and meters the rest: an answer that says the key as its model's name is on record. */
function passing(key: string | null, look: (chunk: Buffer) => void): Transform {
  const scrubber = createScrubber(key === null ? [] : formsOf(key, []));
  const seen = (clean: Buffer): Buffer => {
    look(clean);
    return clean;
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, seen(scrubber.push(chunk)));
    },
    flush: (done) => done(null, seen(scrubber.end())),
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
