/** The list of conversations of a channel: one row each, kept in the commit that appends to its log. */
import type { Sql, SqlRow } from './port.ts';

export interface ConversationKey {
  readonly channel: string;
  readonly chat: string;
  readonly thread: string;
}

/** An entry in a few words. */
export interface Gist {
  readonly by: 'you' | 'agent' | 'bellhop';
  readonly text: string;
  /** What the conversation is called if it has no title yet; '' when this entry gives none. */
  readonly title: string;
}

export interface ConversationSummary extends ConversationKey, Gist {
  readonly atMs: number;
  readonly seq: number;
  readonly readSeq: number;
  /** An open question waits for the person. */
  readonly asks: boolean;
}

export async function lastSeq(sql: Sql, key: ConversationKey): Promise<number> {
  const [row] = await sql.all(
    'SELECT seq FROM conversations WHERE channel = ? AND chat = ? AND thread = ?',
    key.channel,
    key.chat,
    key.thread,
  );
  return Number(row?.seq ?? 0);
}

/** Who writes has read what stands above. */
export async function noteEntry(
  sql: Sql,
  key: ConversationKey,
  entry: Gist & { readonly seq: number; readonly atMs: number },
): Promise<void> {
  await sql.run(
    `INSERT INTO conversations (channel, chat, thread, title, last_text, last_by, last_ms, seq, read_seq)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (channel, chat, thread) DO UPDATE SET
       title = CASE WHEN conversations.title = '' THEN excluded.title ELSE conversations.title END,
       last_text = excluded.last_text, last_by = excluded.last_by, last_ms = excluded.last_ms, seq = excluded.seq,
       read_seq = CASE WHEN excluded.read_seq > conversations.read_seq THEN excluded.read_seq ELSE conversations.read_seq END`,
    key.channel,
    key.chat,
    key.thread,
    entry.title,
    entry.text,
    entry.by,
    entry.atMs,
    entry.seq,
    entry.by === 'you' ? entry.seq : 0,
  );
}

/** Only forward, and not behind the last entry. False when nothing changed. */
export async function markRead(sql: Sql, key: ConversationKey, seq: number): Promise<boolean> {
  const changed = await sql.run(
    `UPDATE conversations SET read_seq = CASE WHEN seq < ? THEN seq ELSE ? END
     WHERE channel = ? AND chat = ? AND thread = ? AND read_seq < ? AND read_seq < seq`,
    seq,
    seq,
    key.channel,
    key.chat,
    key.thread,
    seq,
  );
  return changed === 1;
}

const SELECT = `SELECT c.channel, c.chat, c.thread, c.title, c.last_text, c.last_by, c.last_ms, c.seq, c.read_seq,
  EXISTS (
    SELECT 1 FROM questions q
    WHERE q.channel = c.channel AND q.chat = c.chat AND q.thread = c.thread AND q.state = 'open'
  ) AS asks
  FROM conversations c WHERE c.channel = ?`;

function toSummary(row: SqlRow): ConversationSummary {
  return {
    channel: String(row.channel),
    chat: String(row.chat),
    thread: String(row.thread),
    title: String(row.title),
    text: String(row.last_text),
    by: row.last_by as Gist['by'],
    atMs: Number(row.last_ms),
    seq: Number(row.seq),
    readSeq: Number(row.read_seq),
    asks: Boolean(row.asks),
  };
}

export async function conversationAt(sql: Sql, key: ConversationKey): Promise<ConversationSummary | null> {
  const [row] = await sql.all(`${SELECT} AND c.chat = ? AND c.thread = ?`, key.channel, key.chat, key.thread);
  return row ? toSummary(row) : null;
}

/** The one with the newest entry first. */
export async function listConversations(
  sql: Sql,
  channel: string,
  limit: number,
): Promise<ConversationSummary[]> {
  return (await sql.all(`${SELECT} ORDER BY c.last_ms DESC LIMIT ?`, channel, limit)).map(toSummary);
}
