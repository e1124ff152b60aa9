/** Sums of usage.db for people, read by the host. The file may not be there yet: then nothing was used. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { UsageBy, UsageSum } from '../port.ts';
import { USAGE_FILE } from './usage-db.ts';

/** The biggest of it is shown; nobody reads more. */
const MAX_ROWS = 500;

/** A day is the host's own, by its time zone. */
const KEYS: Readonly<Record<UsageBy, string>> = {
  agent: 'agent',
  session: 'session',
  model: 'model',
  day: `date(at_ms / 1000, 'unixepoch', 'localtime')`,
};

const SUMS = `count(*) AS calls, total(input_tokens) AS input, total(output_tokens) AS output,
  total(cached_tokens) AS cached, total(cost_micros) AS cost, total(charged_micros) AS charged,
  sum(cost_micros IS NULL AND status BETWEEN 200 AND 299) AS unpriced`;

/** Days newest first, all else by what it used. */
export function readUsageSums(egressDir: string, by: UsageBy): UsageSum[] {
  const order = by === 'day' ? '1' : 'total(input_tokens) + total(output_tokens)';
  return query(
    egressDir,
    `SELECT ${KEYS[by]} AS key, ${SUMS} FROM calls GROUP BY 1 ORDER BY ${order} DESC LIMIT ${MAX_ROWS}`,
  );
}

/** What one session, or one agent, has used; null for nothing. */
export function readUsageOf(egressDir: string, by: 'session' | 'agent', key: string): UsageSum | null {
  const [sum] = query(egressDir, `SELECT ${by} AS key, ${SUMS} FROM calls WHERE ${by} = ? GROUP BY 1`, key);
  return sum ?? null;
}

/** Each call, in no order: its session, when it went out, and what it used. */
export function* readCalls(egressDir: string): Generator<UsageSum & { readonly atMs: number }> {
  const path = join(egressDir, USAGE_FILE);
  if (!existsSync(path)) return;
  const db = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
  try {
    const each = `SELECT session AS key, at_ms, ${SUMS} FROM calls GROUP BY id`;
    for (const row of db.prepare(each).iterate()) yield { ...toSum(row), atMs: Number(row.at_ms) };
  } finally {
    db.close();
  }
}

function query(egressDir: string, sql: string, ...values: readonly string[]): UsageSum[] {
  const path = join(egressDir, USAGE_FILE);
  if (!existsSync(path)) return [];
  const db = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
  try {
    return db
      .prepare(sql)
      .all(...values)
      .map(toSum);
  } finally {
    db.close();
  }
}

function toSum(row: Record<string, unknown>): UsageSum {
  return {
    key: String(row.key),
    calls: Number(row.calls),
    inputTokens: Number(row.input),
    outputTokens: Number(row.output),
    cachedTokens: Number(row.cached),
    costMicros: Number(row.cost),
    chargedMicros: Number(row.charged),
    unpriced: Number(row.unpriced),
  };
}
