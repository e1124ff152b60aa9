/** One request of an operator's command, and what it prints: JSON as it came, or lines of at most 80 columns. */
import { flag, type Parsed, text } from '../args.ts';
import type { Client, Which } from '../client.ts';
import type { Context } from '../command.ts';
import { clientFor, firstContact } from '../connect.ts';
import { within } from '../deadline.ts';
import { FailedError, UsageError } from '../errors.ts';
import { localTime, oneLine } from '../text.ts';

const LONGEST_WAIT_MS = 20_000;
export const COLUMNS = 80;

export async function tell<T>(
  { world, data, parsed }: Context,
  ask: (client: Client, signal: AbortSignal) => Promise<T>,
  toLines: (found: T) => readonly string[],
): Promise<number> {
  const client = clientFor(data);
  const silent = () => new FailedError('Bellhop runs but does not answer.', 'See why: ./bellhop logs');
  const found = await within(world, LONGEST_WAIT_MS, silent, (signal) =>
    firstContact(data, () => ask(client, signal)),
  );
  const lines = flag(parsed, 'json') ? [JSON.stringify(found)] : toLines(found);
  world.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

/** The words of `bellhop NAME VERB [WHAT]`; the verb is the first one when none is given. */
export function verbOf<Verb extends string>(
  parsed: Parsed,
  command: string,
  verbs: Readonly<Record<Verb, 'alone' | 'names'>>,
): { readonly verb: Verb; readonly what: string } {
  const known = Object.keys(verbs) as Verb[];
  const [word = known[0], what = '', ...more] = parsed.words;
  const verb = known.find((one) => one === word);
  const hint = `See: ./bellhop help ${command}`;
  if (verb === undefined) throw new UsageError(`${command} takes ${known.join(', ')}, not ${word}.`, hint);
  if ((verbs[verb] === 'names') !== (what !== '') || more.length > 0) {
    const wanted = verbs[verb] === 'names' ? 'one name or id' : 'nothing';
    throw new UsageError(`${command} ${verb} takes ${wanted} behind it.`, hint);
  }
  return { verb, what };
}

/** Which message is meant, by the options that a command takes. */
export function whichOf(parsed: Parsed, command: string): Which {
  const given = (name: string) => text(parsed, name, command);
  return {
    agent: given('agent'),
    channel: given('channel'),
    chat: given('chat'),
    thread: given('thread'),
    session: given('session'),
  };
}

/** Of a character that the cut went through. */
const HALF_AT_END = /[\ud800-\udbff]$/;

/** Text from outside on one line, cut to what is left of 80 columns behind `head`. */
export function line(head: string, text: string): string {
  const all = head + oneLine(text);
  return all.length > COLUMNS ? `${all.slice(0, COLUMNS - 1).replace(HALF_AT_END, '')}…` : all;
}

/** Wraps at spaces, so that nothing of a reason is lost. */
export function wrapped(head: string, text: string): string[] {
  const lines: string[] = [];
  let rest = head;
  for (const word of oneLine(text).split(' ')) {
    if (rest.trim() !== '' && rest !== head && rest.length + word.length >= COLUMNS) {
      lines.push(rest.trimEnd());
      rest = ' '.repeat(head.length);
    }
    rest += `${word} `;
  }
  return [...lines, rest.trimEnd()];
}

/** As a person reads it, in the zone of this terminal. */
export function time(iso: string | null): string {
  return iso === null ? '?' : localTime(iso);
}
