/**
 * What became of it all, from the platform's own log and what was to be expected: a pure function. It knows nothing of
 * hosts, runners or blows.
 */
import type { Entry } from '../../tests/fake-platform/log.ts';

export interface Verdict {
  /** Messages that people spoke. */
  readonly messages: number;
  /** Accepted, and an answer to it was never said. */
  readonly lost: number;
  /** Offered for ever and never accepted, or turned away. */
  readonly unaccepted: number;
  /** Said more than once on a platform with keys. */
  readonly repeatedKey: number;
  /** Said more than once on a platform without keys, each of them marked as a possible repeat. */
  readonly repeatedNoKey: number;
  /** The same without the mark: never allowed. */
  readonly unmarked: number;
  /** The second answer of a turn was said before the first. */
  readonly outOfOrder: number;
  /** Said by the agent, and answering nothing that was asked. */
  readonly unexpected: readonly string[];
  /** What Bellhop itself said, as that a message waits: true words, and no answer. */
  readonly notices: readonly string[];
}

/** What must be said to a message: each of these once, in this order. */
export interface Asked {
  readonly chat: string;
  readonly id: string;
  readonly answers: readonly string[];
}

type Said = Extract<Entry, { t: 'said' }>;

/** The demo's small print is no part of the answer. */
export function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

export function judge(entries: readonly Entry[], asked: readonly Asked[]): Verdict {
  const accepted = new Set(entries.flatMap((e) => (e.t === 'accepted' ? [e.id] : [])));
  const said = entries.filter((e): e is Said => e.t === 'said');
  const byAnswer = Map.groupBy(said, ({ chat, text }) => `${chat} ${firstLine(text)}`);
  const of = (chat: string, answer: string) => byAnswer.get(`${chat} ${answer}`) ?? [];
  const wanted = new Set(asked.flatMap(({ chat, answers }) => answers.map((a) => `${chat} ${a}`)));
  const more = asked.flatMap(({ chat, answers }) => answers.flatMap((a) => of(chat, a).slice(1)));
  const isBefore = (chat: string, [first, second]: readonly string[]) =>
    second === undefined ||
    said.indexOf(of(chat, first ?? '')[0] as Said) <= said.indexOf(of(chat, second)[0] as Said);
  const complete = (one: Asked) => one.answers.every((a) => of(one.chat, a).length > 0);
  return {
    messages: asked.length,
    lost: asked.filter((one) => accepted.has(one.id) && !complete(one)).length,
    unaccepted: asked.filter((one) => !accepted.has(one.id)).length,
    repeatedKey: more.filter((e) => e.key !== null).length,
    repeatedNoKey: more.filter((e) => e.key === null && e.marked).length,
    unmarked: more.filter((e) => e.key === null && !e.marked).length,
    outOfOrder: asked.filter((one) => complete(one) && !isBefore(one.chat, one.answers)).length,
    unexpected: strays(byAnswer, wanted).flatMap((one) => (one.notice ? [] : [one.text])),
    notices: strays(byAnswer, wanted).flatMap((one) => (one.notice ? [one.text] : [])),
  };
}

function strays(
  byAnswer: ReadonlyMap<string, readonly Said[]>,
  wanted: ReadonlySet<string>,
): readonly Said[] {
  return [...byAnswer].flatMap(([key, said]) => (wanted.has(key) ? [] : said));
}
