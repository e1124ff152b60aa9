/**
 * Counts durable commits from the outside: a mailbox file's own change counter (bytes 24 to 27 of its header, one more
 * for each commit in DELETE mode), and the store's transactions that changed a row, by a layer around its port.
 * Transactions that changed nothing write nothing to the disk and are not counted.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Sql, Store } from '../../packages/host/src/store/port.ts';

const CHANGE_COUNTER_AT = 24;

export interface CountedStore extends Store {
  readonly counts: { commits: number; lastMs: number };
}

export function countedStore(store: Store): CountedStore {
  const counts = { commits: 0, lastMs: 0 };
  return {
    ...store,
    counts,
    async transaction(work) {
      const seen = { changed: 0 };
      const result = await store.transaction((sql) => work(watched(sql, seen)));
      if (seen.changed > 0) counts.commits += 1;
      counts.lastMs = performance.now();
      return result;
    },
  };
}

function watched(sql: Sql, seen: { changed: number }): Sql {
  return {
    all: sql.all,
    async run(statement, ...values) {
      const changed = await sql.run(statement, ...values);
      seen.changed += changed;
      return changed;
    },
  };
}

/** 0 for a file that is not there yet. */
export function changeCounter(path: string): number {
  const bytes = Buffer.alloc(4);
  try {
    const fd = openSync(path, 'r');
    readSync(fd, bytes, 0, bytes.length, CHANGE_COUNTER_AT);
    closeSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return bytes.readUInt32BE();
}
