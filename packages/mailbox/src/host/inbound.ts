/**
 * The host's side of `inbound.db`: the only writer of it (M1).
 *
 * One instance lives for one synchronous stretch of work and is closed before anything is awaited (M2). Every method
 * that writes is one transaction: when it returns, the change is durable; when it throws, nothing changed. A lock that
 * is held throws an error for which `isLater` is true; the caller retries asynchronously. Times and ids are passed in;
 * no statement reads the clock (M5).
 */
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Address, Destination, InboundRow, MessageId, NewMessage, Receipt } from '../model.ts';
import { INBOUND_COLUMNS, toInboundRow } from '../rows.ts';
import { int, openWritable, transaction } from '../sqlite.ts';
import { toIso } from '../time.ts';
import type { InboundChange } from './decisions.ts';
import { type ImportedRows, importedRows, importSeen } from './imported.ts';
import { changeSeries, type SeriesChange } from './series.ts';
import { makeInbound } from './upgrade.ts';

export type WatermarkName = 'acks_through' | 'rows_through';

export class InboundMailbox {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /**
   * Opens or makes `inDir/inbound.db`; rolls back what a dead host left half-written; upgrades NanoClaw's in place.
   * Never blocks on a lock. Throws NewerSchema or NotAMailbox for what it must not touch.
   */
  static open(inDir: string): InboundMailbox {
    return new InboundMailbox(openWritable(join(inDir, 'inbound.db'), 'EXTRA', 0, makeInbound));
  }

  close(): void {
    this.#db.close();
  }

