/**
 * What went wrong at the model, by what to do about it: pure, over tables. Providers say the same things in different
 * places, before a stream or in the middle of it; what they say is data, and of its words only what is ours goes on.
 */

import { boundedWait } from '@bellhop/mailbox';

export type ProblemClass =
  | 'rate_limit'
  | 'overload'
  | 'network'
  | 'server'
  | 'bad_key'
  | 'no_credit'
  | 'unknown_model'
  | 'context'
  | 'not_allowed'
  | 'budget'
  | 'budget_over'
  | 'bad_request';

export interface Problem {
  readonly class: ProblemClass;
  readonly retryAfterMs: number;
  /** What it said, cut short, for the classes that need it. */
  readonly said: string;
}

export type Decision =
  /** Try this call again in this turn. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Give the turn back: it runs again from its start. */
  | { readonly kind: 'later'; readonly retryAfterMs: number; readonly words: string }
  | { readonly kind: 'compact' }
  | { readonly kind: 'fail'; readonly words: string };

/** Waits inside a turn that has done work already, in milliseconds; then it is given back. */
const WAITS_MS: readonly number[] = [1_000, 4_000, 15_000, 40_000];
/** A longer wait is not waited for with a sandbox held awake. */
const MAX_WAIT_MS = 120_000;
const MAX_COMPACTIONS = 2;

const WORDS: Readonly<Record<ProblemClass, string>> = {
  rate_limit: 'the model asks to wait (too many requests)',
  overload: 'the model is overloaded',
  network: 'the model cannot be reached',
  server: 'the model has a problem of its own',
  bad_key: 'the model did not accept the key. Enter another one: ./bellhop model set',
  no_credit:
    'the account at the provider of the model has no credit left. Top it up there, or choose another: ./bellhop model set',
  unknown_model: 'the provider has no model of this name. Choose another: ./bellhop model list',
  context: 'the conversation is too long for this model, even shortened. Begin a new one with /new',
  not_allowed: 'the model may not be reached from here',
  budget: 'the budget is used up, and the owner is asked for more',
  budget_over: 'the budget is used up',
  bad_request: 'the model did not take the request',
};

/** Of these, what was said is all there is to go by. */
const TELLING: readonly ProblemClass[] = ['bad_request', 'not_allowed', 'budget_over'];
const RETRYABLE: readonly ProblemClass[] = ['rate_limit', 'overload', 'network', 'server', 'budget'];

/** @param facts `steps`: model calls of this turn that succeeded; `tries`: failures of this call in a row. */
export function decide(
  problem: Problem,
  facts: { readonly steps: number; readonly tries: number; readonly compactions: number },
): Decision {
  if (problem.class === 'context' && facts.compactions < MAX_COMPACTIONS) return { kind: 'compact' };
  const words = WORDS[problem.class];
  if (!RETRYABLE.includes(problem.class)) {
    const said = problem.said === '' ? '' : ` (it says: ${problem.said})`;
    return { kind: 'fail', words: TELLING.includes(problem.class) ? `${words}${said}` : words };
  }
  const wait = WAITS_MS[facts.tries];
  const ms = Math.max(wait ?? 0, problem.retryAfterMs);
  // The first call of a turn has nothing to lose: its sandbox need not be held for it.
  // A person is asked about a budget, and takes their time.
  if (facts.steps === 0 || wait === undefined || ms > MAX_WAIT_MS || problem.class === 'budget') {
    return { kind: 'later', retryAfterMs: problem.retryAfterMs, words };
  }
  return { kind: 'wait', ms };
}

