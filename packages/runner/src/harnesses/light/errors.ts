/**
 * What went wrong at the model, by what to do about it: pure, over tables. Providers say the same things in different
 * places, before a stream or in the middle of it (error-words.ts); what they say is data, and of its words only what is ours
 * goes on. What deviates from the schema and is no error that is known is no fault of the network: it is tried once more.
 */
import { boundedWait, clip } from '@bellhop/mailbox';
import { classOfStatus, classOfWords, isServerCode, type ProblemClass } from './error-words.ts';

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
  /** Ask again in another way. */
  | { readonly kind: 'adapt'; readonly to: Way }
  | { readonly kind: 'fail'; readonly words: string };

/** What a model takes, as far as its refusals tell. */
export type Way = 'no_pictures' | 'thoughts_missing' | 'thoughts_refused';

export interface Facts {
  /** Model calls of this turn that succeeded. */
  readonly steps: number;
  /** Failures of this call in a row. */
  readonly tries: number;
  readonly compactions: number;
  /** Whether the conversation brings pictures. */
  readonly pictures?: boolean;
  /** The ways in which this turn has asked already. */
  readonly ways?: readonly Way[];
}

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
  no_pictures: 'the model takes no pictures',
  thoughts_missing: 'the model did not take the request',
  thoughts_refused: 'the model did not take the request',
  unreadable: 'what the model sent is no answer, twice',
  bad_request: 'the model did not take the request',
};

/** Of these, what was said is all there is to go by. */
const TELLING: readonly ProblemClass[] = [
  'bad_request',
  'not_allowed',
  'budget_over',
  'no_pictures',
  'thoughts_missing',
  'thoughts_refused',
  'unreadable',
];
const WAYS: readonly ProblemClass[] = ['no_pictures', 'thoughts_missing', 'thoughts_refused'] satisfies Way[];
const RETRYABLE: readonly ProblemClass[] = ['rate_limit', 'overload', 'network', 'server', 'budget'];

export function decide(problem: Problem, facts: Facts): Decision {
  if (problem.class === 'context' && facts.compactions < MAX_COMPACTIONS) return { kind: 'compact' };
  const way = newWay(problem.class, facts);
  if (way) return { kind: 'adapt', to: way };
  const words = WORDS[problem.class];
  // Paid for already, as likely as not, so once more and no more; the turn is not given back for it.
  if (problem.class === 'unreadable' && facts.tries === 0) return { kind: 'wait', ms: WAITS_MS[0] ?? 0 };
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

function newWay(found: ProblemClass, { ways = [], pictures = false }: Facts): Way | null {
  const way = WAYS.includes(found) ? (found as Way) : null;
  if (way === null || ways.includes(way) || (way === 'no_pictures' && !pictures)) return null;
  return way;
}

const DECIMAL = /^\d+(\.\d+)?$/;
const MAX_SAID = 200;
/** Of what it said, for the tables. */
const MAX_LOOKED_AT = 4_000;

/** @param error what the call threw, or what stood in the stream in place of an answer. */
export function classify(error: unknown, nowMs: number): Problem {
  const { status, headers, codes, said, names } = readError(error);
  const found = classOfWords(said, codes) ?? classOfRest(status, codes, names);
  return { class: found, retryAfterMs: retryAfter(headers, nowMs), said: clip(said, MAX_SAID) };
}

/** By these the client says that it could not read what came, or we do. */
const UNREAD = /^(Unreadable|ErrorInAnswer|AI_.*(Parse|Validation|ResponseData|NoOutput|EmptyResponse).*)$/;
const NETWORK = /^(ECONN\w+|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|UND_ERR_\w+)$/;

function classOfRest(
  status: number | null,
  codes: readonly string[],
  names: readonly string[],
): ProblemClass {
  if (status !== null) return classOfStatus(status);
  if (codes.some(isServerCode)) return 'server';
  if (names.some((name) => UNREAD.test(name))) return 'unreadable';
  // In words that nobody knows; without any, the connection broke, maybe in the middle of a good answer.
  return codes.some((code) => !NETWORK.test(code)) ? 'unreadable' : 'network';
}

type Json = Readonly<Record<string, unknown>>;

/** An error may be wrapped by those who handed it on. */
const MAX_CAUSES = 5;

function readError(error: unknown): {
  readonly status: number | null;
  readonly headers: Json;
  readonly codes: readonly string[];
  readonly said: string;
  readonly names: readonly string[];
} {
  const outer = chainOf(error);
  // {error: {…}}, or {error: "…"}, as all of them answer; in mid-stream some leave the outer part away.
  // From the inside out: who wraps an error says less.
  const inner = outer.toReversed().flatMap((one) => {
    const body = parse(one.responseBody);
    return [asObject(body.error), body, asObject(one.error), asObject(asObject(one.data).error), one];
  });
  const headers =
    outer.map((one) => asObject(one.responseHeaders)).find((one) => Object.keys(one).length > 0) ?? {};
  const numbers = inner.flatMap(({ statusCode, code, status }) => [statusCode, code, status]).map(Number);
  const status = numbers.find((n) => n >= 400 && n < 600) ?? null;
  const codes = inner.flatMap(({ type, code, status: word }) => [type, code, word]).flatMap(toCode);
  const said = inner.flatMap(({ message, error: words }) => [message, words]).filter(isText);
  const ours = headers['x-bellhop-error'];
  const named = ours === 'refused' ? `refused ${status}` : ours;
  return {
    status,
    headers,
    codes: isText(named) ? [named] : codes,
    said: clip(said[0] ?? (isText(error) ? error : ''), MAX_LOOKED_AT),
    names: outer.map(({ name }) => name).filter(isText),
  };
}

function chainOf(error: unknown): Json[] {
  const chain: Json[] = [];
  for (
    let at = error;
    chain.length < MAX_CAUSES && typeof at === 'object' && at !== null;
    at = (at as Json).cause
  ) {
    chain.push(at as Json);
  }
  return chain;
}
/** Milliseconds, seconds or a date, as one of both headers says it; at most a day, whatever stands there. */
function retryAfter(headers: Json, nowMs: number): number {
  const [exact, value] = [headers['retry-after-ms'], headers['retry-after']];
  if (isText(exact) && DECIMAL.test(exact)) return boundedWait(Number(exact));
  if (!isText(value)) return 0;
  return boundedWait(DECIMAL.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs);
}

/** A number that is no status is a code of its provider's own. */
function toCode(value: unknown): string[] {
  if (isText(value)) return [clip(value, MAX_SAID)];
  return typeof value === 'number' && !(value >= 200 && value < 600) ? [String(value)] : [];
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
