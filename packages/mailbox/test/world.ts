/**
 * One session, both sides, on real files with a fake clock: the take-over as the host's sweep does it, the turn as the
 * runner's loop does it, reduced to what touches the mailbox. It decides nothing about what is right; model.ts does.
 *
 * The store is what survives a crash of the host here: endings that are not settled, ends of messages, copies of rows.
 */
import {
  decideAck,
  decideCharge,
  type InboundChange,
  InboundMailbox,
  type RetryPolicy,
  readOutbound,
  type SeriesChange,
} from '../src/host/index.ts';
import type { Ack, InboundRow, MessageId, NewMessage, OutboundRow, TurnId } from '../src/index.ts';
import { type Batch, OutboundMailbox, selectBatch } from '../src/runner/index.ts';
import { type Folder, LIMITS, look, message, outRow, T0, tid } from './support.ts';

export const RETRY: RetryPolicy = { maxTries: 3, baseMs: 1_000, maxReleases: 2, maxReleaseMs: 60_000 };
export const BATCH = { batchSize: 3, contextRows: 2 };

interface Ending {
  readonly number: number;
  readonly startedMs: number;
  /** False: it ended before its runner opened the mailbox. */
  readonly ready: boolean;
  readonly costs: boolean;
}

export interface Turn {
  readonly id: TurnId;
  readonly batch: Batch;
  readonly generation: number;
}

/** Where a host dies in its take-over: before this step. */
export type SweepStep = 'copies' | 'ends' | 'inbound' | 'settled' | 'none';

export class World {
  nowMs = T0;
  generation = 0;
  runner: OutboundMailbox | null = null;
  turn: Turn | null = null;
  readonly endings: Ending[] = [];
  readonly copies = new Map<string, OutboundRow>();
  readonly ends = new Map<MessageId, string>();
  readonly folder: Folder;
  /** Small, so that a take-over needs several looks. */
  readonly limits = { ...LIMITS, maxRows: 4 };
  #startedMs = T0;
  #freshThrough = 0;
  #turns = 0;

  constructor(folder: Folder) {
    this.folder = folder;
  }

  /** The host opens the file for each piece of work, as if it had just started. */
  host<T>(work: (mailbox: InboundMailbox) => T): T {
    const mailbox = InboundMailbox.open(this.folder.inDir);
    try {
      return work(mailbox);
    } finally {
      mailbox.close();
    }
  }

  /** Only when nothing runs and every ending is settled. */
  wake(): void {
    this.host(() => undefined);
    this.generation += 1;
    this.#startedMs = this.nowMs;
    this.runner = OutboundMailbox.open(this.folder.outDir, this.generation);
    const held = [...this.runner.acks().values()].filter((a) =>
      ['processing', 'released'].includes(a.status),
    );
    const ids = held.map((a) => a.messageId);
    this.#freshThrough = look(this.folder, (reader) => reader.newestSeq());
    this.runner.dropClaims(look(this.folder, (reader) => ids.filter((id) => !reader.isPending(id))));
  }

