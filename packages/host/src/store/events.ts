/** Accepted events and their targets: which message went into which session, and what became of it. */
import type { MessageId } from '@bellhop/mailbox';
import type { Session, SessionId, TargetState } from '../types.ts';
import type { Sql, SqlRow } from './port.ts';

export interface Target {
  readonly session: SessionId;
  readonly message: MessageId;
  readonly channel: string;
  /** Where it was said. */
  readonly thread: string | null;
  readonly state: TargetState;
  readonly reason: string | null;
}

/** A message of a session, as it is accepted. */
export type NewTarget = Pick<Target, 'session' | 'message' | 'channel' | 'thread'>;

/** False when the event had been accepted before: then nothing else may be written for it (R3). */
export async function addEvent(sql: Sql, channel: string, id: string, nowMs: number): Promise<boolean> {
  const added = await sql.run(
    'INSERT INTO events (channel, id, accepted_ms) VALUES (?, ?, ?) ON CONFLICT (channel, id) DO NOTHING',
    channel,
    id,
    nowMs,
  );
  return added === 1;
}

/** When the last event was accepted, in milliseconds; 0 when none was. */
export async function newestEventMs(sql: Sql): Promise<number> {
  const [row] = await sql.all('SELECT max(accepted_ms) AS ms FROM events');
  return Number(row?.ms ?? 0);
}

/** Files in the spool that accepted messages still need. */
export async function spooledFiles(sql: Sql): Promise<string[]> {
  const rows = await sql.all(
    "SELECT row_json FROM targets WHERE state = 'accepted' AND row_json IS NOT NULL",
  );
  return rows.map((row) => String(row.row_json));
}

/** @param rowJson the inbound row to enqueue (a NewMessage as JSON). */
export async function addTarget(sql: Sql, target: NewTarget, rowJson: string): Promise<void> {
  await sql.run(
    `INSERT INTO targets (session_id, message_id, channel, thread, state, row_json) VALUES (?, ?, ?, ?, 'accepted', ?)
     ON CONFLICT (session_id, message_id) DO NOTHING`,
    target.session,
    target.message,
    target.channel,
    target.thread,
    rowJson,
  );
}

/** What the host answered itself: it has ended with its acceptance. */
export async function addAnsweredTarget(sql: Sql, target: NewTarget, nowMs: number): Promise<void> {
  await sql.run(
    `INSERT INTO targets (session_id, message_id, channel, thread, state, ended_ms) VALUES (?, ?, ?, ?, 'answered', ?)
     ON CONFLICT (session_id, message_id) DO NOTHING`,
    target.session,
    target.message,
    target.channel,
    target.thread,
    nowMs,
  );
}

/**
 * A message that no channel brought: an imported session holds it, or the clock sent it. It waits, or has failed for this
 * reason. Again changes nothing.
 * @param at its session, in the thread where the message is answered.
 */
export async function addTargetWithoutEvent(
  sql: Sql,
  at: Pick<Session, 'id' | 'channel' | 'thread'>,
  message: MessageId,
  failure: string | null,
  nowMs: number,
): Promise<void> {
  await sql.run(
    `INSERT INTO targets (session_id, message_id, channel, thread, state, reason, ended_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (session_id, message_id) DO NOTHING`,
    at.id,
    message,
    at.channel,
    at.thread,
    failure === null ? 'enqueued' : 'failed',
    failure,
    failure === null ? null : nowMs,
  );
}

/**
 * What was accepted for a session and is not in its mailbox yet, in the order of acceptance (ids may not tell it).
 * `rowJson` is null for what is there as a dead letter and is to be brought back.
 */
export async function acceptedRows(
  sql: Sql,
  session: SessionId,
): Promise<{ readonly message: MessageId; readonly rowJson: string | null }[]> {
  const rows = await sql.all(
    `SELECT t.message_id, t.row_json FROM targets t LEFT JOIN events e ON e.channel = t.channel AND e.id = t.message_id
     WHERE t.session_id = ? AND t.state = 'accepted' ORDER BY e.accepted_ms, t.message_id`,
    session,
  );
  return rows.map((row) => ({
    message: row.message_id as MessageId,
    rowJson: row.row_json as string | null,
  }));
}

