/**
 * The words of providers for what goes wrong, as tables: in codes and types, in messages, by status. Providers say the same
 * things in many ways; a row that is added here is a row of errors.test.ts, too.
 */
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
  | 'no_pictures'
  | 'thoughts_missing'
  | 'thoughts_refused'
  | 'unreadable'
  | 'bad_request';

type Table = readonly (readonly [RegExp, ProblemClass])[];

/** What the way to the provider calls it: ours, and so to the letter. */
const OURS: Table = [
  [/^no_key$/, 'bad_key'],
  [/^unreachable$/, 'network'],
  [/^budget_asked$/, 'budget'],
  [/^budget_over$/, 'budget_over'],
  [/^(not_allowed|refused 502)$/, 'not_allowed'],
];

/** The first that matches counts. The numbers are Zhipu's (1113, 1261, 13xx) and MiniMax's (1002, 1008, 2013). */
const CODES: Table = [
  [/context_length|context_window|context_size|prompt_tokens_exceeded|tokens_limit_reached/i, 'context'],
  [/request_too_large|string_above_max_length|(input|prompt)_too_(long|large)|^(1261|2013)$/i, 'context'],
  [/insufficient_(quota|balance|funds)|billing|credit|arrear|^(1113|1008)$/i, 'no_credit'],
  [/rate_limit|throttl|too_?many_?requests|RESOURCE_EXHAUSTED|^(1302|1303|1002)$/i, 'rate_limit'],
  [/overloaded|insufficient_system_resource|UNAVAILABLE|^1305$/i, 'overload'],
  [/invalid_api_key|authentication|permission|UNAUTHENTICATED|PERMISSION_DENIED/, 'bad_key'],
  [/model_not_found|^not_found_error$|NOT_FOUND/, 'unknown_model'],
];

/** Said where no status is: that of one that has a status says more. */
const SERVER =
  /^(?!.*invalid).*(server_error|api_error|internal|network_error|bad_gateway|time_?out|DEADLINE)/i;

export function isServerCode(code: string): boolean {
  return SERVER.test(code);
}

/**
 * What a message says, whatever its code: a limit of tokens per minute has the code of a rate limit also for a request that
 * no minute can hold.
 */
const CONTEXT = new RegExp(
  [
    'prompt (is )?too long|input (token length |length )?(is )?too (long|large)|too many total text bytes',
    'context[ _-]?(length|window|size|limit)|maximum context',
    'max(imum)? (allowed )?(prompt|input|model) (length|tokens)|max length|max_(seq|model)_len',
    '(input|prompt) token count|model token limit|token limit exceeded|too many (input )?tokens|max tokens allowed',
    'range of input length|inputs`?( tokens \\+ .{0,40})? must (be <=|have less than)',
    'reduce the length of the|longer than the (model|maximum|context)',
    '超长|超[过出](模型)?(最大|上下文|长度)|上下文长度',
  ].join('|'),
  'i',
);
const WAIT = /tokens?,? please wait|tokens per (min|hour|day)|daily|per-minute/i;
const SIZES = /limit:? *([\d,]+).{0,40}requested:? *([\d,]+)/is;

const OTHERS: Table = [
  [
    /credit balance|insufficient (credit|funds|balance|quota)|exceeded your current quota|billing|余额/i,
    'no_credit',
  ],
  [/api[ _-]?key (is )?(not valid|invalid)|invalid (x-)?api[ _-]?key/i, 'bad_key'],
  [/overloaded|model is busy/i, 'overload'],
  [/rate limit|too many requests/i, 'rate_limit'],
];

/** What a call can do without, or must bring, in a conversation with this model. */
const WAYS: Table = [
  [/reasoning_content.{0,80}(missing|must be passed|required)/is, 'thoughts_missing'],
  [/reasoning_content.{0,80}(support|unexpected|permitted|extra|unknown|allowed)/is, 'thoughts_refused'],
  [
    new RegExp(
      [
        "(not|n't) support(s|ed)? .{0,40}(image|vision|multi-?modal)|not an? (vision|multi-?modal)",
        'images?( inputs?)?( is| are)? (not supported|unsupported)|only (supports? )?text|content must be a string',
        'image_url.{0,60}(only supported|unknown|invalid|not)|unknown variant .?image|missing data required for image',
        'no endpoints found that support image',
      ].join('|'),
      'is',
    ),
    'no_pictures',
  ],
];

/** Null: nothing in it is known. */
export function classOfWords(said: string, codes: readonly string[]): ProblemClass | null {
  const byCode = (table: Table) => table.find(([pattern]) => codes.some((code) => pattern.test(code)))?.[1];
  const byWords = (table: Table) => table.find(([pattern]) => pattern.test(said))?.[1];
  const isContext = isTooLarge(said) || (CONTEXT.test(said) && !WAIT.test(said));
  return (
    byCode(OURS) ?? (isContext ? 'context' : (byWords(WAYS) ?? byCode(CODES) ?? byWords(OTHERS) ?? null))
  );
}

/** "Limit 30000, Requested 36055": however long one waits, it does not fit. */
function isTooLarge(said: string): boolean {
  if (/request too large/i.test(said)) return true;
  const [limit, requested] = (SIZES.exec(said) ?? []).slice(1).map((n) => Number(n.replaceAll(',', '')));
  return limit !== undefined && requested !== undefined && requested > limit;
}

/** For who says no more than that: one that is no success. */
export function classOfStatus(status: number): ProblemClass {
  if (status === 401 || status === 403) return 'bad_key';
  if (status === 402) return 'no_credit';
  if (status === 404) return 'unknown_model';
  if (status === 413) return 'context';
  if (status === 429) return 'rate_limit';
  if (status === 503 || status === 529) return 'overload';
  return status >= 500 || status === 408 || status === 409 ? 'server' : 'bad_request';
}
