/**
 * Brings a NanoClaw outbound.db to our schema. Only a runner does this, once, before it opens the file (M1); the host
 * reads nothing from it until then (snapshot.ts).
 *
 *   outbound.db (NanoClaw's) --link--> outbound.nanoclaw.db       the original to the letter, for ever
 *                            --rows--> outbound.db.new --rename--> outbound.db (ours)
 *
 * The host accepts our exact schema and nothing else (M10), so columns and tables that we do not know cannot stay in it:
 * they stay in the original beside it. What goes over is what is not over: rows without a receipt in inbound.db, acks and
 * claims of messages that still wait, the state of every harness. So nothing is sent twice, nothing is lost, and years of
 * history do not make the file too large for the host.
 *
 * A death before the rename leaves NanoClaw's file as it was, and the next start begins anew; after it, all is done. The
 * host has opened inbound.db before (it upgrades that one), and nobody else of the sandbox opens the outbox meanwhile.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { MessageId, OutboundId } from '../model.ts';
import { int, namesIn, openWritable, text, transaction, userVersion } from '../sqlite.ts';
import { MAX_TIME_MS, parseTime } from '../time.ts';
import { InboundReader } from './inbound-reader.ts';
import { ACK_COUNTER, makeOutbound, SEQ_FLOOR } from './outbound.ts';

const KEPT = 'outbound.nanoclaw.db';
/** What file systems say that know no hard links. */
const WITHOUT_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'];

/** True when there was something to upgrade. A missing file, an empty one and one of ours are left as they are. */
export function upgradeOutbound(outDir: string, inDir: string): boolean {
  const path = join(outDir, 'outbound.db');
  const old = new DatabaseSync(path);
  try {
    if (userVersion(old) !== 0 || !namesIn(old).has('messages_out')) return false;
    // Out of its write-ahead log, if it has one: then the file alone is all of it.
    old.exec('PRAGMA journal_mode = DELETE');
    const inbound = InboundReader.open(inDir);
    try {
      transaction(old, () => replace(outDir, path, inbound));
    } finally {
      inbound.close();
    }
    return true;
  } finally {
    old.close();
  }
}

function replace(outDir: string, path: string, inbound: InboundReader): void {
  const kept = join(outDir, KEPT);
  const [partial, fresh] = [`${kept}.partial`, `${path}.new`];
  for (const left of [partial, fresh, `${fresh}-journal`]) rmSync(left, { force: true });
  keep(path, partial);
  renameSync(partial, kept);
  // Two names of one file are left as they are by a rename: an earlier start died after it.
  rmSync(partial, { force: true });
  build(fresh, kept, inbound);
  renameSync(fresh, path);
  sync(outDir);
}

/** A second name costs nothing, however long the file is; where there is no such thing, it is a copy. */
function keep(path: string, as: string): void {
  try {
    linkSync(path, as);
  } catch (error) {
    if (!WITHOUT_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    copyFileSync(path, as, constants.COPYFILE_FICLONE);
    sync(as);
  }
}

function sync(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function build(path: string, kept: string, inbound: InboundReader): void {
  const db = openWritable(path, 'FULL', 0, makeOutbound);
  try {
    db.function('to_ms', (time) => Math.min(MAX_TIME_MS, Math.max(0, parseTime(text(time)) ?? 0)));
    db.function('is_sent', (id) => Number(inbound.hasReceipt(text(id) as OutboundId)));
    db.function('is_waiting', (id) => Number(inbound.isPending(text(id) as MessageId)));
    // To be read alone: it is the file that the caller has locked, under its second name.
    db.prepare('ATTACH ? AS old').run(`${pathToFileURL(kept).href}?mode=ro`);
    transaction(db, () => {
      rows(db, inbound.greatestSeq());
      acks(db);
      state(db);
    });
  } finally {
    db.close();
  }
}

/**
 * Copies the columns that both tables have. `computed`: SQL for further ones. What the older file lacks and ours must
 * have becomes an empty text.
 */
function copy(
  db: DatabaseSync,
  table: string,
  computed: Readonly<Record<string, string>>,
  rest: string,
): void {
  if (!namesIn(db, 'old').has(table)) return;
  const columns = (of: string) => db.prepare(`PRAGMA ${of}.table_info(${table})`).all();
  const there = new Set(columns('old').map((column) => text(column.name)));
  const values = columns('main').flatMap((column): [string, string][] => {
    const name = text(column.name);
    if (computed[name]) return [[name, computed[name]]];
    if (there.has(name)) return [[name, name]];
    return column.notnull === 1 && column.dflt_value === null ? [[name, "''"]] : [];
  });
  const names = values.map(([name]) => name).join(', ');
  const sources = values.map(([, source]) => source).join(', ');
  db.exec(`INSERT INTO main.${table} (${names}) SELECT ${sources} FROM old.${table} ${rest}`);
}

/** Numbers stay, even ones too (R1): an agent has seen them. New ones come after all that were ever given (M3). */
function rows(db: DatabaseSync, inboundSeq: number): void {
  const dueMs = 'CASE WHEN deliver_after IS NULL THEN 0 ELSE to_ms(deliver_after) END';
  copy(db, 'messages_out', { due_ms: dueMs }, 'WHERE NOT is_sent(id) ORDER BY seq');
  const greatest = int(db.prepare('SELECT max(seq) AS seq FROM old.messages_out').get()?.seq);
  const give = db.prepare('UPDATE main.messages_out SET seq = ? WHERE id = ?');
  let floor = Math.max(greatest, inboundSeq);
  const unnumbered = db.prepare(
    'SELECT id FROM main.messages_out WHERE seq IS NULL ORDER BY timestamp, rowid',
  );
  for (const { id } of unnumbered.all()) {
    floor += floor % 2 === 0 ? 1 : 2;
    give.run(floor, text(id));
  }
  setState(db, SEQ_FLOOR, String(floor));
}

/** An ack gets the number by which the host takes it over; a claim is of no generation that the host knows: 0. */
function acks(db: DatabaseSync): void {
  const ackSeq =
    "CASE status WHEN 'processing' THEN 0 ELSE row_number() OVER (ORDER BY status = 'processing', status_changed, rowid) END";
  copy(db, 'processing_ack', { ack_seq: ackSeq }, 'WHERE is_waiting(message_id)');
  const last = int(db.prepare('SELECT max(ack_seq) AS seq FROM main.processing_ack').get()?.seq);
  setState(db, ACK_COUNTER, String(last));
}

/** The oldest files know one harness, Claude, and keep its continuation under a name of its own: adopted here, once. */
function state(db: DatabaseSync): void {
  copy(db, 'session_state', {}, 'WHERE true ON CONFLICT (key) DO NOTHING');
  db.exec(`
    INSERT INTO main.session_state (key, value, updated_at)
      SELECT 'continuation:claude', value, updated_at FROM main.session_state WHERE key = 'sdk_session_id'
      ON CONFLICT (key) DO NOTHING;
    DELETE FROM main.session_state WHERE key = 'sdk_session_id'`);
}

function setState(db: DatabaseSync, key: string, value: string): void {
  db.prepare("INSERT INTO main.session_state (key, value, updated_at) VALUES (?, ?, '')").run(key, value);
}
