/**
 * The runner's side of `outbound.db`: its only writer, the one that creates and prunes it (M1).
 *
 * Every method that writes is one transaction; when it returns, the change is durable. Opening rolls a hot journal of
 * a dead runner back. The handle is kept: nobody else writes this file, and the host never locks it (snapshot.ts).
 */
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type {
  Ack,
  Address,
  InboundRow,
  MessageId,
  OutboundId,
  OutboundKind,
  OutboundRow,
  TurnId,
} from '../model.ts';
import { ACK_COLUMNS, OUTBOUND_COLUMNS, toAck, toOutboundRow } from '../rows.ts';
import { OUTBOUND_DDL } from '../schema.ts';
import { int, NotAMailbox, namesIn, openWritable, text, textOrNull, transaction } from '../sqlite.ts';
import { boundedWait, toIso } from '../time.ts';

/** Two processes of one sandbox may write (a tool server, later): each waits for the other, in milliseconds. */
const LOCK_WAIT_MS = 2_000;
/** Key of session_state: the number of the last ack. */
export const ACK_COUNTER = 'ack_seq';
/** Key of session_state: the greatest number of a NanoClaw session, whose rows are not all here (upgrade.ts). */
export const SEQ_FLOOR = 'seq_floor';

export interface NewOutbound extends Address {
  readonly id: OutboundId;
  readonly inReplyTo: MessageId | null;
  readonly kind: OutboundKind;
  readonly content: string;
  readonly dueMs: number;
}

export interface OutboundAck {
  readonly message: InboundRow;
  readonly status: 'completed' | 'failed' | 'released';
  readonly errorClass?: string;
  readonly error?: string;
  readonly retryAfterMs?: number;
}

export interface TurnCommit {
  readonly turnId: TurnId;
  readonly rows: readonly NewOutbound[];
  readonly acks: readonly OutboundAck[];
  /** The harness's own memory of the conversation, or null to leave what is there. */
  readonly continuation: { readonly key: string; readonly value: string } | null;
  /** How far the host has got: what lies behind is pruned in the same transaction. */
  readonly prune: { readonly acksThrough: number; readonly rowsThrough: number };
  /** The greatest number in inbound.db, its watermark of our rows included (M3). */
  readonly inboundSeq: number;
  readonly nowMs: number;
  /** Called inside the transaction, before its commit; what it throws undoes the turn. */
  readonly beforeCommit?: () => void;
}

export function makeOutbound(db: DatabaseSync): void {
  if (namesIn(db).size > 0) throw new NotAMailbox(db.location() ?? '', 'its tables are not ours');
  for (const statement of OUTBOUND_DDL) db.exec(statement);
}

export class OutboundMailbox {
  readonly #db: DatabaseSync;
  readonly #generation: number;

  private constructor(db: DatabaseSync, generation: number) {
    this.#db = db;
    this.#generation = generation;
  }

  /** Opens or makes `outDir/outbound.db`. One of NanoClaw's is refused: `upgradeOutbound` comes first. */
  static open(outDir: string, generation: number): OutboundMailbox {
    const db = openWritable(join(outDir, 'outbound.db'), 'FULL', LOCK_WAIT_MS, makeOutbound);
    return new OutboundMailbox(db, generation);
  }

  close(): void {
    this.#db.close();
  }

