/** Sessions, and the due index that says when each next needs the host (design.md §4). */
import type { AgentId, Session, SessionId, SessionMode } from '../types.ts';
import type { Sql, SqlRow } from './port.ts';

const COLUMNS = 'id, agent_id, session_mode, channel, chat, thread, state, state_reason';

function toSession(row: SqlRow): Session {
  return {
    id: row.id as SessionId,
    agentId: row.agent_id as AgentId,
    mode: row.session_mode as SessionMode,
    channel: String(row.channel),
    chat: String(row.chat),
    thread: row.thread as string | null,
    state: row.state as Session['state'],
    stateReason: row.state_reason as string | null,
  };
}

/** Finds the session that the mode's key names, or opens it under `newId`; one statement decides (R10). */
export async function findOrOpenSession(
  sql: Sql,
  wanted: {
    readonly agent: AgentId;
    readonly mode: SessionMode;
    readonly channel: string;
    readonly chat: string;
    readonly thread: string | null;
  },
  newId: SessionId,
  nowMs: number,
): Promise<Session> {
  const thread = wanted.mode === 'per-thread' ? wanted.thread : null;
  const key = keyOf(wanted, thread);
  await sql.run(
    `INSERT INTO sessions (id, agent_id, session_mode, session_key, channel, chat, thread, state, created_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, 'active', ?) ON CONFLICT (agent_id, session_mode, session_key) DO NOTHING`,
    newId,
    wanted.agent,
    wanted.mode,
    key,
    wanted.channel,
    wanted.chat,
    thread,
    nowMs,
  );
  const [row] = await sql.all(
    `SELECT ${COLUMNS} FROM sessions WHERE agent_id = ? AND session_mode = ? AND session_key = ?`,
    wanted.agent,
    wanted.mode,
    key,
  );
  if (!row) throw new Error('a session that was just opened is not there');
  return toSession(row);
}

/** What a mode keeps apart; `thread` is null where it keeps all threads together. */
function keyOf(
  { channel, chat }: { readonly channel: string; readonly chat: string },
  thread: string | null,
): string {
  return JSON.stringify([channel, chat, thread]);
}

/** The session of an agent that talks in a thread, or outside of all, if it was ever opened. */
export async function findSession(
  sql: Sql,
  agent: AgentId,
  where: { readonly channel: string; readonly chat: string; readonly thread: string | null },
): Promise<SessionId | null> {
  const [row] = await sql.all(
    `SELECT id FROM sessions WHERE agent_id = ? AND session_mode = 'per-thread' AND session_key = ?
     UNION ALL
     SELECT id FROM sessions WHERE agent_id = ? AND session_mode = 'shared' AND session_key = ? LIMIT 1`,
    agent,
    keyOf(where, where.thread),
    agent,
    keyOf(where, null),
  );
  return row ? (row.id as SessionId) : null;
}

/** The chat goes on in a fresh session; what this one still holds is finished, and it stays on disk. */
export async function retireSession(sql: Sql, id: SessionId): Promise<void> {
  await sql.run("UPDATE sessions SET session_key = session_key || '#' || id WHERE id = ?", id);
}

