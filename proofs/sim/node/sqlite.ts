/**
 * `node:sqlite` with a step at every commit: before it the process may die and all of it is undone, after it all of it
 * is there. The databases are real files.
 *
 * `synchronous` is lowered to OFF: nothing here loses power, and a process that dies at a boundary of a commit leaves
 * the same bytes with and without the syncs. What a death inside of a commit leaves (a journal) is the business of the
 * proof at every system call; here a death "in mid-commit" leaves a journal that was not synced, which is enough to make
 * its reader wait for a runner to mend the file (M11).
 */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import * as real from 'node:sqlite';
import { Crash, current, type Process } from '../machine/kernel.ts';

export * from 'node:sqlite';

const WRITES = /^\s*(INSERT(?:\s+OR\s+\w+)?\s+INTO|UPDATE|DELETE\s+FROM)\s+"?(\w+)/i;
const SYNCHRONOUS = /synchronous = \w+/i;
const SQLITE_FULL = 13;
const UNSYNCED_JOURNAL = Buffer.alloc(512);

function full(): Error {
  return Object.assign(new Error('database or disk is full'), {
    code: 'ERR_SQLITE_ERROR',
    errcode: SQLITE_FULL,
  });
}

export class DatabaseSync extends real.DatabaseSync {
  readonly #process: Process | null;
  readonly #path: string;
  #tables: Set<string> | null = null;
  #forget: () => void = () => undefined;

  constructor(path: string, options: real.DatabaseSyncOptions = {}) {
    const process = path === ':memory:' ? null : (current() ?? null);
    if (process && !process.alive) throw new Crash('a dead process opens no file');
    super(path, options);
    this.#process = process;
    this.#path = path;
    if (process) this.#forget = process.closing(() => super.close());
  }

  override close(): void {
    this.#forget();
    super.close();
  }

  override exec(sql: string): void {
    if (!this.#process) super.exec(sql);
    else if (sql.startsWith('BEGIN')) {
      super.exec(sql);
      this.#tables = new Set();
    } else if (sql === 'COMMIT') this.#commit();
    else if (sql === 'ROLLBACK') {
      this.#tables = null;
      super.exec(sql);
    } else if (sql.includes('PRAGMA')) super.exec(sql.replace(SYNCHRONOUS, 'synchronous = OFF'));
    else this.#write(sql, () => super.exec(sql));
  }

  override prepare(sql: string): real.StatementSync {
    const statement = super.prepare(sql);
    if (!this.#process || !WRITES.test(sql)) return statement;
    const run = statement.run.bind(statement) as (
      ...values: real.SQLInputValue[]
    ) => real.StatementResultingChanges;
    statement.run = ((...values: real.SQLInputValue[]) =>
      this.#write(sql, () => run(...values))) as typeof statement.run;
    return statement;
  }

  /** Inside a transaction it is part of its commit; alone it is one. */
  #write<T>(sql: string, effect: () => T): T {
    const [, verb = 'make', table = 'tables'] = WRITES.exec(sql) ?? [];
    const what = `${verb.split(' ')[0]?.toLowerCase()} ${table}`;
    if (this.#tables) {
      this.#tables.add(what);
      return effect();
    }
    return this.#step([what], effect);
  }

  #commit(): void {
    const tables = [...(this.#tables ?? [])];
    this.#tables = null;
    if (tables.length === 0) super.exec('COMMIT');
    else this.#step(tables, () => super.exec('COMMIT'));
  }

  #step<T>(tables: readonly string[], effect: () => T): T {
    const process = this.#process as Process;
    const file = basename(this.#path);
    const { faults } = process.kernel.options;
    const what = `commit ${file} [${tables.join(', ')}]`;
    const isMailbox = file === 'outbound.db';
    if (isMailbox && process.alive && faults.at(`${process.kind}: inside ${what}`, ['crash']) !== null) {
      process.kernel.trace(`FAULT crash ${process.kind}: inside ${what}`);
      process.exit({ code: null, signal: 'SIGKILL' });
      writeFileSync(`${this.#path}-journal`, UNSYNCED_JOURNAL);
      throw new Crash(`${process.name} was killed`);
    }
    const result = process.step(
      what,
      () => {
        const done = effect();
        process.kernel.trace(`${process.name} ${what}`);
        process.kernel.onCommit(this.#path, tables, (sql) => super.prepare(sql).all());
        return done;
      },
      full,
    );
    return result;
  }
}
