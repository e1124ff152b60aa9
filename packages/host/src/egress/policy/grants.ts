/**
 * What the owner has said to an agent's question for a host (access/approvals.ts), in `DATA/egress/policy.db` beside the
 * rules: good for one connection, or for one session. `always` is a rule like any other from then on.
 *
 * A grant is known by the approval that it comes from, for good: to grant it again, after a crash, brings nothing back
 * that has been used or taken away. It never opens a private address.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { HostGrant, HostRule } from '../port.ts';

const DDL = `CREATE TABLE IF NOT EXISTS grants (
  approval TEXT PRIMARY KEY,
  session  TEXT NOT NULL,
  agent    TEXT NOT NULL,
  host     TEXT NOT NULL,
  port     INTEGER NOT NULL,
  lasts    TEXT NOT NULL,
  is_over  INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS grants_good ON grants (session, host, port) WHERE is_over = 0`;

const GOOD = 'FROM grants WHERE is_over = 0 AND session = ? AND agent = ? AND host = ? AND port = ?';

/** One session's own way, as its tunnels see it. */
export interface Asker {
  readonly session: string;
  readonly agent: string;
}

export class Grants {
  readonly #db: DatabaseSync;

  constructor(dir: string) {
    this.#db = new DatabaseSync(join(dir, 'policy.db'), { timeout: 2_000 });
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${DDL}`);
  }

  /** Durable when it returns; the same approval again changes nothing. */
  add({ approval, session, agent, host, port, lasts }: HostGrant): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const { changes } = this.#db
        .prepare(
          `INSERT INTO grants (approval, session, agent, host, port, lasts, is_over) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT DO NOTHING`,
        )
        .run(approval, session, agent, host, port, lasts, lasts === 'always' ? 1 : 0);
      if (changes === 1 && lasts === 'always')
        // What the owner has written by hand meanwhile stays.
        this.#db
          .prepare(
            'INSERT INTO hosts (agent, host, port, is_private) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING',
          )
          .run(agent, host, port);
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  isGood({ session, agent }: Asker, host: string, port: number): boolean {
    return this.#db.prepare(`SELECT 1 ${GOOD} LIMIT 1`).get(session, agent, host, port) !== undefined;
  }

  /** Before a connection passes; of two at once on one grant for one, the second gets false. Durable when it returns. */
  take({ session, agent }: Asker, host: string, port: number): boolean {
    const whose = [session, agent, host, port] as const;
    if (this.#db.prepare(`SELECT 1 ${GOOD} AND lasts = 'session' LIMIT 1`).get(...whose)) return true;
    const { changes } = this.#db
      .prepare(
        `UPDATE grants SET is_over = 1 WHERE is_over = 0 AND approval =
           (SELECT approval ${GOOD} AND lasts = 'once' ORDER BY approval LIMIT 1)`,
      )
      .run(...whose);
    return changes === 1;
  }

  /** The owner takes a host away: from whoever has it, and from what was granted for it. */
  remove({ agent, host, port }: Omit<HostRule, 'isPrivate'>): void {
    this.#db
      .prepare('UPDATE grants SET is_over = 1 WHERE is_over = 0 AND agent = ? AND host = ? AND port = ?')
      .run(agent, host, port);
  }
}
