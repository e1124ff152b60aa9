/**
 * The runner's loop: look for a batch, claim it, let the harness think, commit the turn, ring the bell.
 *
 *   look --nothing due--> wait for the bell (or POLL_MS) --> look
 *   look --batch--------> claim (1 commit) --> harness --> turn commit (1 commit) --> bell --> look
 *
 * A crash anywhere leaves either the claim or the commit: the host charges the first and delivers the second.
 */
import { randomUUIDv7 } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Address,
  type InboundRow,
  type MessageId,
  type OutboundId,
  point,
  type TurnId,
} from '@bellhop/mailbox';
import {
  type Batch,
  isAnsweredTogether,
  type NewOutbound,
  type OutboundAck,
  type OutboundMailbox,
  selectBatch,
} from '@bellhop/mailbox/runner';
import type { Bell } from './bell.ts';
import type { Cancel } from './cancel.ts';
import {
  type Harness,
  TurnFailed,
  type TurnInput,
  TurnLater,
  type TurnResult,
  type TurnText,
} from './harness.ts';
import { readInbound } from './inbound.ts';
import { cutText } from './long-text.ts';
import { toTurnMessage } from './messages.ts';
import { BEAT_MS, POLL_MS, type RunnerConfig, type RunnerFrame } from './protocol.ts';
import { Turn } from './turn-tools.ts';

export interface LoopDeps {
  readonly config: RunnerConfig;
  readonly outbound: OutboundMailbox;
  readonly harness: Harness;
  readonly bell: Bell;
  readonly cancel: Cancel;
  readonly emit: (frame: RunnerFrame) => void;
  readonly now: () => number;
}

type TurnEnd =
  | { readonly kind: 'answered'; readonly result: TurnResult }
  | { readonly kind: 'ended'; readonly ack: Omit<OutboundAck, 'message'> };

/** Runs until the bell is closed and the running turn, if any, is committed. */
export async function runLoop(deps: LoopDeps): Promise<void> {
  const freshThrough = await begin(deps);
  while (!deps.bell.closed) {
    const { batch, routing, nextDueMs } = await look(deps, freshThrough);
    if (batch) {
      await runTurn(deps, batch, routing);
      continue;
    }
    deps.emit({ t: 'idle' });
    const untilDue = nextDueMs === null ? POLL_MS : Math.max(0, nextDueMs - deps.now());
    await deps.bell.wait(Math.min(POLL_MS, untilDue));
  }
}

function look(
  deps: LoopDeps,
  freshThrough: number,
): Promise<{ batch: Batch | null; routing: Address; nextDueMs: number | null }> {
  const { config, outbound } = deps;
  return readInbound(config.inDir, (inbound) => {
    const nowMs = deps.now();
    const context = (seq: number) => inbound.context(seq);
    const due = inbound.due(nowMs, freshThrough);
    const routing = inbound.routing();
    const batch = selectBatch(due, context, outbound.acks(), config.generation, config, routing);
    return { batch, routing, nextDueMs: batch ? null : inbound.nextDueMs(nowMs) };
  });
}

/**
 * Drops claims that an earlier generation left on messages which have since ended (cancelled, dead-lettered). Returns the
 * number of the newest message that was there before this generation.
 */
async function begin({ config, outbound }: LoopDeps): Promise<number> {
  const held = [...outbound.acks().values()].filter(
    (a) => a.status === 'processing' || a.status === 'released',
  );
  const { gone, newest } = await readInbound(config.inDir, (inbound) => ({
    gone: held.map((a): MessageId => a.messageId).filter((id) => !inbound.isPending(id)),
    newest: inbound.newestSeq(),
  }));
  outbound.dropClaims(gone);
  return newest;
}

async function runTurn(deps: LoopDeps, batch: Batch, routing: Address): Promise<void> {
  const { config, outbound, emit, now, cancel } = deps;
  const turnId = batch.turnId ?? (randomUUIDv7() as TurnId);
  const sent = batch.turnId === null ? [] : outbound.sent(turnId).map((row) => row.content);
  const held: InboundRow[] = [];
  const claim = (rows: readonly InboundRow[]): void => {
    outbound.claim(turnId, rows, now());
    point('runner.claimed');
    held.push(...rows);
    emit({ t: 'working', turn: turnId, messages: held.map((m) => m.id) });
  };
  claim(batch.messages);
  const signal = cancel.begin();
  const claimFollowUps = async (): Promise<readonly InboundRow[]> => {
    const rows = await lookForFollowUps(deps, held, routing);
    if (rows.length > 0) claim(rows);
    return rows;
  };
  const { messages } = batch;
  const turn = new Turn({
    ...config,
    turnId,
    messages,
    routing,
    claimFollowUps,
    signal,
    outbound,
    emit,
    now,
  });
  // Life is told by a timer of its own: a quiet tool must not look dead (L15).
  const beats = setInterval(() => emit({ t: 'beat', progress: turn.progressCount }), BEAT_MS);
  try {
    const end = await think(deps, batch, turn, turnId, sent);
    await commit(deps, { ...batch, messages: held }, turnId, turn, end);
  } finally {
    clearInterval(beats);
    cancel.end();
  }
  if (cancel.abandoned) deps.bell.close();
}

