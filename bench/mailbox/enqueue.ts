/**
 * Enqueueing one message as the host does it (open, insert, close) beside the same by hand: one table with the same
 * columns and the same durability. Both files have the same number of rows all the way.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { MessageId, NewMessage } from '@bellhop/mailbox';
import { InboundMailbox } from '@bellhop/mailbox/host';
import { changeCounter } from '../host/counted.ts';

const WARM_UP = 50;
const TIMED = 500;
const CONTENT = JSON.stringify({ text: 'x'.repeat(200) });

export function measureEnqueue(dir: string) {
  const [inDir, bareDir] = ['in', 'bare'].map((name) => join(dir, name)) as [string, string];
  for (const folder of [inDir, bareDir]) mkdirSync(folder, { recursive: true });
  InboundMailbox.open(inDir).close();
  const bare = join(bareDir, 'inbound.db');
  const db = new DatabaseSync(bare);
  db.exec(
    'CREATE TABLE messages_in (id TEXT PRIMARY KEY, seq INTEGER UNIQUE, kind TEXT, timestamp TEXT, status TEXT, content TEXT)',
  );
  db.close();
  const pairs = Array.from({ length: WARM_UP + TIMED }, (_, n) => {
    const ours = () => timed(() => enqueue(inDir, [message(n)]));
    const byHand = () => timed(() => insertBare(bare, n));
    // In turn first: whoever comes second may find the disk busy with the first.
    if (n % 2 === 0) return { ours: ours(), bare: byHand() };
    const second = byHand();
    return { ours: ours(), bare: second };
  }).slice(WARM_UP);
  return {
    oursMs: pairs.map((pair) => pair.ours),
    bareMs: pairs.map((pair) => pair.bare),
  };
}

/** How many commits ten messages into one session are. */
export function countCommits(dir: string): number {
  mkdirSync(dir, { recursive: true });
  InboundMailbox.open(dir).close();
  const commits = () => changeCounter(join(dir, 'inbound.db'));
  const before = commits();
  enqueue(
    dir,
    Array.from({ length: 10 }, (_, n) => message(n)),
  );
  return commits() - before;
}

function enqueue(dir: string, messages: readonly NewMessage[]): void {
  const mailbox = InboundMailbox.open(dir);
  mailbox.enqueue(messages);
  mailbox.close();
}

function insertBare(path: string, n: number): void {
  const db = new DatabaseSync(path, { timeout: 0 });
  db.exec('PRAGMA synchronous = EXTRA');
  db.prepare('INSERT INTO messages_in VALUES (?, ?, ?, ?, ?, ?)').run(
    `m${n}`,
    2 * n + 2,
    'chat',
    '2026-03-01T12:00:00.000Z',
    'pending',
    CONTENT,
  );
  db.close();
}

export function timed(work: () => void): number {
  const from = performance.now();
  work();
  return performance.now() - from;
}

export function message(n: number): NewMessage {
  return {
    id: `m${n}` as MessageId,
    kind: 'chat',
    timestampMs: 1,
    content: CONTENT,
    trigger: true,
    dueMs: 0,
    recurrence: null,
    seriesId: null,
    channel: 'terminal',
    chat: 'me',
    thread: null,
  };
}
