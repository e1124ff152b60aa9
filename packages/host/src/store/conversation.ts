/** What people see of the channels that Bellhop serves itself: one ordered log per chat and thread. */
import { type ConversationKey, type Gist, lastSeq, noteEntry } from './conversations.ts';
import type { Sql, SqlRow } from './port.ts';

export interface ConversationRow {
  readonly seq: number;
  readonly id: string;
  readonly replyTo: string | null;
  /** JSON of api/contract.ts LogBody. */
  readonly body: string;
  readonly atMs: number;
}

function toRow(row: SqlRow): ConversationRow {
  return {
    seq: Number(row.seq),
    id: String(row.id),
    replyTo: row.reply_to as string | null,
    body: String(row.body),
    atMs: Number(row.at_ms),
  };
}

const COLUMNS = 'seq, id, reply_to, body, at_ms';

/** Appends under the next seq, and notes it in the list; null when an entry with this id is there already. */
export async function appendEntry(
  sql: Sql,
  key: ConversationKey,
  entry: Omit<ConversationRow, 'seq'>,
  gist: Gist,
): Promise<ConversationRow | null> {
  const seq = (await lastSeq(sql, key)) + 1;
  const added = await sql.run(
    `INSERT INTO conversation (channel, chat, thread, seq, id, reply_to, body, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (channel, chat, thread, id) DO NOTHING`,
    key.channel,
    key.chat,
    key.thread,
    seq,
    entry.id,
    entry.replyTo,
    entry.body,
    entry.atMs,
  );
  if (added !== 1) return null;
  await noteEntry(sql, key, { ...gist, seq, atMs: entry.atMs });
  return { ...entry, seq };
}

export async function entriesAfter(
  sql: Sql,
  key: ConversationKey,
  seq: number,
  limit: number,
): Promise<ConversationRow[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM conversation WHERE channel = ? AND chat = ? AND thread = ? AND seq > ? ORDER BY seq LIMIT ?`,
    key.channel,
    key.chat,
    key.thread,
    seq,
    limit,
  );
  return rows.map(toRow);
}

export async function repliesTo(sql: Sql, key: ConversationKey, message: string): Promise<ConversationRow[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM conversation WHERE channel = ? AND chat = ? AND thread = ? AND reply_to = ? ORDER BY seq`,
    key.channel,
    key.chat,
    key.thread,
    message,
  );
  return rows.map(toRow);
}

/** The last ones before a seq, newest first. */
export async function entriesBefore(
  sql: Sql,
  key: ConversationKey,
  seq: number,
  limit: number,
): Promise<ConversationRow[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM conversation WHERE channel = ? AND chat = ? AND thread = ? AND seq < ?
     ORDER BY seq DESC LIMIT ?`,
    key.channel,
    key.chat,
    key.thread,
    seq,
    limit,
  );
  return rows.map(toRow);
}

export async function entryAt(sql: Sql, key: ConversationKey, seq: number): Promise<ConversationRow | null> {
  const [row] = await entriesAfter(sql, key, seq - 1, 1);
  return row?.seq === seq ? row : null;
}