/** What the provider, or the way to it, calls the error. The first that matches counts. */
const BY_CODE: readonly (readonly [RegExp, ProblemClass])[] = [
  [/^no_key$/, 'bad_key'],
  [/^unreachable$/, 'network'],
  [/^budget_asked$/, 'budget'],
  [/^budget_over$/, 'budget_over'],
  [/^(not_allowed|refused 502)$/, 'not_allowed'],
  [/insufficient_quota|billing|credit/, 'no_credit'],
  [/rate_limit|RESOURCE_EXHAUSTED/, 'rate_limit'],
  [/overloaded|UNAVAILABLE/, 'overload'],
  [/invalid_api_key|authentication|permission|UNAUTHENTICATED|PERMISSION_DENIED/, 'bad_key'],
  [/model_not_found|^not_found_error$|NOT_FOUND/, 'unknown_model'],
  [/context_length|request_too_large/, 'context'],
];

const BY_WORDS: readonly (readonly [RegExp, ProblemClass])[] = [
  [
    /prompt is too long|context (length|window|size)|maximum context|too many (input )?tokens|input token count/i,
    'context',
  ],
  [
    /credit balance|insufficient (credit|funds|balance|quota)|exceeded your current quota|billing/i,
    'no_credit',
  ],
  [/api[ _-]?key (is )?(not valid|invalid)|invalid (x-)?api[ _-]?key/i, 'bad_key'],
  [/overloaded/i, 'overload'],
];

function byStatus(status: number | null): ProblemClass {
  // The connection broke, maybe in the middle of a good answer.
  if (status === null || status < 400) return 'network';
  if (status === 401 || status === 403) return 'bad_key';
  if (status === 402) return 'no_credit';
  if (status === 404) return 'unknown_model';
  if (status === 413) return 'context';
  if (status === 429) return 'rate_limit';
  if (status === 503 || status === 529) return 'overload';
  if (status >= 500 || status === 408 || status === 409) return 'server';
  return 'bad_request';
}

const DECIMAL = /^\d+(\.\d+)?$/;

/** @param error what the call threw, or what stood in the stream in place of an answer. */
export function classify(error: unknown, nowMs: number): Problem {
  const { status, headers, codes, said } = readError(error);
  const found =
    BY_CODE.find(([pattern]) => codes.some((code) => pattern.test(code)))?.[1] ??
    BY_WORDS.find(([pattern]) => pattern.test(said))?.[1] ??
    (status === null && codes.length > 0 ? 'server' : byStatus(status));
  return { class: found, retryAfterMs: retryAfter(headers, nowMs), said: said.slice(0, 200) };
}

type Json = Readonly<Record<string, unknown>>;

function readError(error: unknown): {
  readonly status: number | null;
  readonly headers: Json;
  readonly codes: readonly string[];
  readonly said: string;
} {
  const outer = asObject(error);
  const body = parse(outer.responseBody);
  // {error: {…}} as all of them answer; in mid-stream some leave the outer part away.
  const inner = [asObject(body.error), asObject(outer.error), asObject(asObject(outer.data).error), outer];
  const headers = asObject(outer.responseHeaders);
  const codes = inner.flatMap(({ type, code, status }) => [type, code, status]).filter(isText);
  const said = inner.map(({ message }) => message).find(isText) ?? (isText(error) ? error : '');
  const status = inner.map(({ statusCode, code }) => statusCode ?? code).find((n) => typeof n === 'number');
  const bellhop = headers['x-bellhop-error'];
  const ours = bellhop === 'refused' ? `refused ${status}` : bellhop;
  return {
    status: (status as number | undefined) ?? null,
    headers,
    codes: isText(ours) ? [ours] : codes,
    said,
  };
}

/** Milliseconds, seconds or a date, as one of both headers says it; at most a day, whatever stands there. */
function retryAfter(headers: Json, nowMs: number): number {
  const [exact, value] = [headers['retry-after-ms'], headers['retry-after']];
  if (isText(exact) && DECIMAL.test(exact)) return boundedWait(Number(exact));
  if (!isText(value)) return 0;
  return boundedWait(DECIMAL.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs);
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function parse(body: unknown): Json {
  try {
    return isText(body) ? asObject(JSON.parse(body)) : {};
  } catch (notJson) {
    // An HTML page of some proxy: its status says enough.
    if (notJson instanceof SyntaxError) return {};
    throw notJson;
  }
}
