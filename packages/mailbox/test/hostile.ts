/**
 * An outbox as an attacker makes it: a true one first, then whatever a test does to its bytes or its schema. The bait
 * beside it holds what must never come out.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readOutbound, type SnapshotLimits, type SnapshotResult } from '../src/host/index.ts';
import { OutboundMailbox } from '../src/runner/index.ts';
import { type Folder, folderFor, inboundRow, LIMITS, outRow, START, T0, tid, turnCommit } from './support.ts';

export const PAGE_BYTES = 4_096;
export const SECRET = 'the secret of another session';

export interface Outbox extends Folder {
  /** A true mailbox outside of `out/`, with the secret in it. */
  readonly bait: string;
}

/** One turn with an answer, its ack, and a claim: a scan of each table finds something. */
function fill(dir: string, text: string): void {
  const outbound = OutboundMailbox.open(dir, 1);
  outbound.commitTurn(
    turnCommit('T', {
      rows: [outRow('r', { content: text })],
      acks: [{ message: inboundRow('a'), status: 'completed' }],
    }),
  );
  outbound.claim(tid('U'), [inboundRow('b')], T0);
  outbound.close();
}

export function outboxFor(t: { after(remove: () => void): void }): Outbox {
  const folder = folderFor(t);
  fill(folder.outDir, '{"text":"hello"}');
  fill(folder.inDir, SECRET);
  return { ...folder, bait: join(folder.inDir, 'outbound.db') };
}

export function read(folder: Folder, limits: Partial<SnapshotLimits> = {}): SnapshotResult {
  return readOutbound(folder.outDir, START, { ...LIMITS, ...limits });
}

/** Refused for this reason, with nothing from outside in it; and a true outbox is read right afterwards. */
export function assertRefused(t: { after(remove: () => void): void }, folder: Outbox, reason: RegExp): void {
  const result = read(folder);
  assert.equal(result.kind, 'refused');
  assert.ok(result.kind === 'refused');
  assert.match(result.reason, reason);
  assert.ok(!JSON.stringify(result).includes(SECRET));
  assert.equal(read(outboxFor(t)).kind, 'ok', 'other sessions go on');
}

/** What an agent with a SQLite of its own can do to the file. */
export function tamper(folder: Folder, ...statements: readonly string[]): void {
  const db = new DatabaseSync(folder.outbound, { defensive: false });
  try {
    for (const statement of statements) db.exec(statement);
  } finally {
    db.close();
  }
}

/** The same schema text with one table's statement changed, as a file made from the start. */
export function remake(folder: Folder, change: (ddl: string) => string): void {
  const db = new DatabaseSync(folder.outbound);
  const statements = db.prepare('SELECT sql FROM sqlite_master WHERE sql IS NOT NULL').all();
  db.close();
  writeFileSync(folder.outbound, '');
  tamper(folder, ...statements.map((row) => change(String(row.sql))), 'PRAGMA user_version = 1');
}

export function patch(folder: Folder, change: (bytes: Buffer) => Buffer | undefined): void {
  const bytes = readFileSync(folder.outbound);
  writeFileSync(folder.outbound, change(bytes) ?? bytes);
}

export function rootPage(folder: Folder, table: string): number {
  const db = new DatabaseSync(folder.outbound, { readOnly: true });
  const row = db.prepare('SELECT rootpage FROM sqlite_master WHERE name = ?').get(table);
  db.close();
  return Number(row?.rootpage);
}

/** An inner page of a table whose every child is the same page. */
export function fanPage(child: number, children: number): Buffer {
  const page = Buffer.alloc(PAGE_BYTES);
  page[0] = 5;
  page.writeUInt16BE(children, 3);
  for (let n = 0; n < children; n += 1) {
    const cell = PAGE_BYTES - 5 * (n + 1);
    page.writeUInt32BE(child, cell);
    page[cell + 4] = 1;
    page.writeUInt16BE(cell, 12 + 2 * n);
  }
  page.writeUInt16BE(PAGE_BYTES - 5 * children, 5);
  page.writeUInt32BE(child, 8);
  return page;
}
