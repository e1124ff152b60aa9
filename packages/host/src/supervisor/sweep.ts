/**
 * The sweep of one session's mailbox (design.md §4, steps 1, 2 and 6): what its runner committed is taken over, what
 * a dead generation held is charged.
 *
 * Commit order, so that a crash between any two of them is mended by the next sweep doing the same again:
 *   1. copies of outbound rows in the store, then they are sent
 *   2. ends of messages and notices in the store
 *   3. the same ends, receipts and watermarks in inbound.db, in one commit
 *   4. generation settled, due index, in the store
 * Everything before 3 is idempotent by id; the watermarks of 3 say that it need not be done again.
 */
import {
  type Ack,
  type InboundRow,
  type MessageId,
  type NewMessage,
  point,
  replyAddress,
} from '@bellhop/mailbox';
import {
  decideAck,
  decideCharge,
  type InboundChange,
  keepTogether,
  type OutboundSnapshot,
} from '@bellhop/mailbox/host';
import { inThread } from '../delivery/notice.ts';
import type { CheckedRows, DeliveryEngine, RowChecker } from '../delivery/port.ts';
import type { NextOccurrence } from '../schedule/port.ts';
import type { Mailboxes } from '../sessions/port.ts';
import { markMirrored, type TerminalDelivery, toMirror } from '../store/deliveries.ts';
import { type Generation, markReady, markSettled } from '../store/generations.ts';
import type { Store } from '../store/port.ts';
import { setDue } from '../store/sessions.ts';
import type { Clock, Session, Settings } from '../types.ts';
import { recordEnds } from './ends.ts';
import { cancelled, toNotes, toTasks } from './own-rows.ts';
import type { Watcher } from './port.ts';

/** A local channel has taken a message after this, in milliseconds: its receipt then rides in the same commit. */
const BRIEFLY_MS = 20;

