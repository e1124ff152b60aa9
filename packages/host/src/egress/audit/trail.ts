/**
 * Writes the audit: `DATA/egress/audit.jsonl`, one row a line, appended and on disk before what it tells of happens. The
 * egress process alone has it open.
 *
 * A death in the middle of a line leaves a cut one: nothing came of it, since what it tells of comes after it. The next
 * start takes it away, and goes on behind the last whole row.
 */
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EgressError } from '../port.ts';
import { type AuditEntry, type Head, NO_ROWS, readRow, rowAfter } from './chain.ts';

export const AUDIT_FILE = 'audit.jsonl';
/** Longer than any row: seven texts of 300 characters, escaped at worst. */
const MAX_ROW_BYTES = 16 * 1024;

export class Trail {
  readonly #fd: number;
  readonly #nowMs: () => number;
  #bytes: number;
  #head: Head;
  #broken = false;

  /** Throws EgressError when what is there cannot be gone on with. */
  constructor(dir: string, nowMs: () => number) {
    const path = join(dir, AUDIT_FILE);
    this.#nowMs = nowMs;
    this.#fd = openSync(path, 'a+', 0o600);
    const { size } = fstatSync(this.#fd);
    const { head, end } = lastRow(this.#fd, size, path);
    if (end < size) ftruncateSync(this.#fd, end);
    this.#bytes = end;
    this.#head = head;
  }

  get head(): Head {
    return this.#head;
  }

  /** On disk when it returns. Throws EgressError, and nothing is written then: what it tells of must not happen. */
  append(entry: AuditEntry): void {
    if (this.#broken) throw unwritable('an earlier row could not be taken back');
    const row = rowAfter(this.#head, entry, this.#nowMs());
    const line = Buffer.from(`${JSON.stringify(row)}\n`);
    try {
      // A full disk may take a part of it.
      if (writeSync(this.#fd, line) < line.length) throw new Error('no space is left');
      fdatasyncSync(this.#fd);
    } catch (error) {
      this.#takeBack();
      throw unwritable((error as Error).message);
    }
    this.#bytes += line.length;
    this.#head = { n: row.n, hash: row.hash };
  }

  close(): void {
    closeSync(this.#fd);
  }

  #takeBack(): void {
    try {
      ftruncateSync(this.#fd, this.#bytes);
    } catch (error) {
      // The next start takes the cut line away; until then nothing may follow it.
      if (error instanceof Error) this.#broken = true;
      else throw error;
    }
  }
}

/** The last whole row, and where it ends. */
function lastRow(fd: number, size: number, path: string): { readonly head: Head; readonly end: number } {
  const from = Math.max(0, size - 2 * MAX_ROW_BYTES);
  const bytes = Buffer.alloc(size - from);
  readSync(fd, bytes, 0, bytes.length, from);
  const end = bytes.lastIndexOf('\n') + 1;
  if (end === 0) {
    if (size > MAX_ROW_BYTES) throw unreadable(path);
    return { head: NO_ROWS, end: 0 };
  }
  const row = readRow(bytes.toString('utf8', bytes.lastIndexOf('\n', end - 2) + 1, end - 1));
  if (row === null) throw unreadable(path);
  return { head: { n: row.n, hash: row.hash }, end: from + end };
}

function unreadable(path: string): EgressError {
  return new EgressError(
    'bad_audit',
    'the last row of the audit cannot be read',
    `See where it was changed: ./bellhop audit verify; to begin a new one, move ${path} away.`,
  );
}

function unwritable(why: string): EgressError {
  return new EgressError(
    'audit_unwritable',
    `it cannot be written into the audit, so it is not done: ${why}`,
    'Make room on the disk, then try again.',
  );
}
