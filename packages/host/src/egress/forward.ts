/**
 * One request of a sandbox to its model: judged, read, paid for, given the real key, and sent (attempt.ts).
 *
 * An attempt on a kept connection that turned out to be closed is made once more, on a new one, and nobody is told. What
 * was written may have been worked on: it stays charged with its reservation, and the second attempt is paid for and put
 * into the audit by itself. What was not written costs nothing, and the second attempt takes its place.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { attempt } from './attempt.ts';
import type { DoorTrail } from './audit/door-trail.ts';
import { type Held, holdSpare, readBody } from './body.ts';
import { judge, type Passed } from './judge.ts';
import { type Endpoint, PROVIDERS } from './providers.ts';
import { REFUSALS, type Refusal, refuse } from './refusals.ts';
import type { Upstream } from './upstream.ts';
import { type Ask, readAsk, type Wanted } from './usage/ask.ts';
import type { Let, Outcome } from './usage/purse.ts';
import { searchesByName } from './usage/reach.ts';

export interface ForwardDeps {
  readonly upstream: Upstream;
  readonly keyOf: (endpoint: Endpoint) => string | null;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Of its session, and of all. */
  readonly held: readonly Held[];
}

type Request = Pick<Passed, 'url' | 'method' | 'headers'>;
type Settle = (outcome: Outcome) => void;

export interface DoorDeps extends ForwardDeps {
  readonly trail: DoorTrail;
}

/** `pay` is asked before a call that costs money goes out, and then it is put into the audit. Resolves when it is on its way, or refused. Never rejects. */
export async function forward(
  deps: DoorDeps,
  endpoint: Endpoint | null,
  incoming: IncomingMessage,
  response: ServerResponse,
  pay: (endpoint: Endpoint, wanted: Wanted) => Let,
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
  const ask = verdict.format && readAsk(verdict.format, read.bytes);
  // Without the body: what is caught in here is held until the answer has ended.
  const wanted = ask && withModel(ask, verdict.url);
  const letOut = (): Settle | null => {
    const out = wanted ? pay(verdict.endpoint, wanted) : FREE;
    if (out.kind === 'refuse') {
      no(out.refusal);
      return null;
    }
    const off = deps.trail.passing('request', targetWords(verdict));
    if (!off) return out.settle;
    out.settle(UNSENT);
    refuse(response, off);
    return null;
  };
  const bad = whyBad(verdict, wanted);
  if (bad) no(bad);
  const settle = bad ? null : letOut();
  if (!settle) {
    read.release();
    return;
  }
  const body = ask?.body ?? read.bytes;
  const spare = holdSpare(deps.held, body, read.release);
  const plan = { request: withKey(verdict, verdict.endpoint, key), key };
  attempt(deps, { ...plan, body, isFresh: false }, response, {
    onSure: () => spare.letGo(),
    onEnd(outcome) {
      spare.letGo();
      settle(outcome);
    },
    onStale(outcome) {
      const left = spare.take();
      if (outcome.sent || left === null) settle(outcome);
      if (left === null) {
        refuse(response, REFUSALS.unreachable);
        return;
      }
      const again = outcome.sent ? letOut() : settle;
      if (again) attempt(deps, { ...plan, body: left, isFresh: true }, response, { onEnd: again });
    },
  });
}

/** Why it does not go out, for what its body says; null when it may. */
function whyBad({ format, endpoint }: Passed, wanted: Wanted | null): Refusal | null {
  if (format && !wanted) return REFUSALS.noJson;
  return wanted && isErrand(wanted, endpoint) ? REFUSALS.reaches : null;
}

/** What its owner has chosen may search. */
function isErrand({ reachesOut, model }: Wanted, endpoint: Endpoint): boolean {
  return reachesOut || (model !== null && model !== endpoint.model && searchesByName(model));
}

function targetWords({ method, url }: Passed): string {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return `${method} ${url.hostname}:${port}${url.pathname}`;
}

const UNSENT: Outcome = { status: 0, sent: false, whole: false, usage: null, firstByteMs: null, totalMs: 0 };
const FREE: Let = { kind: 'go', settle: () => undefined };

/** Gemini's paths name the model. */
function withModel({ body: _, ...wanted }: Ask, { pathname }: URL): Wanted {
  const named = /\/models\/([\w.-]+):\w+$/.exec(pathname)?.[1];
  return named === undefined ? wanted : { ...wanted, model: named };
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