/** A dead letter is accepted once more; false when this message has not failed. */
export async function acceptAgain(sql: Sql, session: SessionId, message: MessageId): Promise<boolean> {
  const changed = await sql.run(
    `UPDATE targets SET state = 'accepted', reason = NULL, ended_ms = NULL, discarded = 0
     WHERE session_id = ? AND message_id = ? AND state = 'failed'`,
    session,
    message,
  );
  return changed === 1;
}

/** The same of one message; null when its row is in the mailbox, or was never accepted. */
export async function acceptedRow(sql: Sql, session: SessionId, message: string): Promise<string | null> {
  const [row] = await sql.all(
    "SELECT row_json FROM targets WHERE session_id = ? AND message_id = ? AND state = 'accepted'",
    session,
    message,
  );
  return (row?.row_json ?? null) as string | null;
}

export async function markEnqueued(
  sql: Sql,
  session: SessionId,
  messages: readonly MessageId[],
): Promise<void> {
  for (const message of messages) {
    await sql.run(
      "UPDATE targets SET state = 'enqueued', row_json = NULL WHERE session_id = ? AND message_id = ? AND state = 'accepted'",
      session,
      message,
    );
  }
}

/**
 * The end of a message; the first one stays. Returns false when it had ended before, or is no accepted event. The row of
 * one that never reached its mailbox stays here: it is all there is of it, should a person try it again.
 */
export async function endTarget(
  sql: Sql,
  session: SessionId,
  message: MessageId,
  state: 'answered' | 'failed',
  reason: string | null,
  nowMs: number,
): Promise<boolean> {
  const changed = await sql.run(
    `UPDATE targets SET state = ?, reason = ?, ended_ms = ?
     WHERE session_id = ? AND message_id = ? AND state NOT IN ('answered', 'failed')`,
    state,
    reason,
    nowMs,
    session,
    message,
  );
  return changed === 1;
}

function toTarget(row: SqlRow): Target {
  return {
    session: row.session_id as SessionId,
    message: row.message_id as MessageId,
    channel: String(row.channel),
    thread: row.thread as string | null,
    state: row.state as TargetState,
    reason: row.reason as string | null,
  };
}

const COLUMNS = 'session_id, message_id, channel, thread, state, reason';

export async function targetsOf(sql: Sql, channel: string, message: string): Promise<Target[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM targets WHERE channel = ? AND message_id = ?`,
    channel,
    message,
  );
  return rows.map(toTarget);
}

export async function targetOf(sql: Sql, session: SessionId, message: string): Promise<Target | null> {
  const [row] = await sql.all(
    `SELECT ${COLUMNS} FROM targets WHERE session_id = ? AND message_id = ?`,
    session,
    message,
  );
  return row ? toTarget(row) : null;
}

/** Messages of a session that have not ended. */
export async function openTargetsOf(sql: Sql, session: SessionId): Promise<Target[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM targets WHERE session_id = ? AND state IN ('accepted', 'enqueued')`,
    session,
  );
  return rows.map(toTarget);
}

/**
 * The session, in the thread of what it works on: the oldest of its messages that has not ended; as it is when there is
 * none. For words about the session itself, so that whoever waits hears them.
 */
export async function whereItWorks(sql: Sql, session: Session): Promise<Session> {
  if (session.mode === 'per-thread') return session;
  const [row] = await sql.all(
    `SELECT t.thread FROM targets t LEFT JOIN events e ON e.channel = t.channel AND e.id = t.message_id
     WHERE t.session_id = ? AND t.state IN ('accepted', 'enqueued') ORDER BY e.accepted_ms, t.message_id LIMIT 1`,
    session.id,
  );
  return row ? { ...session, thread: row.thread as string | null } : session;
}

export async function countOpenTargets(sql: Sql): Promise<number> {
  const [row] = await sql.all("SELECT count(*) AS n FROM targets WHERE state IN ('accepted', 'enqueued')");
  return Number(row?.n ?? 0);
}

export async function countFailedTargets(sql: Sql): Promise<number> {
  const [row] = await sql.all("SELECT count(*) AS n FROM targets WHERE state = 'failed' AND discarded = 0");
  return Number(row?.n ?? 0);
}
