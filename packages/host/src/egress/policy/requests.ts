/**
 * What an agent may ask of a host, by method and path, and which secret is placed in it: in `DATA/egress/requests.db`,
 * written by the egress process alone, on the owner's word alone. A grant is such a rule with a secret: what it names
 * may pass.
 *
 * Rules add up. A host that has one of these has its TLS ended here.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { RequestRule } from '../port.ts';
import { ANY, matches } from './paths.ts';

const DDL = `
CREATE TABLE IF NOT EXISTS requests (
  agent      TEXT NOT NULL,
  host       TEXT NOT NULL,
  port       INTEGER NOT NULL,
  method     TEXT NOT NULL,
  path       TEXT NOT NULL,
  secret     TEXT NOT NULL,
  placing    TEXT NOT NULL,
  is_private INTEGER NOT NULL,
  PRIMARY KEY (agent, host, port, method, path, secret, placing)
);
CREATE TABLE IF NOT EXISTS secrets (
  name    TEXT PRIMARY KEY,
  set_ms  INTEGER NOT NULL,
  used_ms INTEGER
)`;

/** A use is noted at most this often, so that a busy agent does not cost a commit for each request. */
const NOTED_MS = 60_000;

type Row = Readonly<Record<string, unknown>>;

export class RequestRules {
  readonly #db: DatabaseSync;

  constructor(dir: string) {
    this.#db = new DatabaseSync(join(dir, 'requests.db'), { timeout: 2_000 });
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${DDL}`);
  }

  all(): RequestRule[] {
    return this.#db
      .prepare('SELECT * FROM requests ORDER BY agent, host, port, path, method, secret')
      .all()
      .map(toRule);
  }

  /** All for this host. */
  of(agent: string, host: string, port: number): RequestRule[] {
    return this.#db
      .prepare('SELECT * FROM requests WHERE agent = ? AND host = ? AND port = ?')
      .all(agent, host, port)
      .map(toRule);
  }

  /** Durable when it returns, like all that follow. */
  add({ agent, host, port, method, path, secret, placing, isPrivate }: RequestRule): void {
    this.#db
      .prepare(
        `INSERT INTO requests (agent, host, port, method, path, secret, placing, is_private)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET is_private = excluded.is_private`,
      )
      .run(agent, host, port, method, path, secret ?? '', placing ?? '', isPrivate ? 1 : 0);
  }

  /** What is left out means all of it; `secret` null: rules without one. Returns how many went. */
  remove(
    which: Pick<RequestRule, 'agent' | 'host' | 'port' | 'secret'> &
      Partial<Pick<RequestRule, 'method' | 'path'>>,
  ): number {
    const { agent, host, port, secret, method = null, path = null } = which;
    const done = this.#db
      .prepare(
        `DELETE FROM requests WHERE agent = ? AND host = ? AND port = ? AND secret = ?
         AND method = coalesce(?, method) AND path = coalesce(?, path)`,
      )
      .run(agent, host, port, secret ?? '', method, path);
    return Number(done.changes);
  }

  /** With all that it was granted for. */
  forget(secret: string): void {
    this.#db.exec('BEGIN IMMEDIATE');
    this.#db.prepare('DELETE FROM requests WHERE secret = ?').run(secret);
    this.#db.prepare('DELETE FROM secrets WHERE name = ?').run(secret);
    this.#db.exec('COMMIT');
  }

  noteSet(secret: string, nowMs: number): void {
    this.#db
      .prepare(
        `INSERT INTO secrets (name, set_ms) VALUES (?, ?)
         ON CONFLICT DO UPDATE SET set_ms = excluded.set_ms`,
      )
      .run(secret, nowMs);
  }

  noteUsed(secret: string, nowMs: number): void {
    this.#db
      .prepare('UPDATE secrets SET used_ms = ? WHERE name = ? AND coalesce(used_ms, 0) < ?')
      .run(nowMs, secret, nowMs - NOTED_MS);
  }

  /** When it was set, and last used. */
  times(secret: string): { readonly setMs: number | null; readonly usedMs: number | null } {
    const row = this.#db.prepare('SELECT set_ms, used_ms FROM secrets WHERE name = ?').get(secret);
    const number = (value: unknown) => (typeof value === 'number' ? value : null);
    return { setMs: number(row?.set_ms), usedMs: number(row?.used_ms) };
  }
}

/** The narrowest first: of two secrets for one place it is the first that takes it. */
export function matching(rules: readonly RequestRule[], method: string, path: string): RequestRule[] {
  return rules
    .filter((rule) => (rule.method === ANY.method || rule.method === method) && matches(rule.path, path))
    .toSorted(
      (a, b) =>
        b.path.length - a.path.length || Number(a.method === ANY.method) - Number(b.method === ANY.method),
    );
}

function toRule(row: Row): RequestRule {
  return {
    agent: String(row.agent),
    host: String(row.host),
    port: Number(row.port),
    method: String(row.method),
    path: String(row.path),
    secret: row.secret === '' ? null : String(row.secret),
    placing: row.placing === '' ? null : String(row.placing),
    isPrivate: row.is_private === 1,
  };
}
