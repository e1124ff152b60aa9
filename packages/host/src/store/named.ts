/**
 * Which message is meant by an id. An id is unique on its channel and in a session, not beyond: another channel may have
 * given the same one.
 */
import type { SessionId } from '../types.ts';
import type { SqlValue } from './port.ts';

/** What is null narrows nothing. */
export interface Named {
  readonly message: string;
  readonly channel: string | null;
  readonly chat: string | null;
  readonly thread: string | null;
  readonly session: SessionId | null;
}

/** A condition over `targets t` and `sessions s`, by the index of a channel's ids, and its values. */
export function isNamed(named: Named): readonly [condition: string, ...values: SqlValue[]] {
  const { message, channel, chat, thread, session } = named;
  const narrowed = [
    ['t.channel', channel],
    ['s.chat', chat],
    ['t.thread', thread],
    ['t.session_id', session],
  ] as const;
  const given = narrowed.filter(([, value]) => value !== null);
  const conditions = [
    't.channel IN (SELECT channel FROM chats)',
    't.message_id = ?',
    ...given.map(([column]) => `${column} = ?`),
  ];
  return [conditions.join(' AND '), message, ...given.map(([, value]) => value)];
}
