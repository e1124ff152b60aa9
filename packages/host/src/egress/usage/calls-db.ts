/**
 * `DATA/egress/usage.db`: one row per call to a model. The egress process is its only writer; a row is durable before
 * anybody is told of the call. The host reads it (usage-report.ts).
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { CallRecord } from '../port.ts';

export const CALLS_FILE = 'usage.db';

const DDL = `CREATE TABLE IF NOT EXISTS calls (
  id            INTEGER PRIMARY KEY,
  at_ms         INTEGER NOT NULL,
  session       TEXT NOT NULL,
  agent         TEXT NOT NULL,
  generation    INTEGER NOT NULL,
  provider      TEXT NOT NULL,
  model         TEXT NOT NULL,
  status        INTEGER NOT NULL,
  input_tokens  INTEGER,
  output_tokens INTEGER,
  cached_tokens INTEGER,
  cost_micros   INTEGER,
  first_byte_ms INTEGER,
  total_ms      INTEGER NOT NULL
)`;

export interface CallsDb {
  add(call: CallRecord): void;
}

export function openCalls(dir: string): CallsDb {
  const db = new DatabaseSync(join(dir, CALLS_FILE), { timeout: 2_000 });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  db.exec(DDL);
  const insert = db.prepare(
    `INSERT INTO calls (at_ms, session, agent, generation, provider, model, status, input_tokens, output_tokens,
                        cached_tokens, cost_micros, first_byte_ms, total_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return {
    add: (c) =>
      void insert.run(
        c.atMs,
        c.session,
        c.agent,
        c.generation,
        c.provider,
        c.model,
        c.status,
        c.inputTokens,
        c.outputTokens,
        c.cachedTokens,
        c.costMicros,
        c.firstByteMs === null ? null : Math.round(c.firstByteMs),
        Math.round(c.totalMs),
      ),
  };
}