  /**
   * Leaves no journal behind. Opening rolled a synced one back; one whose writer died before its sync holds nothing,
   * and SQLite lets it lie until the next commit: this is that commit.
   */
  recover(nowMs: number): void {
    transaction(this.#db, () => this.setState('recovered', String(this.#generation), nowMs));
  }

  /** Every claim and every ack that has not been pruned, by message. */
  acks(): Map<MessageId, Ack> {
    const rows = this.#db.prepare(`SELECT ${ACK_COLUMNS} FROM processing_ack`).all().map(toAck);
    return new Map(rows.map((ack) => [ack.messageId, ack]));
  }

  /** Marks the messages as worked on by this turn of this generation. */
  claim(turnId: TurnId, messages: readonly InboundRow[], nowMs: number): void {
    const claim = this.#db.prepare(
      `INSERT INTO processing_ack (message_id, status, status_changed, attempt, generation, turn_id, ack_seq)
       VALUES (?, 'processing', ?, ?, ?, ?, 0)
       ON CONFLICT (message_id) DO UPDATE SET status = excluded.status, status_changed = excluded.status_changed,
         attempt = excluded.attempt, generation = excluded.generation, turn_id = excluded.turn_id, ack_seq = 0,
         error_class = NULL, error = NULL, retry_after_ms = NULL`,
    );
    transaction(this.#db, () => {
      for (const m of messages) claim.run(m.id, toIso(nowMs), m.attempt, this.#generation, turnId);
    });
  }

