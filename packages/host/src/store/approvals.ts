/**
 * What agents want to do and may do only on their owner's word: the record, one row for each question.
 *
 *   asked --> decided (once | session | always | no), applied 0 --> applied 1
 *     '-----> expired
 *
 * Each arrow is one conditional change: whoever comes second changes nothing, and is told so.
 */
import type { AgentId, SessionId } from '../types.ts';
import type { Span } from './old.ts';
import type { Sql, SqlRow } from './port.ts';

export type Decision = 'once' | 'session' | 'always' | 'no';

export interface Approval {
  /** Cannot be guessed. */
  readonly id: string;
  readonly kind: string;
  readonly agent: AgentId;
  readonly session: SessionId;
  /** The exact text that is decided about (access/action.ts), and the SHA-256 of it, in hex. */
  readonly action: string;
  readonly sha256: string;
  readonly askedMs: number;
  readonly expiresMs: number;
  readonly state: 'asked' | 'decided' | 'expired';
  readonly decision: Decision | null;
  /** The user whose word it was; null while it is asked, and when it expired. */
  readonly decidedBy: string | null;
  readonly decidedMs: number | null;
  /** What follows from the decision has been done. */
  readonly applied: boolean;
}

const COLUMNS =
  'id, kind, agent_id, session_id, action, sha256, asked_ms, expires_ms, state, decision, decided_by, decided_ms, applied';

function toApproval(row: SqlRow): Approval {
  return {
    id: String(row.id),
    kind: String(row.kind),
    agent: row.agent_id as AgentId,
    session: row.session_id as SessionId,
    action: String(row.action),
    sha256: String(row.sha256),
    askedMs: Number(row.asked_ms),
    expiresMs: Number(row.expires_ms),
    state: row.state as Approval['state'],
    decision: row.decision as Decision | null,
    decidedBy: row.decided_by as string | null,
    decidedMs: row.decided_ms === null ? null : Number(row.decided_ms),
    applied: row.applied === 1,
  };
}

/** False when this session asks the same already. */
export async function addApproval(
  sql: Sql,
  a: Pick<Approval, 'id' | 'kind' | 'agent' | 'session' | 'action' | 'sha256' | 'askedMs' | 'expiresMs'>,
): Promise<boolean> {
  const added = await sql.run(
    `INSERT INTO approvals (id, kind, agent_id, session_id, action, sha256, asked_ms, expires_ms, state, applied)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'asked', 0) ON CONFLICT DO NOTHING`,
    a.id,
    a.kind,
    a.agent,
    a.session,
    a.action,
    a.sha256,
    a.askedMs,
    a.expiresMs,
  );
  return added === 1;
}

export async function approvalById(sql: Sql, id: string): Promise<Approval | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM approvals WHERE id = ?`, id);
  return row ? toApproval(row) : null;
}

/** The last time that a session asked for this very action. */
export async function lastAsked(sql: Sql, session: SessionId, sha256: string): Promise<Approval | null> {
  const [row] = await sql.all(
    `SELECT ${COLUMNS} FROM approvals WHERE session_id = ? AND sha256 = ? ORDER BY asked_ms DESC, state LIMIT 1`,
    session,
    sha256,
  );
  return row ? toApproval(row) : null;
}

/** All that are asked, and then the newest of the others, `limit` in all. */
export async function listApprovals(sql: Sql, limit: number): Promise<Approval[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM approvals ORDER BY CASE state WHEN 'asked' THEN 0 ELSE 1 END, asked_ms DESC LIMIT ?`,
    limit,
  );
  return rows.map(toApproval);
}

export async function countAsked(sql: Sql, session: SessionId | null): Promise<number> {
  const [row] =
    session === null
      ? await sql.all("SELECT count(*) AS n FROM approvals WHERE state = 'asked'")
      : await sql.all(
          "SELECT count(*) AS n FROM approvals WHERE state = 'asked' AND session_id = ?",
          session,
        );
  return Number(row?.n ?? 0);
}

/** The one change that decides. False when it is no longer asked, has expired, or is about something else. */
export async function decideApproval(
  sql: Sql,
  { id, sha256 }: Pick<Approval, 'id' | 'sha256'>,
  decision: Decision,
  by: string,
  nowMs: number,
): Promise<boolean> {
  const changed = await sql.run(
    `UPDATE approvals SET state = 'decided', decision = ?, decided_by = ?, decided_ms = ?
     WHERE id = ? AND sha256 = ? AND state = 'asked' AND expires_ms > ?`,
    decision,
    by,
    nowMs,
    id,
    sha256,
    nowMs,
  );
  return changed === 1;
}

/** Decided, and what follows was not done yet, or its host died before it could note that. */
export async function toApply(sql: Sql): Promise<Approval[]> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM approvals WHERE state = 'decided' AND applied = 0`);
  return rows.map(toApproval);
}

/** False when that was noted before. */
export async function markApplied(sql: Sql, id: string): Promise<boolean> {
  const changed = await sql.run(
    "UPDATE approvals SET applied = 1 WHERE id = ? AND state = 'decided' AND applied = 0",
    id,
  );
  return changed === 1;
}

export async function expiredBy(sql: Sql, nowMs: number): Promise<Approval[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM approvals WHERE state = 'asked' AND expires_ms <= ? ORDER BY expires_ms`,
    nowMs,
  );
  return rows.map(toApproval);
}

export async function expireApproval(sql: Sql, id: string): Promise<boolean> {
  return (await sql.run("UPDATE approvals SET state = 'expired' WHERE id = ? AND state = 'asked'", id)) === 1;
}

/** When the next one that is asked expires; null when none is. */
export async function nextExpiryMs(sql: Sql): Promise<number | null> {
  const [row] = await sql.all("SELECT min(expires_ms) AS ms FROM approvals WHERE state = 'asked'");
  return row?.ms === null || row?.ms === undefined ? null : Number(row.ms);
}

/** Those of that age that are over, with their questions. Returns where the next look begins; null when none is left. */
export async function removeOldApprovals(
  sql: Sql,
  { afterMs, beforeMs, limit }: Span,
): Promise<number | null> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM approvals WHERE asked_ms > ? AND asked_ms < ? ORDER BY asked_ms LIMIT ?`,
    afterMs,
    beforeMs,
    limit,
  );
  const old = rows.map(toApproval);
  for (const { id, state, applied } of old) {
    if (state === 'asked' || (state === 'decided' && !applied)) continue;
    await sql.run('DELETE FROM questions WHERE id = ?', id);
    await sql.run('DELETE FROM approvals WHERE id = ?', id);
  }
  return old.at(-1)?.askedMs ?? null;
}