export async function sessionById(sql: Sql, id: SessionId): Promise<Session | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM sessions WHERE id = ?`, id);
  return row ? toSession(row) : null;
}

/** Nothing was ever put into its mailbox: there need not be one. */
export async function isUntouched(sql: Sql, id: SessionId): Promise<boolean> {
  const rows = await sql.all(
    `SELECT 1 FROM generations WHERE session_id = ? UNION ALL
     SELECT 1 FROM targets WHERE session_id = ? AND state = 'enqueued' LIMIT 1`,
    id,
    id,
  );
  return rows.length === 0;
}

/** Takes a session out of service, with the reason that its people will read. */
export async function quarantine(sql: Sql, id: SessionId, reason: string): Promise<void> {
  await sql.run("UPDATE sessions SET state = 'quarantined', state_reason = ? WHERE id = ?", reason, id);
}

/** Puts a quarantined session back into service; false when it is in service. */
export async function release(sql: Sql, id: SessionId): Promise<boolean> {
  const changed = await sql.run(
    "UPDATE sessions SET state = 'active', state_reason = NULL WHERE id = ? AND state = 'quarantined'",
    id,
  );
  return changed === 1;
}

export interface ListedSession extends Session {
  readonly agent: string;
  readonly createdMs: number;
}

/** The newest first. */
export async function listSessions(
  sql: Sql,
  quarantinedOnly: boolean,
  limit: number,
): Promise<ListedSession[]> {
  const rows = await sql.all(
    `SELECT s.id, s.agent_id, s.session_mode, s.channel, s.chat, s.thread, s.state, s.state_reason, s.created_ms, a.name AS agent
     FROM sessions s JOIN agents a ON a.id = s.agent_id ${quarantinedOnly ? "WHERE s.state = 'quarantined'" : ''}
     ORDER BY s.id DESC LIMIT ?`,
    limit,
  );
  return rows.map((row) => ({
    ...toSession(row),
    agent: String(row.agent),
    createdMs: Number(row.created_ms),
  }));
}

export async function countSessions(sql: Sql): Promise<{ total: number; quarantined: number }> {
  const [row] = await sql.all(
    "SELECT count(*) AS total, sum(CASE WHEN state = 'quarantined' THEN 1 ELSE 0 END) AS quarantined FROM sessions",
  );
  return { total: Number(row?.total ?? 0), quarantined: Number(row?.quarantined ?? 0) };
}

/** The session needs the host at `dueMs`, or earlier if it is already noted. Comes before the row it announces. */
export async function noteDue(sql: Sql, session: SessionId, dueMs: number): Promise<void> {
  await sql.run(
    `INSERT INTO due (session_id, due_ms) VALUES (?, ?)
     ON CONFLICT (session_id) DO UPDATE SET due_ms = excluded.due_ms WHERE excluded.due_ms < due.due_ms`,
    session,
    dueMs,
  );
}

/**
 * After a sweep has seen the mailbox: when it is due next; null when nothing waits. What was accepted since the sweep
 * looked keeps its entry.
 */
export async function setDue(sql: Sql, session: SessionId, dueMs: number | null): Promise<void> {
  const unseen =
    "SELECT 1 FROM targets WHERE targets.session_id = due.session_id AND targets.state = 'accepted'";
  if (dueMs === null)
    await sql.run(`DELETE FROM due WHERE session_id = ? AND NOT EXISTS (${unseen})`, session);
  else {
    await sql.run(
      `INSERT INTO due (session_id, due_ms) VALUES (?, ?)
       ON CONFLICT (session_id) DO UPDATE SET due_ms = excluded.due_ms WHERE NOT EXISTS (${unseen})`,
      session,
      dueMs,
    );
  }
}

export async function dueSessions(sql: Sql, nowMs: number, limit: number): Promise<SessionId[]> {
  const rows = await sql.all(
    'SELECT session_id FROM due WHERE due_ms <= ? ORDER BY due_ms LIMIT ?',
    nowMs,
    limit,
  );
  return rows.map((row) => row.session_id as SessionId);
}

/** When the first entry after `nowMs` becomes due; null when there is none. */
export async function nextDueAfter(sql: Sql, nowMs: number): Promise<number | null> {
  const [row] = await sql.all('SELECT due_ms FROM due WHERE due_ms > ? ORDER BY due_ms LIMIT 1', nowMs);
  return row ? Number(row.due_ms) : null;
}

/** Sessions with messages that have not ended and no entry get one, due now. Returns how many. */
export async function noteLostTargets(sql: Sql): Promise<number> {
  return sql.run(
    `INSERT INTO due (session_id, due_ms)
     SELECT DISTINCT t.session_id, 0 FROM targets t
     WHERE t.state IN ('accepted', 'enqueued') AND NOT EXISTS (SELECT 1 FROM due d WHERE d.session_id = t.session_id)
     ON CONFLICT (session_id) DO NOTHING`,
  );
}

/** Sessions in service that have no entry, in the order of their ids, behind `after`. */
export async function sessionsNotDue(sql: Sql, after: string, limit: number): Promise<Session[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM sessions WHERE id > ? AND state = 'active'
       AND NOT EXISTS (SELECT 1 FROM due WHERE due.session_id = sessions.id) ORDER BY id LIMIT ?`,
    after,
    limit,
  );
  return rows.map(toSession);
}
