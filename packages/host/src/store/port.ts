/**
 * The central store: which agents, chats, wirings and sessions there are; what was accepted; what is due; which
 * generations live; what is being delivered. An async port, so that PostgreSQL can stand behind it (design.md §8).
 *
 * `transaction` is all or nothing and runs alone; when it resolves, its changes are durable. `read` is for what has been
 * committed; on SQLite it shares the connection and may see a transaction that is still open, so nothing irrevocable is
 * decided by it alone. The SQL is portable: `?` placeholders, ON CONFLICT, no clock, no rowid. Rows are mapped in the file of
 * each table.
 */

export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface Sql {
  all(sql: string, ...values: SqlValue[]): Promise<SqlRow[]>;
  /** Returns how many rows were changed. */
  run(sql: string, ...values: SqlValue[]): Promise<number>;
}

export interface Store {
  /** For reading only. */
  readonly read: Sql;
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The store cannot take writes now (full disk, unwritable folder): nothing was accepted. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly hint: string;
  constructor(message: string, hint: string, cause: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}
