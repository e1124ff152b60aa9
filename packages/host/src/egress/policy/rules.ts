/**
 * Which hosts each agent may reach, in `DATA/egress/policy.db`: written by the egress process alone, on the owner's word
 * alone. No row, no way: an agent without rules reaches nothing but its model.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { HostRule } from '../port.ts';

const DDL = `CREATE TABLE IF NOT EXISTS hosts (
  agent      TEXT NOT NULL,
  host       TEXT NOT NULL,
  port       INTEGER NOT NULL,
  is_private INTEGER NOT NULL,
  PRIMARY KEY (agent, host, port)
)`;

export class Rules {
  readonly #db: DatabaseSync;

  constructor(dir: string) {
    this.#db = new DatabaseSync(join(dir, 'policy.db'), { timeout: 2_000 });
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${DDL}`);
  }

  all(): HostRule[] {
    return this.#db
      .prepare('SELECT * FROM hosts ORDER BY agent, host, port')
      .all()
      .map((row) => ({
        agent: String(row.agent),
        host: String(row.host),
        port: Number(row.port),
        isPrivate: row.is_private === 1,
      }));
  }

  /** Null: not allowed. */
  find(agent: string, host: string, port: number): Pick<HostRule, 'isPrivate'> | null {
    const row = this.#db
      .prepare('SELECT is_private FROM hosts WHERE agent = ? AND host = ? AND port = ?')
      .get(agent, host, port);
    return row ? { isPrivate: row.is_private === 1 } : null;
  }

  /** Durable when it returns, like `remove`. */
  allow({ agent, host, port, isPrivate }: HostRule): void {
    this.#db
      .prepare(
        `INSERT INTO hosts (agent, host, port, is_private) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET is_private = excluded.is_private`,
      )
      .run(agent, host, port, isPrivate ? 1 : 0);
  }

  remove({ agent, host, port }: Omit<HostRule, 'isPrivate'>): void {
    this.#db.prepare('DELETE FROM hosts WHERE agent = ? AND host = ? AND port = ?').run(agent, host, port);
  }
}
