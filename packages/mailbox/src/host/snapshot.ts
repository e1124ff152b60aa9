/**
 * How the host reads `outbound.db`: as a hostile file (M10). It is never opened by its path with SQLite.
 *
 * The bytes are read through a no-follow descriptor, between two looks that show no journal and an unchanged header
 * (the change counter is in it), so they are one committed state. They are parsed in memory, with SQLite's limits, an
 * authorizer that lets only SELECT on our tables through, and only if the schema is ours to the letter. Nothing here
 * can write: the host has no other handle on this file (W15).
 *
 * Measured beside the rejected options: a plain read-only open followed a symlink into another database, hung on a
 * FIFO and took 4.3 GB for a big view. This takes 0.12 ms for a file of 60 kB.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, constants as sqlite } from 'node:sqlite';
import type { Ack, OutboundRow, ToolInFlight } from '../model.ts';
import { ACK_COLUMNS, OUTBOUND_COLUMNS, TOOL_COLUMNS, toAck, toOutboundRow, toTool } from '../rows.ts';
import { OUTBOUND_DDL, SCHEMA_VERSION } from '../schema.ts';
import { int, type SqlRow, text } from '../sqlite.ts';

export interface SnapshotLimits {
  /** A larger file is refused, in bytes. */
  readonly maxFileBytes: number;
  /**
   * The same of a file of NanoClaw's, which never pruned its own: it is not read here, but must be read by a runner.
   * `maxFileBytes` when left out.
   */
  readonly maxOldFileBytes?: number;
  /** Longest content of one row, in bytes. */
  readonly maxValueBytes: number;
  /** Rows of each kind read at once; `more` says that there are others. */
  readonly maxRows: number;
}

export interface OutboundSnapshot {
  readonly acks: readonly Ack[];
  readonly claims: readonly Ack[];
  readonly rows: readonly OutboundRow[];
  readonly tool: ToolInFlight | null;
  readonly more: boolean;
}

export type SnapshotResult =
  | { readonly kind: 'ok'; readonly snapshot: OutboundSnapshot }
  /**
   * A runner must have it first: one is in mid-commit or died there, or it is NanoClaw's file, which the next runner
   * upgrades (M1). The caller knows which by whether a sandbox runs; if none does, it starts one to recover the file.
   */
  | { readonly kind: 'busy' }
  | { readonly kind: 'refused'; readonly reason: string };

const EMPTY: OutboundSnapshot = { acks: [], claims: [], rows: [], tool: null, more: false };
const HEADER_BYTES = 100;
const VERSION_AT = 60;
/** SQLite's default, which the runner leaves as it is. */
const PAGE_BYTES = 4_096;
/** Of one table: an honest runner prunes it to a few hundred (M12). More would make each look at the file a long one. */
const MAX_TABLE_ROWS = 20_000;
const TABLES = new Set([
  'messages_out',
  'processing_ack',
  'session_state',
  'container_state',
  'sqlite_master',
]);

class Refused extends Error {}

/**
 * What the runner has committed behind these two cursors. A missing file is an empty one (M1).
 * Blocks for one read of the file; never waits for a lock, never follows a link, never throws for what is in it.
 */