export interface SweepDeps {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly checker: RowChecker;
  readonly delivery: DeliveryEngine;
  readonly watcher: Watcher;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly nextOccurrence: NextOccurrence;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface Cursors {
  readonly ackSeq: number;
  readonly rowSeq: number;
}

export interface SweepInput {
  readonly session: Session;
  readonly cursors: Cursors;
  /** Generations that have ended and are not settled. */
  readonly ended: readonly Generation[];
  /** Whether the session's sandbox lives, now. */
  readonly isAwake: () => boolean;
  /** True when deliveries may have ended that inbound.db does not know of; asked once, after this sweep's own. */
  readonly takeMirror: () => boolean;
}

export type SweepResult =
  | {
      readonly kind: 'swept';
      readonly cursors: Cursors;
      readonly nextDueMs: number | null;
      readonly claims: readonly Ack[];
      /** How many rows were taken over. */
      readonly rows: number;
      readonly toolTimeoutMs: number;
      readonly more: boolean;
      /** A task, a later try or the next of a series was written: an awake runner must learn when it is due. */
      readonly rearmed: boolean;
      /** Why the last life failed that took up no work; null when there was none in this sweep. */
      readonly bootFailure: string | null;
    }
  /** A commit has been under way for longer than the host waits. */
  | { readonly kind: 'locked' }
  | { readonly kind: 'refused'; readonly reason: string };

interface Plan {
  /** Generations that were charged and had taken up no work. */
  readonly bootFailures: readonly Generation[];
  /** Generations that had, as the mailbox shows. */
  readonly tookWork: readonly Generation[];
  readonly changes: readonly InboundChange[];
  readonly next: ReadonlyMap<MessageId, NewMessage>;
  /** The messages that the changes are about. */
  readonly rows: ReadonlyMap<MessageId, InboundRow>;
}

export async function sweep(deps: SweepDeps, input: SweepInput): Promise<SweepResult> {
  const { session, cursors } = input;
  const read = await deps.mailboxes.outbound(session, cursors, input.isAwake);
  if (read.kind === 'busy') return { kind: 'locked' };
  if (read.kind === 'refused') return read;
  const { snapshot } = read;

  const checked = await deps.checker.check(session, snapshot.rows);
  // What had been copied before is with the engine already, as it was then (M13).
  const added = snapshot.rows.length > 0 ? await deps.store.transaction((sql) => checked.record(sql)) : [];
  if (added.length > 0) point('host.copied');
  const sent = deps.delivery.send(added);
  if (added.length > 0) await briefly(sent);

  const plan = await decide(deps, input, snapshot);
  const at = (id: MessageId) => inThread(session, threadOf(session, plan.rows.get(id)));
  const ends = await recordEnds(deps, session, plan.changes, snapshot.acks, at, cancelled(checked));
  // At once: should a later commit fail, the next sweep finds them recorded and leaves them to who has them.
  const told = deps.delivery.send(ends.notices);
  if (ends.fresh.length > 0) point('host.ended');
  const mirrored = input.takeMirror() ? await toMirror(deps.store.read, session.id) : [];
  const nextDueMs = await settle(deps, input, { snapshot, checked, plan, mirrored });
  // People see the end of a message once what was said before it, and about it, is out.
  void Promise.all([sent, told]).then(() => {
    for (const end of ends.fresh) deps.watcher.receipt(session, end.id, end.state, end.reason);
  });
  const last = <T>(items: readonly T[]) => items.at(-1);
  return {
    kind: 'swept',
    cursors: {
      ackSeq: last(snapshot.acks)?.ackSeq ?? cursors.ackSeq,
      rowSeq: last(snapshot.rows)?.seq ?? cursors.rowSeq,
    },
    nextDueMs,
    claims: snapshot.claims,
    rows: snapshot.rows.length,
    toolTimeoutMs: snapshot.tool?.declaredTimeoutMs ?? 0,
    more: snapshot.more,
    bootFailure: plan.bootFailures.at(-1)?.reason ?? null,
    rearmed:
      checked.tasks.length + plan.next.size > 0 ||
      plan.changes.some((change) => change.kind === 'released' || change.kind === 'charged'),
  };
}

async function briefly(sent: Promise<void>): Promise<void> {
  const timer = Promise.withResolvers<void>();
  const handle = setTimeout(timer.resolve, BRIEFLY_MS);
  await Promise.race([sent, timer.promise]);
  clearTimeout(handle);
}

/** Steps 1 and 2: what the acks and the ends of generations mean for each message. */
async function decide(deps: SweepDeps, input: SweepInput, snapshot: OutboundSnapshot): Promise<Plan> {
  const { session, ended } = input;
  const charged = ended.filter((g) => g.costs);
  const heldBy = (g: Generation) => snapshot.claims.filter((claim) => claim.generation === g.number);
  // What generations hold that are on no record (an imported session, a lost record) is charged to nobody: such a claim
  // stays until a runner takes it over, whether or not one can be started now (N1).
  // One that left neither claim nor ack died on what was due, whether it got ready or not: else it would be started
  // again for ever (W2).
  const took = (g: Generation) =>
    [...snapshot.claims, ...snapshot.acks].some((ack) => ack.generation === g.number);
  const tookWork = ended.filter(took);
  const bootFailures = charged.filter((g) => !tookWork.includes(g));
  if (snapshot.acks.length + charged.length === 0)
    return { changes: [], next: new Map(), rows: new Map(), bootFailures, tookWork };

  const nowMs = deps.clock.now();
  const ids = [...snapshot.acks, ...snapshot.claims].map((ack) => ack.messageId);
  const { rows, due } = await deps.mailboxes.inbound(session, (mailbox) => ({
    rows: mailbox.rows(ids),
    due: bootFailures.map((g) => mailbox.dueRows(g.startedMs, deps.settings.batchSize)),
  }));
  const policy = deps.settings;
  const jitter = deps.random();
  const retry = {
    maxTries: policy.maxTries,
    baseMs: policy.retryBaseMs,
    maxReleases: policy.maxReleases,
    maxReleaseMs: policy.maxReleaseMs,
  };
  const changes = new Map<MessageId, InboundChange>();
  const decided = (change: InboundChange | null) => {
    // The first decision on a message stands: an ack that arrived outranks the death that followed it.
    if (change && !changes.has(change.id)) changes.set(change.id, change);
  };
  for (const ack of snapshot.acks) decided(decideAck(ack, rows.get(ack.messageId), retry, nowMs, jitter));
  const charge = (row: InboundRow | undefined, g: Generation) =>
    decided(decideCharge(row, g.number, g.reason ?? 'its sandbox died', retry, nowMs, jitter, g.final));
  const current = (claim: Ack) => {
    const row = rows.get(claim.messageId);
    return row?.attempt === claim.attempt ? row : undefined;
  };
  for (const g of charged) for (const claim of heldBy(g)) charge(current(claim), g);
  for (const [index, g] of bootFailures.entries()) {
    const took = due[index] ?? [];
    for (const row of took) charge(row, g);
    // A turn that is to be tried again is one thing: the limit must not cut it in two (M7).
    const turns = new Set(
      snapshot.claims.filter((c) => took.some((row) => row.id === c.messageId)).map(turnOf),
    );
    for (const claim of snapshot.claims) if (turns.has(turnOf(claim))) charge(rows.get(claim.messageId), g);
  }
  const known = new Map([...rows, ...due.flat().map((row) => [row.id, row] as const)]);
  return {
    changes: keepTogether([...changes.values()], [...snapshot.acks, ...snapshot.claims]),
    next: armSeries(deps, changes, known),
    rows: known,
    bootFailures,
    tookWork,
  };
}

/** Where its people are told of a message. */
function threadOf(session: Session, row: InboundRow | undefined): string | null {
  return row ? replyAddress(row, session).thread : session.thread;
}

function turnOf({ turnId, messageId }: Ack): string {
  return turnId ?? messageId;
}

function armSeries(
  deps: SweepDeps,
  changes: ReadonlyMap<MessageId, InboundChange>,
  rows: ReadonlyMap<MessageId, InboundRow>,
): Map<MessageId, NewMessage> {
  const next = new Map<MessageId, NewMessage>();
  for (const change of changes.values()) {
    if (change.kind !== 'completed' && change.kind !== 'failed') continue;
    const row = rows.get(change.id);
    const occurrence = row ? deps.nextOccurrence(row, deps.clock.now()) : null;
    if (occurrence) next.set(change.id, occurrence);
  }
  return next;
}

/** Commits 3 and 4. Returns when the session is due next. */
async function settle(
  deps: SweepDeps,
  input: SweepInput,
  work: {
    readonly snapshot: OutboundSnapshot;
    readonly checked: CheckedRows;
    readonly plan: Plan;
    readonly mirrored: readonly TerminalDelivery[];
  },
): Promise<number | null> {
  const { session } = input;
  const { snapshot, checked, plan, mirrored } = work;
  const nowMs = deps.clock.now();
  const seen = snapshot.acks.length + snapshot.rows.length + plan.changes.length + mirrored.length;
  const nextDueMs = await deps.mailboxes.inbound(session, (mailbox) => {
    if (seen > 0) {
      mailbox.settle({
        changes: plan.changes,
        next: plan.next,
        receipts: mirrored.map((d) => ({
          outboundId: d.id,
          platformMessageId: d.platformMessageId,
          status: d.state === 'delivered' ? 'delivered' : 'failed',
          atMs: nowMs,
        })),
        watermarks: {
          ...(snapshot.acks.length > 0 ? { acks_through: snapshot.acks.at(-1)?.ackSeq ?? 0 } : {}),
          ...(snapshot.rows.length > 0 ? { rows_through: snapshot.rows.at(-1)?.seq ?? 0 } : {}),
        },
        add: [...toTasks(session, checked, nowMs), ...toNotes(session, mirrored, nowMs)],
        series: cancelled(checked).map((id) => ({ kind: 'cancel', id })),
      });
    }
    return mailbox.nextDueMs();
  });
  if (seen > 0) point('host.settled');
  // What is due already has its entry, and keeps it until a sweep finds nothing more.
  const moves = nextDueMs === null || nextDueMs > nowMs;
  if (mirrored.length + input.ended.length === 0 && !moves) return nextDueMs;
  await deps.store.transaction(async (sql) => {
    if (mirrored.length > 0) {
      await markMirrored(
        sql,
        session.id,
        mirrored.map((d) => d.id),
      );
    }
    for (const g of input.ended) {
      if (plan.tookWork.includes(g)) await markReady(sql, session.id, g.number);
      await markSettled(sql, session.id, g.number);
    }
    if (moves) await setDue(sql, session.id, nextDueMs);
  });
  return nextDueMs;
}
