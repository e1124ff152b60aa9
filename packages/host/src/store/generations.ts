/**
 * Generations: one row per life of a sandbox.
 *
 *   intent --spawned--> running --exit--> ended --charged--> settled
 *      \-----------------unavailable---------------------> settled
 *
 * The number is the fencing epoch. Whatever is not settled is looked after at the next sweep of its session.
 */
import type { SessionId } from '../types.ts';
import type { Sql, SqlRow } from './port.ts';

export interface Generation {
  readonly session: SessionId;
  readonly number: number;
  readonly state: 'intent' | 'running' | 'ended' | 'settled';
  readonly mark: string;
  /** Who its sandbox is, in the words of its runtime; null before the spawn was recorded. */
  readonly identity: string | null;
  readonly startedMs: number;
  /** False: it ended before its runner took up any work. */
  readonly ready: boolean;
  /** True when the session caused the end: then what it held is charged one try. */
  readonly costs: boolean;
  /** True when a person ended it: what it held has failed, whatever tries are left. */
  readonly final: boolean;
  readonly reason: string | null;
}

function toGeneration(row: SqlRow): Generation {
  return {
    session: row.session_id as SessionId,
    number: Number(row.number),
    state: row.state as Generation['state'],
    mark: String(row.mark),
    identity: row.identity as string | null,
    startedMs: Number(row.started_ms),
    ready: Number(row.ready) === 1,
    costs: Number(row.costs) >= 1,
    final: Number(row.costs) === 2,
    reason: row.reason as string | null,
  };
}

export type GenerationEnd = Pick<Generation, 'ready' | 'costs' | 'final'> & {
  readonly reason: string;
  readonly atMs: number;
};

const COLUMNS = 'session_id, number, state, mark, identity, started_ms, ready, costs, reason';

/** Durable before the spawn: the next number of this session. */
export async function intendGeneration(
  sql: Sql,
  session: SessionId,
  markPrefix: string,
  nowMs: number,
): Promise<Generation> {
  const [row] = await sql.all('SELECT max(number) AS number FROM generations WHERE session_id = ?', session);
  const number = Number(row?.number ?? 0) + 1;
  const mark = `${markPrefix}${session}:${number}`;
  await sql.run(
    `INSERT INTO generations (session_id, number, state, mark, started_ms, ready, costs)
     VALUES (?, ?, 'intent', ?, ?, 0, 0)`,
    session,
    number,
    mark,
    nowMs,
  );
  return {
    session,
    number,
    state: 'intent',
    mark,
    identity: null,
    startedMs: nowMs,
    ready: false,
    costs: false,
    final: false,
    reason: null,
  };
}

export async function markRunning(
  sql: Sql,
  session: SessionId,
  number: number,
  identity: string,
): Promise<void> {
  await sql.run(
    "UPDATE generations SET state = 'running', identity = ? WHERE session_id = ? AND number = ? AND state = 'intent'",
    identity,
    session,
    number,
  );
}

export async function markEnded(
  sql: Sql,
  generation: { readonly session: SessionId; readonly number: number },
  end: GenerationEnd,
): Promise<void> {
  await sql.run(
    `UPDATE generations SET state = 'ended', ready = ?, costs = ?, reason = ?, ended_ms = ?
     WHERE session_id = ? AND number = ? AND state IN ('intent', 'running')`,
    end.ready ? 1 : 0,
    end.final ? 2 : end.costs ? 1 : 0,
    end.reason,
    end.atMs,
    generation.session,
    generation.number,
  );
}

export async function markSettled(sql: Sql, session: SessionId, number: number): Promise<void> {
  await sql.run(
    "UPDATE generations SET state = 'settled' WHERE session_id = ? AND number = ?",
    session,
    number,
  );
}

/** Its mailbox shows that it took up work, whatever the host had heard of it. */
export async function markReady(sql: Sql, session: SessionId, number: number): Promise<void> {
  await sql.run('UPDATE generations SET ready = 1 WHERE session_id = ? AND number = ?', session, number);
}

/** Every generation that is not settled: at most one per session. */
export async function openGenerations(sql: Sql): Promise<Generation[]> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM generations WHERE state <> 'settled'`);
  return rows.map(toGeneration);
}

export interface BootFailures {
  /** Number of the first one; 0 when there is none. */
  readonly first: number;
  readonly count: number;
}

/** Lives in a row, up to the last one, that the session ended before they took up any work. */
export async function bootFailures(sql: Sql, session: SessionId): Promise<BootFailures> {
  const [good] = await sql.all(
    'SELECT number FROM generations WHERE session_id = ? AND ready = 1 ORDER BY number DESC LIMIT 1',
    session,
  );
  const [row] = await sql.all(
    'SELECT min(number) AS first, count(*) AS n FROM generations WHERE session_id = ? AND number > ? AND costs > 0',
    session,
    Number(good?.number ?? 0),
  );
  return { first: Number(row?.first ?? 0), count: Number(row?.n ?? 0) };
}
