/** `bellhop sessions`: which there are, what they take on disk; and a way back for one that was put out of service. */
import type { SessionList, SessionView } from '@bellhop/host/api';
import { flag } from '../args.ts';
import type { Context } from '../command.ts';
import { sizeOf } from '../text.ts';
import { line, tell, time, verbOf, wrapped } from './request.ts';

const VERBS = { list: 'alone', release: 'names' } as const;

export async function sessions(context: Context): Promise<number> {
  const { verb, what } = verbOf(context.parsed, 'sessions', VERBS);
  if (verb === 'list') {
    const only = flag(context.parsed, 'quarantined');
    return tell(context, (client, signal) => client.sessions(only, signal), listed);
  }
  return tell(
    context,
    (client, signal) => client.release(what, signal),
    () => [
      'It is in service again. Were its mailbox still bad, it would be put out of',
      'service once more: see ./bellhop sessions list. What it refused meanwhile is',
      'kept: see ./bellhop dead-letters list',
    ],
  );
}

function listed({ sessions: found }: SessionList): string[] {
  if (found.length === 0) return ['No sessions.'];
  return found.flatMap((session) => [
    line(`${session.session}  `, `${stateOf(session).padEnd(12)}${sizeOf(session.diskBytes)}`),
    line(
      '    ',
      `${session.agent} in ${session.channel}, ${session.thread ?? session.chat}, since ${time(session.createdAt)}`,
    ),
    ...(session.reason === null ? [] : wrapped('    ', session.reason)),
  ]);
}

function stateOf({ state, awake }: SessionView): string {
  if (state === 'quarantined') return 'quarantined';
  return awake ? 'awake' : 'asleep';
}