  /** Adds what is not there yet, in order, each under the next even seq (M3, M4). Returns how many were new. */
  enqueue(messages: readonly NewMessage[]): number {
    return transaction(this.#db, () => this.#insert(messages));
  }

  #insert(messages: readonly NewMessage[]): number {
    const greatest = int(this.#db.prepare('SELECT max(seq) AS seq FROM messages_in').get()?.seq);
    const insert = this.#db.prepare(
      `INSERT INTO messages_in (id, seq, kind, timestamp, status, process_after, due_ms, recurrence, series_id, trigger,
         on_wake, channel_type, platform_id, thread_id, content)
       VALUES (?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    );
    let seq = greatest - (greatest % 2) + 2;
    let added = 0;
    for (const m of messages) {
      const { changes } = insert.run(
        m.id,
        seq,
        m.kind,
        toIso(m.timestampMs),
        m.dueMs > 0 ? toIso(m.dueMs) : null,
        m.dueMs,
        m.recurrence,
        m.seriesId ?? m.id,
        m.trigger ? 1 : 0,
        m.onWake ? 1 : 0,
        m.channel,
        m.chat,
        m.thread,
        m.content,
      );
      if (Number(changes) === 0) continue;
      seq += 2;
      added += 1;
    }
    return added;
  }

  /** Brings dead letters back: their tries begin anew, under the next attempt. What has not failed stays what it is. */
  revive(ids: readonly MessageId[]): void {
    const revive = this.#db.prepare(
      `UPDATE messages_in SET status = 'pending', tries = 0, releases = 0, attempt = attempt + 1, ended_reason = NULL,
         due_ms = 0, process_after = NULL WHERE id = ? AND status = 'failed'`,
    );
    transaction(this.#db, () => {
      for (const id of ids) revive.run(id);
    });
  }

  /**
   * Removes messages that have ended, and what was noted of deliveries; what has not ended stays. A series that was
   * cancelled goes by its own name, whichever of its rows that hit. The newest row stays, because numbers count on from
   * it (M3). Nothing here keeps a removed id from being enqueued again: the
   * caller remembers ids for as long as platforms redeliver (M4).
   */
  forget(messages: readonly string[], deliveries: readonly string[]): void {
    const message = this.#db.prepare(
      `DELETE FROM messages_in WHERE seq < (SELECT max(seq) FROM messages_in)
         AND (id = ?1 AND status IN ('completed', 'failed', 'cancelled') OR series_id = ?1 AND status = 'cancelled')`,
    );
    const delivery = this.#db.prepare('DELETE FROM delivered WHERE message_out_id = ?');
    transaction(this.#db, () => {
      for (const id of messages) message.run(id);
      for (const id of deliveries) delivery.run(id);
    });
  }

  /** The rows of these ids; ids that are not there are left out. */
  rows(ids: Iterable<MessageId>): Map<MessageId, InboundRow> {
    const select = this.#db.prepare(`SELECT ${INBOUND_COLUMNS} FROM messages_in WHERE id = ?`);
    const found = new Map<MessageId, InboundRow>();
    for (const id of ids) {
      const row = select.get(id);
      if (row) found.set(id, toInboundRow(row));
    }
    return found;
  }

  /** The id of the message with this number (M3); null when there is none. */
  idOfSeq(seq: number): MessageId | null {
    const row = this.#db.prepare('SELECT id FROM messages_in WHERE seq = ?').get(seq);
    return row ? (String(row.id) as MessageId) : null;
  }

  /** When the next waking message is due, in milliseconds; null when none waits. */
  nextDueMs(): number | null {
    const row = this.#db
      .prepare(
        "SELECT due_ms FROM messages_in WHERE status = 'pending' AND trigger = 1 ORDER BY due_ms LIMIT 1",
      )
      .get();
    return row ? int(row.due_ms) : null;
  }

  /** Waking messages due at `nowMs`, the earliest first. */
  dueRows(nowMs: number, limit: number): InboundRow[] {
    return this.#db
      .prepare(
        `SELECT ${INBOUND_COLUMNS} FROM messages_in WHERE status = 'pending' AND trigger = 1 AND due_ms <= ?
         ORDER BY due_ms, seq LIMIT ?`,
      )
      .all(nowMs, limit)
      .map(toInboundRow);
  }

  /**
   * Applies what was decided, remembers what was delivered and moves the watermarks: one transaction, so that a series
   * is re-armed with the end of its occurrence or not at all (W6). A change whose message has moved on is skipped.
   * @param next the next occurrence of a series, by the id of the one that ends here.
   * @returns how many rows of series were changed; a caller that named one which is not there learns it by 0.
   */
  settle(work: {
    readonly changes: readonly InboundChange[];
    readonly next?: ReadonlyMap<MessageId, NewMessage>;
    readonly receipts?: readonly Receipt[];
    readonly watermarks?: Partial<Record<WatermarkName, number>>;
    /** Rows of the host's own making: tasks, notes to the agent. */
    readonly add?: readonly NewMessage[];
    /** Before the changes: what ends here of a series that is cancelled here is not armed again. */
    readonly series?: readonly SeriesChange[];
  }): number {
    return transaction(this.#db, () => {
      if (work.add?.length) this.#insert(work.add);
      const touched = (work.series ?? []).map((change) => changeSeries(this.#db, change));
      for (const change of work.changes) {
        if (!this.#apply(change)) continue;
        const next = work.next?.get(change.id);
        if (!next || (change.kind !== 'completed' && change.kind !== 'failed')) continue;
        this.#arm(next);
        this.#db.prepare('UPDATE messages_in SET recurrence = NULL WHERE id = ?').run(change.id);
      }
      // The first receipt wins (M9).
      const deliver = this.#db.prepare(
        'INSERT INTO delivered (message_out_id, platform_message_id, status, delivered_at) VALUES (?, ?, ?, ?) ON CONFLICT (message_out_id) DO NOTHING',
      );
      for (const r of work.receipts ?? [])
        deliver.run(r.outboundId, r.platformMessageId, r.status, toIso(r.atMs));
      const raise = this.#db.prepare(
        `INSERT INTO watermarks (name, value) VALUES (?, ?)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > value`,
      );
      for (const [name, value] of Object.entries(work.watermarks ?? {})) raise.run(name, value);
      return touched.reduce((sum, rows) => sum + rows, 0);
    });
  }

  /**
   * An occurrence is named by its series and time. The name may be taken: by one that is still to come, which will do;
   * or, as tasks can be moved in time, by one that is over, and then the series must not end with it.
   */
  #arm(next: NewMessage): void {
    if (this.#insert([next]) > 0) return;
    const status = this.rows([next.id]).get(next.id)?.status;
    if (status === 'pending' || status === 'paused') return;
    const { seq } = this.#db.prepare('SELECT max(seq) AS seq FROM messages_in').get() ?? {};
    this.#insert([{ ...next, id: `${next.id}~${int(seq)}` as MessageId }]);
  }

  /** Every change is guarded by state and attempt: paused, cancelled and finished messages stay what they are (M9). */
  #apply(change: InboundChange): boolean {
    const guard = "WHERE id = ? AND attempt = ? AND status = 'pending'";
    const run = (set: string, ...values: (string | number)[]) =>
      Number(
        this.#db.prepare(`UPDATE messages_in SET ${set} ${guard}`).run(...values, change.id, change.attempt)
          .changes,
      ) === 1;
    switch (change.kind) {
      case 'completed':
        return run("status = 'completed'");
      case 'failed':
        return change.generation === undefined
          ? run("status = 'failed', ended_reason = ?", change.reason)
          : run(
              "status = 'failed', ended_reason = ?, tries = tries + 1, charged_generation = ?",
              change.reason,
              change.generation,
            );
      case 'released':
        return run(
          'releases = releases + 1, attempt = attempt + 1, due_ms = ?, process_after = ?',
          change.dueMs,
          toIso(change.dueMs),
        );
      case 'charged':
        return run(
          'tries = tries + 1, attempt = attempt + 1, charged_generation = max(charged_generation, ?), due_ms = ?, process_after = ?',
          change.generation,
          change.dueMs,
          toIso(change.dueMs),
        );
    }
  }

  watermark(name: WatermarkName): number {
    return int(this.#db.prepare('SELECT value FROM watermarks WHERE name = ?').get(name)?.value);
  }

  /** Whether `imported` has something to tell. */
  hasImports(): boolean {
    return importedRows(this.#db, 0) !== null;
  }

  /** What a NanoClaw session brought along, the next rows of it; null when all was looked at. */
  imported(limit: number): ImportedRows | null {
    return importedRows(this.#db, limit);
  }

  importSeen(through: number): void {
    importSeen(this.#db, through);
  }

  /**
   * Where a reply without an address goes, and the names this session may send to: the list as a whole. Written only if
   * they differ. A name that stays keeps the columns that we do not know (`thread_id_override`).
   */
  prepare(routing: Address, destinations: readonly Destination[]): void {
    const wanted = JSON.stringify([routing.channel, routing.chat, routing.thread, destinations]);
    if (this.#prepared() === wanted) return;
    transaction(this.#db, () => {
      this.#db
        .prepare(
          `INSERT INTO session_routing (id, channel_type, platform_id, thread_id) VALUES (1, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET channel_type = excluded.channel_type, platform_id = excluded.platform_id,
             thread_id = excluded.thread_id`,
        )
        .run(routing.channel, routing.chat, routing.thread);
      const names = JSON.stringify(destinations.map((d) => d.name));
      this.#db
        .prepare('DELETE FROM destinations WHERE name NOT IN (SELECT value FROM json_each(?))')
        .run(names);
      const insert = this.#db.prepare(
        `INSERT INTO destinations (name, display_name, type, channel_type, platform_id, agent_group_id)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET display_name = excluded.display_name, type = excluded.type,
           channel_type = excluded.channel_type, platform_id = excluded.platform_id,
           agent_group_id = excluded.agent_group_id`,
      );
      for (const d of destinations) insert.run(d.name, d.displayName, d.type, d.channel, d.chat, d.agentId);
    });
  }

  #prepared(): string {
    const r = this.#db.prepare('SELECT channel_type, platform_id, thread_id FROM session_routing').get();
    const destinations = this.#db
      .prepare(
        `SELECT name, display_name AS displayName, type, channel_type AS channel, platform_id AS chat,
           agent_group_id AS agentId FROM destinations ORDER BY name`,
      )
      .all();
    return JSON.stringify([
      r?.channel_type ?? null,
      r?.platform_id ?? null,
      r?.thread_id ?? null,
      destinations,
    ]);
  }
}