/**
 * What became due since the turn's batch was taken, and is answered where the turn is; with what it holds, at most a
 * batch. What an earlier turn held is left to a turn of its own, under that turn's id (M7).
 */
function lookForFollowUps(
  deps: LoopDeps,
  held: readonly InboundRow[],
  routing: Address,
): Promise<readonly InboundRow[]> {
  const { config, outbound, now } = deps;
  const limit = config.batchSize - held.length;
  if (limit <= 0) return Promise.resolve([]);
  return readInbound(config.inDir, (inbound) => {
    const acks = outbound.acks();
    return inbound
      .due(now())
      .filter((row) => !acks.has(row.id) && isAnsweredTogether(held, row, routing))
      .take(limit)
      .toArray();
  });
}

async function think(
  deps: LoopDeps,
  batch: Batch,
  turn: Turn,
  turnId: TurnId,
  sent: readonly string[],
): Promise<TurnEnd> {
  const { config, harness, outbound, cancel } = deps;
  const toMessage = (row: InboundRow) => toTurnMessage(row, config.inDir);
  try {
    const input: TurnInput = {
      turnId,
      agentName: config.agentName,
      messages: batch.messages.map(toMessage),
      context: batch.context.map(toMessage),
      sent,
      continuation: outbound.state(`continuation:${harness.name}`),
    };
    return { kind: 'answered', result: await cancel.unlessStopped(turn.signal, harness.run(input, turn)) };
  } catch (error) {
    if (error instanceof TurnLater) {
      const { errorClass, message, retryAfterMs } = error;
      return { kind: 'ended', ack: { status: 'released', errorClass, error: message, retryAfterMs } };
    }
    if (error instanceof TurnFailed) {
      return { kind: 'ended', ack: { status: 'failed', errorClass: error.errorClass, error: error.message } };
    }
    throw error;
  }
}

async function commit(deps: LoopDeps, batch: Batch, turnId: TurnId, turn: Turn, end: TurnEnd): Promise<void> {
  const { config, outbound, harness, now } = deps;
  const inbound = await readInbound(config.inDir, (reader) => ({
    seq: reader.greatestSeq(),
    acksThrough: reader.watermark('acks_through'),
    rowsThrough: reader.watermark('rows_through'),
  }));
  const result = end.kind === 'answered' ? end.result : null;
  const ack = end.kind === 'answered' ? { status: 'completed' as const } : end.ack;
  // Context is used up by an answer; a turn that did not answer will want it again.
  const used = end.kind === 'answered' ? [...batch.context, ...batch.skipped] : [];
  outbound.commitTurn({
    turnId,
    rows: (result?.texts ?? [])
      .flatMap((text) => finalRows(turn, text))
      .map((row, index) => ({ ...row, id: `${turnId}-${index}` as OutboundId })),
    acks: [...batch.messages.map((message) => ({ ...ack, message })), ...used.map(acknowledge)],
    continuation:
      result?.continuation === undefined
        ? null
        : { key: `continuation:${harness.name}`, value: result.continuation },
    prune: inbound,
    inboundSeq: inbound.seq,
    nowMs: now(),
    beforeCommit() {
      point('runner.committing');
      result?.onCommit?.('inside');
    },
  });
  point('runner.committed');
  result?.onCommit?.('done');
  deps.emit({ t: 'bell' });
  await removeFiles(config.outDir, outbound.rowIds());
}

function acknowledge(message: InboundRow): OutboundAck {
  return { status: 'completed', message };
}

function finalRows(turn: Turn, text: string | TurnText): Omit<NewOutbound, 'id'>[] {
  const place = turn.placeOf(text);
  return cutText(typeof text === 'string' ? text : text.text).map((piece) => ({
    ...place,
    kind: 'chat',
    content: JSON.stringify({ text: piece }),
    dueMs: 0,
  }));
}

/** Files of rows that have been pruned: the host has its own copy (M13). */
async function removeFiles(outDir: string, kept: ReadonlySet<string>): Promise<void> {
  const names = await readdir(join(outDir, 'files')).catch(() => []);
  for (const name of names) {
    if (kept.has(name)) continue;
    // One that the agent made undeletable is its own loss of space.
    await rm(join(outDir, 'files', name), { recursive: true, force: true }).catch(() => undefined);
  }
}
