/**
 * One request to a host and its answer back, both streamed as they come: the secrets are put in at the very last, and
 * taken out of whatever is answered.
 *
 * A fault after the answer has begun breaks the connection off, so that a cut answer never looks whole. A redirect is
 * answered as it is: where the client goes next is judged as its next request.
 */
import type { IncomingMessage, RequestOptions, ServerResponse } from 'node:http';
import type { Agent } from 'node:https';
import { type Duplex, PassThrough, Transform } from 'node:stream';
import { formsOf } from '../policy/placing.ts';
import { type Refusal, refuse } from '../refusals.ts';
import { createScrubber } from '../scrub.ts';
import { judgeHostAnswer } from './judge-answer.ts';
import { type PassedOn, withSecrets } from './judge-request.ts';
import { ENDED } from './refusals.ts';

export interface PassOnDeps {
  /** Null: it is not stored, or cannot be read. */
  readonly secretOf: (name: string) => string | null;
  /** That it is about to be shown to its host. */
  readonly noteUsed: (name: string) => void;
  /** To the judged addresses of this one host. */
  readonly agent: Agent;
  /** Without a byte either way. */
  readonly idleMs: number;
}

const MAX_HEADER_BYTES = 64 * 1024;

export function passOn(
  deps: PassOnDeps,
  to: { readonly host: string; readonly port: number },
  passed: PassedOn,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  const filled = withSecrets(passed, deps.secretOf);
  if (!filled) {
    turnAway(incoming, response, ENDED.noSecret);
    return;
  }
  for (const { secret } of passed.placed) deps.noteUsed(secret);
  const forms = allForms(passed, deps.secretOf);
  // An import of node:https would load much more than it (upstream.ts).
  const out = process.getBuiltinModule('node:https').request({
    ...to,
    method: passed.method,
    path: filled.target,
    headers: { ...filled.headers, ...framing(incoming) } as RequestOptions['headers'],
    agent: deps.agent,
    setHost: false,
    timeout: deps.idleMs,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  const fail = (refusal: Refusal) => {
    out.destroy();
    if (response.headersSent) response.destroy();
    else turnAway(incoming, response, refusal);
  };
  const seen = { answer: false };
  response.once('close', () => {
    if (!response.writableFinished) out.destroy();
  });
  incoming.once('error', () => out.destroy());
  out.once('close', () => {
    // A host may answer before it has all of the body, and want no more of it: the answer stands.
    incoming.unpipe(out);
    incoming.resume();
    // One that wants to speak something else (101) is closed without an error.
    if (!seen.answer && !response.headersSent) fail(ENDED.unreachable);
  });
  out.on('timeout', () => out.destroy(new Error('it was silent for too long')));
  out.on('error', (error: NodeJS.ErrnoException) => {
    // Once it has begun, an answer tells by its own error that it broke off.
    if (!seen.answer) fail(isCertificate(error) ? ENDED.badCertificate : ENDED.unreachable);
  });
  out.once('response', (answer) => {
    seen.answer = true;
    const status = answer.statusCode ?? 0;
    const judged = judgeHostAnswer(status, answer.headersDistinct, forms);
    if ('refusal' in judged) {
      fail(judged.refusal);
      return;
    }
    answer.once('error', () => response.destroy());
    response.writeHead(status, judged.headers);
    response.flushHeaders();
    answer.pipe(scrubbing(forms)).pipe(response);
  });
  incoming.pipe(out);
}

function allForms({ guarded }: PassedOn, secretOf: PassOnDeps['secretOf']): string[] {
  const names = [...new Set(guarded.map(({ secret }) => secret))];
  return names.flatMap((name) => {
    const value = secretOf(name);
    const placings = guarded.filter(({ secret }) => secret === name).map(({ placing }) => placing);
    return value === null ? [] : formsOf(value, placings);
  });
}

/** Where the body ends: said as it was said to us, and never twice. */
function framing({ method = '', headers }: IncomingMessage): Record<string, string> {
  if (headers['transfer-encoding'] !== undefined) return { 'transfer-encoding': 'chunked' };
  const length = headers['content-length'];
  if (length !== undefined) return { 'content-length': length };
  return ['POST', 'PUT', 'PATCH'].includes(method) ? { 'content-length': '0' } : {};
}

function scrubbing(forms: readonly string[]): Duplex {
  if (forms.length === 0) return new PassThrough();
  const scrubber = createScrubber(forms);
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, scrubber.push(chunk)),
    flush: (done) => done(null, scrubber.end()),
  });
}

/** What still comes of its body is dropped, so that the words can be read. */
export function turnAway(incoming: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (response.destroyed) return;
  incoming.unpipe();
  incoming.resume();
  refuse(response, refusal);
}

function isCertificate({ code = '' }: NodeJS.ErrnoException): boolean {
  return /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO_/.test(code);
}
