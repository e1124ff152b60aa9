/**
 * One request to a model on one connection, and its answer back: streamed with back-pressure, unbuffered, metered on its
 * way. A refusal is answered in words while nothing has been answered yet; after that a fault breaks the connection off,
 * so that a cut answer never looks whole.
 *
 * A connection that was kept open may be closed by the other end at any time, and only a request finds out. Such an
 * attempt is stale: it is not answered, and whoever made it may make another on a new connection. Whether it was paid
 * for hangs on one thing, which is why nothing is written before the event loop has looked at the socket once more:
 *
 *   kept socket --closed when looked at--> stale, not sent
 *               '--request written--> reset before a byte of the answer --> stale, sent: the other end may have worked
 *                                     '--> answered
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Transform } from 'node:stream';
import { judgeAnswer, type Passed } from './judge.ts';
import { formsOf } from './policy/placing.ts';
import { REFUSALS, type Refusal, refuse } from './refusals.ts';
import { createScrubber } from './scrub.ts';
import { type Upstream, whenConnected } from './upstream.ts';
import { createMeter } from './usage/meter.ts';
import type { Outcome } from './usage/purse.ts';
import type { Usage } from './usage/read-usage.ts';

export interface AttemptDeps {
  readonly upstream: Upstream;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export interface AttemptPlan {
  readonly request: Pick<Passed, 'url' | 'method' | 'headers'>;
  /** It is in the headers, and is taken out of the answer. */
  readonly key: string | null;
  readonly body: Buffer;
  /** On a new connection. */
  readonly isFresh: boolean;
}

/** Each is called at most once; `onEnd` or `onStale` ends the attempt. */
export interface AttemptHooks {
  readonly onEnd: (outcome: Outcome) => void;
  /** It will not be stale any more: a second attempt need not be provided for. */
  readonly onSure?: () => void;
  /** Only where there is a kept connection; `sent` says whether the request may have arrived. */
  readonly onStale?: (outcome: Outcome) => void;
}

const RESETS = ['ECONNRESET', 'EPIPE', 'ECONNABORTED'];

export function attempt(
  deps: AttemptDeps,
  plan: AttemptPlan,
  response: ServerResponse,
  hooks: AttemptHooks,
): void {
  new Attempt(deps, plan, response, hooks).begin();
}

class Attempt {
  readonly #deps: AttemptDeps;
  readonly #key: string | null;
  /** Until it is written: an answer may take minutes, and is not a reason to hold on to it. */
  #body: Buffer | null;
  readonly #response: ServerResponse;
  readonly #hooks: AttemptHooks;
  readonly #out: ClientRequest;
  readonly #startedMs: number;
  #isKept = false;
  #isSent = false;
  /** A byte has come back. */
  #isAnswered = false;
  #hasFailed = false;
  #isOver = false;
  #status = 0;
  #isWhole = false;
  #firstByteMs: number | null = null;
  #usage: (() => Usage) | null = null;

  constructor(deps: AttemptDeps, plan: AttemptPlan, response: ServerResponse, hooks: AttemptHooks) {
    this.#deps = deps;
    this.#key = plan.key;
    this.#body = plan.body;
    this.#response = response;
    this.#hooks = hooks;
    this.#startedMs = deps.now();
    const { url, method, headers } = plan.request;
    const framing = method === 'GET' ? {} : { 'content-length': `${plan.body.length}` };
    this.#out = deps.upstream(url, { method, headers: { ...headers, ...framing }, isFresh: plan.isFresh });
  }

  begin(): void {
    this.#response.once('close', this.#closed);
    this.#out.once('socket', (socket) => this.#onSocket(socket));
    this.#out.on('error', (error: NodeJS.ErrnoException) => this.#onError(error));
    this.#out.once('response', (answer) => this.#onResponse(answer));
    this.#out.once('close', () => {
      // One that would speak something else (101) is closed without an error.
      if (this.#status === 0) this.#fail(REFUSALS.unreachable);
    });
  }

  /** Finished or gone: either way nobody takes any more of it. */
  readonly #closed = () => {
    this.#end(this.#hooks.onEnd);
    if (!this.#response.writableFinished) this.#out.destroy();
  };

  #onSocket(socket: Socket): void {
    const { onStale, onSure } = this.#hooks;
    this.#isKept = this.#out.reusedSocket && onStale !== undefined;
    whenUsable(this.#out, socket, () => {
      whenConnected(socket, () => {
        this.#isSent = true;
      });
      this.#out.end(this.#body);
      this.#body = null;
    });
    if (!this.#isKept) onSure?.();
    else
      onFirstByte(this.#out, socket, () => {
        this.#isAnswered = true;
        onSure?.();
      });
  }

  #onError({ code = '' }: NodeJS.ErrnoException): void {
    const isReset = !this.#isAnswered && RESETS.includes(code);
    if (this.#isKept && (isReset || !this.#isSent)) this.#goStale();
    else this.#fail(REFUSALS.unreachable);
  }

  #onResponse(answer: IncomingMessage): void {
    // Said before it was asked, as servers say that nothing came for too long: it answers nothing of ours.
    if (this.#isKept && !this.#isSent) {
      this.#goStale();
      return;
    }
    this.#status = answer.statusCode ?? 0;
    const judged = judgeAnswer(this.#status, answer.headers, this.#key);
    if ('refusal' in judged) {
      this.#fail(judged.refusal);
      return;
    }
    const meter = createMeter();
    this.#usage = () => meter.end();
    answer.once('data', () => {
      this.#firstByteMs = this.#deps.now() - this.#startedMs;
    });
    answer.once('end', () => {
      this.#isWhole = true;
    });
    answer.once('error', () => this.#response.destroy());
    this.#response.writeHead(this.#status, judged.headers);
    this.#response.flushHeaders();
    answer.pipe(passing(this.#key, (chunk) => meter.push(chunk))).pipe(this.#response);
  }

  #goStale(): void {
    this.#response.off('close', this.#closed);
    this.#end(this.#hooks.onStale);
    this.#out.destroy();
  }

  #fail(refusal: Refusal): void {
    if (this.#isOver || this.#hasFailed) return;
    this.#hasFailed = true;
    this.#out.destroy();
    if (this.#response.headersSent) this.#response.destroy();
    else refuse(this.#response, refusal);
  }

  #end(tell: ((outcome: Outcome) => void) | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    tell?.({
      status: this.#status,
      sent: this.#isSent,
      whole: this.#isWhole,
      usage: this.#usage?.() ?? null,
      firstByteMs: this.#firstByteMs,
      totalMs: this.#deps.now() - this.#startedMs,
    });
  }
}

/** A kept socket is looked at first: with one that is closed `use` is not called, and the request ends by its error. */
function whenUsable(out: ClientRequest, socket: Socket, use: () => void): void {
  if (!out.reusedSocket) {
    use();
    return;
  }
  // The events of this turn of the loop may be older than the end of the connection. The next turn asks the system anew.
  setImmediate(() =>
    setImmediate(() => {
      if (out.destroyed) return;
      if (socket.writable) use();
      else out.destroy(new Error('it was closed meanwhile'));
    }),
  );
}

function onFirstByte(out: ClientRequest, socket: Socket, seen: () => void): void {
  socket.once('data', seen);
  // The socket may serve others later.
  out.once('close', () => socket.off('data', seen));
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
