/**
 * The floor of a message: what this disk takes for five bare commits, with the same journal and `synchronous` as the
 * files that a message goes through (accepted, enqueued, claimed, committed, attempted). Nothing can be faster and as
 * durable.
 *
 * - `opened`: all five as open-insert-close in DELETE mode (one EXTRA, four FULL). Targets mean this one.
 * - `kept`: as the real files are used: the store's two on an open WAL handle. A little lower, and printed beside it.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const FIVE_COMMITS = 'five bare commits';

const CREATE = 'CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, content TEXT NOT NULL)';
const INSERT = 'INSERT INTO rows (content) VALUES (?)';
const CONTENT = 'x'.repeat(200);

export interface BareCommits {
  /** Milliseconds of five. */
  readonly kept: number[];
  readonly opened: number[];
  /** Takes one sample of each. Blocks. */
  sample(): void;
  /** Forgets what was sampled, as while the machine warmed up. */
  clear(): void;
  close(): void;
}

/** @param dir on the disk that is measured. */
export function openBareCommits(dir: string): BareCommits {
  mkdirSync(dir, { recursive: true });
  const path = (name: string) => join(dir, name);
  const store = new DatabaseSync(path('store.db'));
  store.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  store.exec(CREATE);
  const insert = store.prepare(INSERT);
  const toStore = () => void insert.run(CONTENT);
  const toInbound = () => openInsertClose(path('inbound.db'), 'EXTRA');
  const toOutbound = () => openInsertClose(path('outbound.db'), 'FULL');
  const toOther = () => openInsertClose(path('other.db'), 'FULL');
  for (const make of [toInbound, toOutbound, toOther]) make();
  const kept: number[] = [];
  const opened: number[] = [];
  return {
    kept,
    opened,
    sample() {
      kept.push(timed([toStore, toInbound, toOutbound, toOutbound, toStore]));
      opened.push(timed([toOther, toInbound, toOutbound, toOutbound, toOther]));
    },
    clear() {
      kept.length = 0;
      opened.length = 0;
    },
    close: () => store.close(),
  };
}

function timed(commits: readonly (() => void)[]): number {
  const from = performance.now();
  for (const commit of commits) commit();
  return performance.now() - from;
}

export function openInsertClose(path: string, synchronous: 'FULL' | 'EXTRA'): void {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA synchronous = ${synchronous}`);
  db.exec(CREATE);
  db.prepare(INSERT).run(CONTENT);
  db.close();
}
