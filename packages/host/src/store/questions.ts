/** Questions with buttons: asked by an agent, answered once, in the chat where they were asked. */
import type { SessionId } from '../types.ts';
import type { Sql } from './port.ts';

export interface Question {
  readonly session: SessionId;
  readonly channel: string;
  readonly chat: string;
  readonly thread: string | null;
  readonly options: readonly string[];
  readonly open: boolean;
  /** The option's value; null while it is open, and when it was answered before answers were noted. */
  readonly chosen: string | null;
}

export async function addQuestion(
  sql: Sql,
  q: {
    readonly id: string;
    readonly session: SessionId;
    readonly channel: string;
    readonly chat: string;
    readonly thread: string | null;
    readonly options: string;
  },
): Promise<void> {
  await sql.run(
    `INSERT INTO questions (id, session_id, channel, chat, thread, options, state) VALUES (?, ?, ?, ?, ?, ?, 'open')
     ON CONFLICT (id) DO NOTHING`,
    q.id,
    q.session,
    q.channel,
    q.chat,
    q.thread,
    q.options,
  );
}

export async function questionById(sql: Sql, id: string): Promise<Question | null> {
  const [row] = await sql.all(
    'SELECT session_id, channel, chat, thread, options, state, chosen FROM questions WHERE id = ?',
    id,
  );
  if (!row) return null;
  return {
    session: row.session_id as SessionId,
    channel: String(row.channel),
    chat: String(row.chat),
    thread: row.thread as string | null,
    options: JSON.parse(String(row.options)) as string[],
    open: row.state === 'open',
    chosen: row.chosen as string | null,
  };
}

/** False when it was answered before: the first answer counts. */
export async function closeQuestion(sql: Sql, id: string, chosen: string): Promise<boolean> {
  const changed = await sql.run(
    "UPDATE questions SET state = 'answered', chosen = ? WHERE id = ? AND state = 'open'",
    chosen,
    id,
  );
  return changed === 1;
}
