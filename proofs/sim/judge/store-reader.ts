/** The judge's own eyes on the central store: one read-only connection for a whole run, beside the host that writes. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

export type Row = Readonly<Record<string, unknown>>;

export class StoreReader {
  readonly #path: string;
  #db: DatabaseSync | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** What has been committed. The file must be there by the first call. */
  rows(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    this.#db ??= new DatabaseSync(this.#path, { readOnly: true });
    return this.#db.prepare(sql).all(...values);
  }

  close(): void {
    this.#db?.close();
  }
}