export function readOutbound(
  outDir: string,
  after: { readonly ackSeq: number; readonly rowSeq: number },
  limits: SnapshotLimits,
): SnapshotResult {
  try {
    const bytes = readStable(join(outDir, 'outbound.db'), limits);
    if (bytes === 'missing') return { kind: 'ok', snapshot: EMPTY };
    if (bytes === 'busy') return { kind: 'busy' };
    return { kind: 'ok', snapshot: parse(bytes, after, limits) };
  } catch (error) {
    return { kind: 'refused', reason: (error as Error).message };
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function readStable(path: string, limits: SnapshotLimits): Buffer | 'missing' | 'busy' {
  const journal = `${path}-journal`;
  if (exists(journal)) return 'busy';
  if (!exists(path)) return 'missing';
  const fd = openIfThere(path);
  // Removed between the look and the opening: an agent may do that to its own file.
  if (fd === null) return 'missing';
  try {
    const stat = fstatSync(fd);
    if (stat.nlink === 0) return 'busy';
    if (!stat.isFile()) throw new Refused('outbound.db is not a regular file');
    // The header is read before and after the looks for a journal, the data between them: a commit that begins after
    // the first look and ends before the second has changed the header by then.
    const before = readHeader(fd);
    // First: an old file may be long, and has a second name if its upgrade was cut off (runner/upgrade.ts).
    const old = isOld(before);
    const { maxFileBytes, maxOldFileBytes = maxFileBytes } = limits;
    const maxBytes = old ? maxOldFileBytes : maxFileBytes;
    if (stat.size > maxBytes)
      throw new Refused(`outbound.db has ${stat.size} bytes, the limit is ${maxBytes}`);
    if (old) return 'busy';
    if (stat.nlink !== 1) throw new Refused('outbound.db has a second name');
    // A runner that has just made the file has not committed its tables yet.
    if (stat.size === 0) return 'missing';
    if (stat.size < HEADER_BYTES) throw new Refused('outbound.db has no complete header');
    if (exists(journal)) return 'busy';
    const bytes = Buffer.allocUnsafeSlow(stat.size);
    const got = readSync(fd, bytes, 0, stat.size, 0);
    const moved = exists(journal) || !before.equals(readHeader(fd)) || fstatSync(fd).size !== stat.size;
    return got !== stat.size || moved ? 'busy' : bytes;
  } finally {
    closeSync(fd);
  }
}

/** A database of version 0: nothing of it is looked at, so it gets an attacker nothing to call his file that. */
function isOld(header: Buffer): boolean {
  return header.toString('latin1', 0, 15) === 'SQLite format 3' && header.readUInt32BE(VERSION_AT) === 0;
}

function readHeader(fd: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  readSync(fd, header, 0, HEADER_BYTES, 0);
  return header;
}

function parse(
  bytes: Buffer,
  after: { readonly ackSeq: number; readonly rowSeq: number },
  limits: SnapshotLimits,
): OutboundSnapshot {
  const db = new DatabaseSync(':memory:', {
    defensive: true,
    limits: {
      length: limits.maxValueBytes,
      attach: 0,
      triggerDepth: 0,
      vdbeOp: 25_000,
      sqlLength: 10_000,
      exprDepth: 20,
      compoundSelect: 2,
      column: 64,
      functionArg: 4,
    },
  });
  try {
    if (bytes.readInt32BE(VERSION_AT) > SCHEMA_VERSION)
      throw new Refused('outbound.db is of a newer Bellhop');
    checkTrees(bytes, [1]);
    db.deserialize(bytes);
    db.exec('PRAGMA trusted_schema = OFF; PRAGMA query_only = ON');
    db.setAuthorizer((action, first) => {
      if (action === sqlite.SQLITE_SELECT) return sqlite.SQLITE_OK;
      if (action === sqlite.SQLITE_READ && first !== null && TABLES.has(first)) return sqlite.SQLITE_OK;
      return sqlite.SQLITE_DENY;
    });
    checkTrees(bytes, checkSchema(db));
    return select(db, after, limits.maxRows, bytes.length);
  } finally {
    db.close();
  }
}

/**
 * Every page belongs to one place of one tree. SQLite does not check that: a page named by 300 parents, four levels deep,
 * made a scan of a 50 kB file last for days. What points outside the bytes throws, and so is refused.
 */
function checkTrees(bytes: Buffer, roots: readonly number[]): void {
  if (bytes.readUInt16BE(16) !== PAGE_BYTES) throw new Refused('outbound.db has another page size than ours');
  const seen = new Set<number>();
  const queue = [...roots];
  for (const page of queue) {
    if (seen.has(page)) throw new Refused('outbound.db has a page in two places');
    seen.add(page);
    const start = (page - 1) * PAGE_BYTES;
    const at = start + (page === 1 ? HEADER_BYTES : 0);
    const isInner = bytes.readUInt8(at) === 2 || bytes.readUInt8(at) === 5;
    const cells = isInner ? bytes.readUInt16BE(at + 3) : 0;
    if (isInner) queue.push(bytes.readUInt32BE(at + 8));
    for (let n = 0; n < cells; n += 1)
      queue.push(bytes.readUInt32BE(start + (bytes.readUInt16BE(at + 12 + 2 * n) % PAGE_BYTES)));
  }
}

/** Returns the root pages of what is there. */
function checkSchema(db: DatabaseSync): number[] {
  const found = db.prepare('SELECT type, name, tbl_name, sql, rootpage FROM sqlite_master LIMIT 64').all();
  const statements = found.filter((row) => row.sql !== null).map((row) => text(row.sql));
  const own =
    statements.length === OUTBOUND_DDL.length && OUTBOUND_DDL.every((ddl) => statements.includes(ddl));
  const automatic = found.every(
    (row) => row.sql !== null || (row.type === 'index' && text(row.name).startsWith('sqlite_autoindex_')),
  );
  if (!own || !automatic) throw new Refused('outbound.db has tables that are not ours');
  return found.map((row) => int(row.rootpage));
}

function select(
  db: DatabaseSync,
  after: { readonly ackSeq: number; readonly rowSeq: number },
  maxRows: number,
  fileBytes: number,
): OutboundSnapshot {
  for (const table of ['messages_out', 'processing_ack']) {
    if (db.prepare(`SELECT 1 FROM ${table} LIMIT 1 OFFSET ?`).get(MAX_TABLE_ROWS))
      throw new Refused(`outbound.db has more than ${MAX_TABLE_ROWS} rows in ${table}`);
  }
  const take = bounded(db, fileBytes);
  const acks = take(
    `SELECT ${ACK_COLUMNS} FROM processing_ack WHERE status <> 'processing' AND ack_seq > ? ORDER BY ack_seq LIMIT ?`,
    after.ackSeq,
    maxRows,
  ).map(toAck);
  // The newest generation's first: its end is charged to them, and the limit must not hide one.
  const claims = take(
    `SELECT ${ACK_COLUMNS} FROM processing_ack WHERE status = 'processing' ORDER BY generation DESC LIMIT ?`,
    maxRows,
  ).map(toAck);
  const rows = take(
    `SELECT ${OUTBOUND_COLUMNS} FROM messages_out WHERE seq > ? ORDER BY seq LIMIT ?`,
    after.rowSeq,
    maxRows,
  ).map(toOutboundRow);
  const tool = toTool(take(`SELECT ${TOOL_COLUMNS} FROM container_state LIMIT 1`)[0]);
  // Counters: one that is out of range names nothing. What says how long or when is bounded in the columns (rows.ts): a
  // provider's or an agent's wild wish is no reason to take a session out of service.
  const counters = [
    ...[...acks, ...claims].flatMap((a) => [a.attempt, a.generation]),
    ...acks.map((a) => a.ackSeq),
    ...rows.map((r) => r.seq),
  ];
  if (!counters.every(Number.isSafeInteger))
    throw new Refused('outbound.db has a number that is out of range');
  return { acks, claims, rows, tool, more: acks.length === maxRows || rows.length === maxRows };
}

/** Reads rows until they hold more text than the file has bytes: then many rows share one value's pages. */
function bounded(db: DatabaseSync, fileBytes: number) {
  let left = fileBytes;
  return (sql: string, ...values: readonly number[]): SqlRow[] => {
    const rows: SqlRow[] = [];
    for (const row of db.prepare(sql).iterate(...values)) {
      for (const value of Object.values(row)) {
        if (value instanceof Uint8Array) throw new Refused('outbound.db has bytes where text belongs');
        left -= typeof value === 'string' ? value.length : 0;
      }
      if (left < 0) throw new Refused('outbound.db has rows that share their text');
      rows.push(row);
    }
    return rows;
  };
}
