/**
 * Which message an operator means: its id, and in the query as much of channel, chat, thread and session as is known. Without
 * any of them, the listener's own channel comes first; a message of others is taken when it is the only
 * one of its id.
 */
import { clip } from '@bellhop/mailbox';
import type { Named } from '../../store/named.ts';
import type { SessionId } from '../../types.ts';
import { Problem } from '../problem.ts';
import { idIn } from './id.ts';

export function namedIn(query: URLSearchParams, id: string | undefined): Named {
  const given = (name: string) => query.get(name) || null;
  return {
    message: idIn(id),
    channel: given('channel'),
    chat: given('chat'),
    thread: given('thread'),
    session: given('session') as SessionId | null,
  };
}

/** Where a message was said: of one place it may be in several sessions, of several agents. */
interface Placed {
  readonly channel: string;
  readonly chat: string;
  readonly thread: string | null;
}

/** Of one place alone: what is asked about one message, or done to it, never meets another one of its id. */
export async function findNamed<T extends Placed>(
  named: Named,
  own: string,
  find: (named: Named) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const found = await find(named);
  const mine = found.filter(({ channel }) => channel === own);
  const meant = mine.length > 0 ? mine : found;
  const places = new Set(meant.map(({ channel, chat, thread }) => JSON.stringify([channel, chat, thread])));
  if (places.size < 2) return meant;
  const channels = [...new Set(meant.map(({ channel }) => channel))].sort().join(', ');
  throw new Problem(
    409,
    'ambiguous',
    `${places.size} messages are called ${clip(named.message, 100)}: on ${channels}`,
    'Say which one: --channel NAME, or --session ID (./bellhop dead-letters list --json shows both)',
  );
}