  /** The generation is over: a `ready` of false is a boot that failed. */
  end(costs: boolean, ready = true): void {
    if (!ready) this.#startedMs = this.nowMs;
    if (!ready) this.generation += 1;
    this.runner?.close();
    this.runner = null;
    this.turn = null;
    this.endings.push({ number: this.generation, startedMs: this.#startedMs, ready, costs });
  }

  look(): Turn | null {
    const { runner } = this;
    if (!runner) return null;
    const batch = look(this.folder, (reader) =>
      selectBatch(
        reader.due(this.nowMs, this.#freshThrough),
        (seq) => reader.context(seq),
        runner.acks(),
        this.generation,
        BATCH,
      ),
    );
    if (!batch) return null;
    this.#turns += 1;
    this.turn = { id: batch.turnId ?? tid(`turn${this.#turns}`), batch, generation: this.generation };
    runner.claim(this.turn.id, batch.messages, this.nowMs);
    return this.turn;
  }

  /** The n-th tool call of the turn. Its row's id is what it is for, so that a retry repeats it. */
  tool(turn: Turn, n: number): { readonly id: string; readonly fresh: boolean } {
    const inboundSeq = look(this.folder, (reader) => reader.greatestSeq());
    const row = outRow(`${turn.id}-tool${n}`);
    return { id: row.id, fresh: this.runner?.addRow(turn.id, row, inboundSeq, this.nowMs).fresh ?? false };
  }

  /** As the loop ends a turn. The row says which messages it answers. */
  commit(turn: Turn, status: 'completed' | 'failed' | 'released', retryAfterMs: number): void {
    const { messages, context, skipped } = turn.batch;
    const inbound = look(this.folder, (reader) => ({
      seq: reader.greatestSeq(),
      acksThrough: reader.watermark('acks_through'),
      rowsThrough: reader.watermark('rows_through'),
    }));
    const used = status === 'completed' ? [...context, ...skipped] : [];
    const content = JSON.stringify(messages.map((m) => m.id));
    this.runner?.commitTurn({
      turnId: turn.id,
      rows: status === 'completed' ? [outRow(`${turn.id}-0`, { content })] : [],
      acks: [
        ...messages.map((m) => ({ message: m, status, retryAfterMs })),
        ...used.map((m) => ({ message: m, status: 'completed' as const })),
      ],
      continuation: null,
      prune: inbound,
      inboundSeq: inbound.seq,
      nowMs: this.nowMs,
    });
    this.turn = null;
  }

  /** One take-over, in the commit order of sweep.ts. Returns whether there is more, or null when the host died. */
  sweep(dies: SweepStep = 'none', series: readonly SeriesChange[] = []): boolean | null {
    const after = this.host((m) => ({
      ackSeq: m.watermark('acks_through'),
      rowSeq: m.watermark('rows_through'),
    }));
    const read = readOutbound(this.folder.outDir, after, this.limits);
    if (read.kind !== 'ok') throw new Error(JSON.stringify(read));
    const { acks, claims, rows, more } = read.snapshot;
    if (dies === 'copies') return null;
    for (const row of rows) this.copies.set(row.id, row);
    const changes = this.#decide(acks, claims);
    if (dies === 'ends') return null;
    for (const c of changes) if (c.kind === 'completed' || c.kind === 'failed') this.ends.set(c.id, c.kind);
    if (dies === 'inbound') return null;
    this.host((m) => m.settle({ changes, next: this.#next(changes), watermarks: marks(acks, rows), series }));
    if (dies === 'settled') return null;
    this.endings.length = 0;
    return more;
  }

  #decide(acks: readonly Ack[], claims: readonly Ack[]): InboundChange[] {
    const charged = this.endings.filter((ending) => ending.costs);
    const took = (g: Ending) => [...claims, ...acks].some((ack) => ack.generation === g.number);
    const changes = new Map<MessageId, InboundChange>();
    const decided = (change: InboundChange | null) => {
      if (change && !changes.has(change.id)) changes.set(change.id, change);
    };
    this.host((mailbox) => {
      const rows = mailbox.rows([...acks, ...claims].map((ack) => ack.messageId));
      for (const ack of acks) decided(decideAck(ack, rows.get(ack.messageId), RETRY, this.nowMs, 0));
      const charge = (row: InboundRow | undefined, g: Ending) =>
        decided(decideCharge(row, g.number, 'it died', RETRY, this.nowMs, 0));
      for (const g of charged) {
        for (const claim of claims.filter((c) => c.generation === g.number)) {
          const row = rows.get(claim.messageId);
          if (row?.attempt === claim.attempt) charge(row, g);
        }
        if (g.ready || took(g)) continue;
        for (const row of mailbox.dueRows(g.startedMs, BATCH.batchSize)) charge(row, g);
      }
    });
    return [...changes.values()];
  }

  /** A series goes on for ever: an hour later each time. */
  #next(changes: readonly InboundChange[]): Map<MessageId, NewMessage> {
    const rows = this.host((mailbox) => mailbox.rows(changes.map((change) => change.id)));
    const series = [...rows.values()].filter((row) => row.recurrence !== null);
    return new Map(series.map((row) => [row.id, occurrence(row.seriesId ?? row.id, row.dueMs + 3_600_000)]));
  }
}

export function occurrence(series: string, dueMs: number): NewMessage {
  const change = { kind: 'task', dueMs, recurrence: '@hourly', seriesId: series } as const;
  return message(dueMs === 0 ? series : `${series}:${dueMs}`, change);
}

function marks(acks: readonly { ackSeq: number }[], rows: readonly { seq: number }[]) {
  const [ack, row] = [acks.at(-1), rows.at(-1)];
  return { ...(ack ? { acks_through: ack.ackSeq } : {}), ...(row ? { rows_through: row.seq } : {}) };
}
