/**
 * The runner's side of `inbound.db`: read-only, by mount as well as here.
 *
 * One instance lives for one look and is closed before anything is awaited (M2, L13): a handle that is kept may show
 * yesterday's rows on some mounts. A host in mid-commit throws an error for which `isLater` is true.
 */
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Address, Destination, InboundRow, MessageId, OutboundId } from '../model.ts';
import { INBOUND_COLUMNS, toInboundRow } from '../rows.ts';
import { int, text, textOrNull } from '../sqlite.ts';

/** A commit of the host holds its lock for a millisecond or two; this is waited for, blocking. */
const COMMIT_WAIT_MS = 20;

export class InboundReader {
  readonly #db: DatabaseSync;
  // Asked for each of 200,000 rows of an old outbox (upgrade.ts): preparing them each time took most of its time.
  #pending: StatementSync | null = null;
  #receipt: StatementSync | null = null;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  static open(inDir: string): InboundReader {
    const db = new DatabaseSync(join(inDir, 'inbound.db'), { readOnly: true, timeout: COMMIT_WAIT_MS });
    return new InboundReader(db);
  }

  close(): void {
    this.#db.close();
  }

  /**
   * Waking messages that are due, oldest first (L5); lazily, so that a filter comes before any limit. Their numbers come
   * from the partial index alone: asked for whole rows in this order, SQLite walks all of history (M12).
   * @param freshThrough `newestSeq` when this generation began: rows that are meant for a fresh runner are seen up to
   *   there. One that was put off or charged is a message like any other: its retry waits for no further generation.
   */
  *due(nowMs: number, freshThrough = 0): Generator<InboundRow> {
    const numbers = this.#db.prepare(
      `SELECT seq FROM messages_in INDEXED BY idx_messages_in_due
       WHERE status = 'pending' AND trigger = 1 AND due_ms <= ? ORDER BY seq`,
    );
    const select = this.#db.prepare(
      `SELECT ${INBOUND_COLUMNS} FROM messages_in WHERE seq = ? AND (on_wake = 0 OR attempt > 1 OR seq <= ?)`,
    );
    for (const { seq } of numbers.iterate(nowMs)) {
      const row = select.get(int(seq), freshThrough);
      if (row) yield toInboundRow(row);
    }
  }

  /** Context rows before `seq`, the latest first. */
  *context(seq: number): Generator<InboundRow> {
    const select = this.#db.prepare(
      `SELECT ${INBOUND_COLUMNS} FROM messages_in WHERE status = 'pending' AND trigger = 0 AND seq < ? ORDER BY seq DESC`,
    );
    for (const row of select.iterate(seq)) yield toInboundRow(row);
  }

  isPending(id: MessageId): boolean {
    this.#pending ??= this.#db.prepare("SELECT 1 FROM messages_in WHERE id = ? AND status = 'pending'");
    return this.#pending.get(id) !== undefined;
  }

  /** Whether the host has recorded the end of this row's delivery, good or bad. */
  hasReceipt(id: OutboundId): boolean {
    this.#receipt ??= this.#db.prepare('SELECT 1 FROM delivered WHERE message_out_id = ?');
    return this.#receipt.get(id) !== undefined;
  }

  /** The inbound message with this number, or null. */
  rowOfSeq(seq: number): InboundRow | null {
    const row = this.#db.prepare(`SELECT ${INBOUND_COLUMNS} FROM messages_in WHERE seq = ?`).get(seq);
    return row ? toInboundRow(row) : null;
  }

  /** When the next waking message that is not due yet becomes due, in milliseconds; null when there is none. */
  nextDueMs(nowMs: number): number | null {
    const row = this.#db
      .prepare(
        "SELECT due_ms FROM messages_in WHERE status = 'pending' AND trigger = 1 AND due_ms > ? ORDER BY due_ms LIMIT 1",
      )
      .get(nowMs);
    return row ? int(row.due_ms) : null;
  }

  /** The greatest number this file knows of, in either direction: rows of ours that the host has copied count too. */
  greatestSeq(): number {
    return Math.max(this.newestSeq(), this.watermark('rows_through'));
  }

  /** The number of the host's newest row. */
  newestSeq(): number {
    return int(this.#db.prepare('SELECT max(seq) AS seq FROM messages_in').get()?.seq);
  }

  watermark(name: 'acks_through' | 'rows_through'): number {
    return int(this.#db.prepare('SELECT value FROM watermarks WHERE name = ?').get(name)?.value);
  }

  /** Tasks that wait, the earliest first; by the index of what waits alone (M12). */
  tasks(limit: number): InboundRow[] {
    return this.#db
      .prepare(
        `SELECT ${INBOUND_COLUMNS} FROM messages_in INDEXED BY idx_messages_in_due
         WHERE status = 'pending' AND trigger = 1 AND kind = 'task' ORDER BY due_ms, seq LIMIT ?`,
      )
      .all(limit)
      .map(toInboundRow);
  }

  /** The names this session may send to. */
  destinations(): Destination[] {
    return this.#db
      .prepare(
        'SELECT name, display_name, type, channel_type, platform_id, agent_group_id FROM destinations ORDER BY name',
      )
      .all()
      .map((row) => ({
        name: text(row.name),
        displayName: textOrNull(row.display_name),
        type: row.type === 'agent' ? 'agent' : 'channel',
        channel: textOrNull(row.channel_type),
        chat: textOrNull(row.platform_id),
        agentId: textOrNull(row.agent_group_id),
      }));
  }

  /** The session's default reply address. */
  routing(): Address {
    const row = this.#db.prepare('SELECT channel_type, platform_id, thread_id FROM session_routing').get();
    return {
      channel: textOrNull(row?.channel_type),
      chat: textOrNull(row?.platform_id),
      thread: textOrNull(row?.thread_id),
    };
  }
}