  /** Removes claims and releases of messages that are over or gone: nobody owns them any more (L2). */
  dropClaims(ids: readonly MessageId[]): void {
    if (ids.length === 0) return;
    const drop = this.#db.prepare(
      "DELETE FROM processing_ack WHERE message_id = ? AND status IN ('processing', 'released')",
    );
    transaction(this.#db, () => {
      for (const id of ids) drop.run(id);
    });
  }

  /**
   * The row of a tool call with an outside effect: durable at once (M6). The same id again writes nothing and returns
   * the first one's number (M7).
   */
  addRow(
    turnId: TurnId,
    row: NewOutbound,
    inboundSeq: number,
    nowMs: number,
  ): { seq: number; fresh: boolean } {
    return transaction(this.#db, () => this.#insert(turnId, row, inboundSeq, nowMs));
  }

  /** The next odd number after the greatest of both files (M3), taken under the write lock (L6). */
  #insert(
    turnId: TurnId,
    row: NewOutbound,
    inboundSeq: number,
    nowMs: number,
  ): { seq: number; fresh: boolean } {
    const found = this.#db.prepare('SELECT seq FROM messages_out WHERE id = ?').get(row.id);
    if (found) return { seq: int(found.seq), fresh: false };
    const greatest = Math.max(
      inboundSeq,
      Number(this.state(SEQ_FLOOR) ?? 0),
      int(this.#db.prepare('SELECT max(seq) AS seq FROM messages_out').get()?.seq),
    );
    const seq = greatest + (greatest % 2 === 0 ? 1 : 2);
    this.#db
      .prepare(
        `INSERT INTO messages_out (id, seq, in_reply_to, timestamp, deliver_after, due_ms, kind, platform_id, channel_type,
           thread_id, content, turn_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        row.id,
        seq,
        row.inReplyTo,
        toIso(nowMs),
        row.dueMs > 0 ? toIso(row.dueMs) : null,
        row.dueMs,
        row.kind,
        row.chat,
        row.channel,
        row.thread,
        row.content,
        turnId,
      );
    return { seq, fresh: true };
  }

  /** What this turn has sent already: shown to the harness when the turn is tried again (M7). */
  sent(turnId: TurnId): OutboundRow[] {
    return this.#db
      .prepare(`SELECT ${OUTBOUND_COLUMNS} FROM messages_out WHERE turn_id = ? ORDER BY seq`)
      .all(turnId)
      .map(toOutboundRow);
  }

  /** The outbound row with this number, or null. */
  rowOfSeq(seq: number): OutboundRow | null {
    const row = this.#db.prepare(`SELECT ${OUTBOUND_COLUMNS} FROM messages_out WHERE seq = ?`).get(seq);
    return row ? toOutboundRow(row) : null;
  }

  /** The end of a turn (M6): final rows, acks and continuation, in one commit. */
  commitTurn(turn: TurnCommit): void {
    transaction(this.#db, () => {
      for (const row of turn.rows) this.#insert(turn.turnId, row, turn.inboundSeq, turn.nowMs);
      this.#ack(turn);
      if (turn.continuation) this.setState(turn.continuation.key, turn.continuation.value, turn.nowMs);
      this.#db.exec('DELETE FROM container_state');
      this.#prune(turn.prune);
      turn.beforeCommit?.();
    });
  }

  #ack(turn: TurnCommit): void {
    // A counter of its own: the row with the greatest number may be overwritten by a claim, or pruned.
    // Never below what the host has taken over, even if an agent wiped this file: it would not be read.
    let ackSeq = Math.max(Number(this.state(ACK_COUNTER) ?? 0), turn.prune.acksThrough);
    const write = this.#db.prepare(
      `INSERT INTO processing_ack (message_id, status, status_changed, attempt, generation, turn_id, ack_seq,
         error_class, error, retry_after_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (message_id) DO UPDATE SET status = excluded.status, status_changed = excluded.status_changed,
         attempt = excluded.attempt, generation = excluded.generation, turn_id = excluded.turn_id,
         ack_seq = excluded.ack_seq, error_class = excluded.error_class, error = excluded.error,
         retry_after_ms = excluded.retry_after_ms`,
    );
    for (const ack of turn.acks) {
      ackSeq += 1;
      write.run(
        ack.message.id,
        ack.status,
        toIso(turn.nowMs),
        ack.message.attempt,
        this.#generation,
        turn.turnId,
        ackSeq,
        ack.errorClass ?? null,
        ack.error ?? null,
        ack.retryAfterMs === undefined ? null : boundedWait(ack.retryAfterMs),
      );
    }
    this.setState(ACK_COUNTER, String(ackSeq), turn.nowMs);
  }

  /**
   * Removes what the host has copied: rows of turns that are over and acks that were taken over. The newest row stays,
   * so that numbers never run backwards; a released message's ack stays, its retry needs the turn id.
   */
  #prune(through: { readonly acksThrough: number; readonly rowsThrough: number }): void {
    this.#db
      .prepare(
        `DELETE FROM messages_out WHERE seq <= ? AND seq < (SELECT max(seq) FROM messages_out)
         AND (turn_id IS NULL OR turn_id NOT IN
           (SELECT turn_id FROM processing_ack WHERE status IN ('processing', 'released') AND turn_id IS NOT NULL))`,
      )
      .run(through.rowsThrough);
    this.#db
      .prepare("DELETE FROM processing_ack WHERE status IN ('completed', 'failed') AND ack_seq <= ?")
      .run(through.acksThrough);
  }

  state(key: string): string | null {
    return textOrNull(this.#db.prepare('SELECT value FROM session_state WHERE key = ?').get(key)?.value);
  }

  setState(key: string, value: string, nowMs: number): void {
    this.#db
      .prepare(
        `INSERT INTO session_state (key, value, updated_at) VALUES (?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
      )
      .run(key, value, toIso(nowMs));
  }

  /** Says which tool runs, so that the host's patience is as long as the tool's own time-out (design.md §4). */
  setTool(tool: { readonly name: string; readonly timeoutMs: number | null } | null, nowMs: number): void {
    if (!tool) {
      this.#db.exec('DELETE FROM container_state');
      return;
    }
    this.#db
      .prepare(
        `INSERT INTO container_state (id, current_tool, tool_declared_timeout_ms, tool_started_at, updated_at)
         VALUES (1, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET current_tool = excluded.current_tool,
           tool_declared_timeout_ms = excluded.tool_declared_timeout_ms, tool_started_at = excluded.tool_started_at,
           updated_at = excluded.updated_at`,
      )
      .run(tool.name, tool.timeoutMs, toIso(nowMs), toIso(nowMs));
  }

  /** Ids of outbound rows that are still here: files of others may go. */
  rowIds(): Set<string> {
    return new Set(
      this.#db
        .prepare('SELECT id FROM messages_out')
        .all()
        .map((row) => text(row.id)),
    );
  }
}
