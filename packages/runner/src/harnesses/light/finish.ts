/**
 * How an answer ended, from what its provider says of it: pure, over a table. Servers say it in words of their own
 * (`eos`, `end`, nothing at all), and vendors add new ones; so what is not known to be a cut, a refusal or a failure is an end.
 */

export type Finish =
  | 'stop'
  /** It was longer than it may be, and broke off. */
  | 'length'
  | 'refused'
  /** Something failed while it was written: what came is no answer. */
  | 'broken';

/** As `ai` has it, where it knows the provider's word. */
const KNOWN: Readonly<Record<string, Finish>> = {
  stop: 'stop',
  'tool-calls': 'stop',
  length: 'length',
  'content-filter': 'refused',
};

/** Parts of the words of providers and servers, Gemini's among them. The first that matches counts. */
const WORDS: readonly (readonly [RegExp, Finish])[] = [
  [/filter|safety|sensitive|refus|recitation|block|prohibit|spii|toxic|language/i, 'refused'],
  [
    /malformed|unexpected|too_many|missing|error|fail|abort|cancel|interrupt|insufficient|overload/i,
    'broken',
  ],
  [/length|window|^max|token_limit/i, 'length'],
];

/** @param known what `ai` makes of it. @param said the provider's own word. */
export function finishOf(known: string, said: string | undefined): Finish {
  const found = KNOWN[known];
  if (found) return found;
  if (known === 'error' && said === undefined) return 'broken';
  return WORDS.find(([pattern]) => pattern.test(said ?? ''))?.[1] ?? 'stop';
}
