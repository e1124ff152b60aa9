/**
 * M12: what the loops ask of inbound.db, with a hundred and with a million messages that are over. Ten wait in both.
 * Reads only: a commit's time is the disk's.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { MessageId } from '@bellhop/mailbox';
import { InboundMailbox } from '@bellhop/mailbox/host';
import { InboundReader, selectBatch } from '@bellhop/mailbox/runner';
import { message, timed } from './enqueue.ts';

export const SHORT = 100;
export const LONG = 1_000_000;
const WAITING = 10;
const WARM_UP = 20;
const TIMED = 300;
const NOW_MS = 1_000;

interface Compared {
  readonly shortUs: readonly number[];
  readonly longUs: readonly number[];
}

export function measureHistory(dir: string): Readonly<Record<string, Compared>> {
  const [short, long] = [SHORT, LONG].map((rows) => withHistory(dir, rows)) as [string, string];
  return Object.fromEntries(
    Object.entries(QUESTIONS).map(([name, ask]) => {
      const pairs = Array.from({ length: WARM_UP + TIMED }, () => [
        timed(() => ask(short)) * 1_000,
        timed(() => ask(long)) * 1_000,
      ]).slice(WARM_UP) as [number, number][];
      const compared: Compared = {
        shortUs: pairs.map(([us]) => us),
        longUs: pairs.map(([, us]) => us),
      };
      return [name, compared];
    }),
  );
}

/** One look of each side, with its open and close. */
const QUESTIONS: Readonly<Record<string, (dir: string) => void>> = {
  sweep(dir) {
    const mailbox = InboundMailbox.open(dir);
    mailbox.dueRows(NOW_MS, WAITING);
    mailbox.rows(['h1', 'm1'] as MessageId[]);
    mailbox.watermark('acks_through');
    mailbox.nextDueMs();
    mailbox.close();
  },
  batch(dir) {
    const reader = InboundReader.open(dir);
    const limits = { batchSize: WAITING, contextRows: 50 };
    const batch = selectBatch(
      reader.due(NOW_MS, reader.newestSeq()),
      (seq) => reader.context(seq),
      new Map(),
      1,
      limits,
    );
    if (batch?.messages.length !== WAITING) throw new Error('the batch is not what waits');
    reader.nextDueMs(NOW_MS);
    reader.greatestSeq();
    reader.close();
  },
};

function withHistory(dir: string, rows: number): string {
  const inDir = join(dir, `history-${rows}`);
  mkdirSync(inDir, { recursive: true });
  InboundMailbox.open(inDir).close();
  const db = new DatabaseSync(join(inDir, 'inbound.db'));
  db.prepare(
    `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?)
     INSERT INTO messages_in (id, seq, kind, timestamp, status, series_id, content)
     SELECT 'h' || x, 2 * x, 'chat', '2026-03-01T12:00:00.000Z', 'completed', 'h' || x, '{"text":"over"}' FROM n`,
  ).run(rows);
  db.close();
  const mailbox = InboundMailbox.open(inDir);
  mailbox.enqueue(Array.from({ length: WAITING }, (_, n) => message(n)));
  mailbox.close();
  return inDir;
}
