/**
 * The story of one message: from the store, its mailbox's two files and the log. Reads only, and changes nothing; what
 * cannot be read now (a file in mid-commit, a corrupt one) is left out.
 */
import type { Ack, InboundRow, MessageId } from '@bellhop/mailbox';
import type { Mailboxes } from '../../sessions/port.ts';
import type { Store } from '../../store/port.ts';
import {
  generationsBetween,
  lastMessage,
  repliesOf,
  type Story,
  sessionOf,
  storiesOf,
} from '../../store/stories.ts';
import type { Supervisor } from '../../supervisor/port.ts';
import type { Clock } from '../../types.ts';
import type { LogReader } from './log-reader.ts';
import type { WhyAck, WhyRow, WhyView } from './shapes.ts';
import { verdict } from './verdict.ts';

const MAX_GENERATIONS = 20;
/** The end of a message is noted a little before the last lines about it. */
const AFTERMATH_MS = 5_000;

export interface WhyDeps {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly readLog: LogReader;
}

export interface Asked {
  /** A message's id, its number in a conversation, or `last`. */
  readonly message: string;
  readonly agent: string | null;
  readonly thread: string;
}

/** One view for each session that the message went to; none when it is not known. */
export async function why(deps: WhyDeps, asked: Asked): Promise<WhyView[]> {
  const id = await resolve(deps, asked);
  const stories = id === null ? [] : await storiesOf(deps.store.read, id);
  return Promise.all(stories.map((story) => view(deps, story)));
}

async function resolve({ store, mailboxes }: WhyDeps, asked: Asked): Promise<string | null> {
  if (asked.message === 'last') return lastMessage(store.read);
  if (!/^\d{1,15}$/.test(asked.message)) return asked.message;
  const session = await sessionOf(store.read, asked.agent, asked.thread);
  if (!session) return null;
  return mailboxes.inbound(session, (mailbox) => mailbox.idOfSeq(Number(asked.message)));
}

async function view(deps: WhyDeps, story: Story): Promise<WhyView> {
  const { store, supervisor, clock, readLog } = deps;
  const { session, message } = story;
  const fromMs = story.acceptedMs ?? 0;
  const untilMs = (story.endedMs ?? clock.now()) + AFTERMATH_MS;
  const { agentId, quarantined, acceptedMs, endedMs, ...named } = story;
  const lives = await generationsBetween(store.read, session, fromMs, untilMs, MAX_GENERATIONS);
  const replies = await repliesOf(store.read, session, message);
  const row = await rowOf(deps, story);
  const facts = {
    ...named,
    acceptedAt: iso(acceptedMs),
    endedAt: iso(endedMs),
    row: row && toRow(row, clock.now()),
    ack: await ackOf(deps, story),
    generations: lives.map(({ startedMs, endedMs: end, ...life }) => ({
      ...life,
      startedAt: new Date(startedMs).toISOString(),
      endedAt: iso(end),
    })),
    replies: replies.map(({ createdMs, ...reply }) => ({
      ...reply,
      createdAt: new Date(createdMs).toISOString(),
    })),
  };
  const now = {
    quarantined,
    atWork: supervisor.working(session).has(message),
    waitingFor: supervisor.waitingFor(session),
  };
  return {
    ...facts,
    verdict: verdict({ ...facts, ...now }),
    log: await readLog(session, fromMs, untilMs),
  };
}

async function rowOf({ mailboxes }: WhyDeps, { session, agentId, message }: Story) {
  if (!(await mailboxes.exists({ id: session, agentId }))) return null;
  const id = message as MessageId;
  return mailboxes
    .inbound({ id: session, agentId }, (mailbox) => mailbox.rows([id]).get(id) ?? null)
    .catch((): null => null);
}

async function ackOf({ mailboxes }: WhyDeps, { session, agentId, message }: Story): Promise<WhyAck | null> {
  const after = { ackSeq: 0, rowSeq: Number.MAX_SAFE_INTEGER };
  const read = await mailboxes.outbound({ id: session, agentId }, after, () => false);
  if (read.kind !== 'ok') return null;
  const { acks, claims } = read.snapshot;
  const ack = [...acks, ...claims].find((one) => one.messageId === message);
  return ack ? toAck(ack) : null;
}

function toAck({ status, generation, attempt, turnId, error }: Ack): WhyAck {
  return { status: status === 'processing' ? 'claimed' : status, generation, attempt, turn: turnId, error };
}

function toRow(row: InboundRow, nowMs: number): WhyRow {
  const { seq, kind, status, tries, attempt, releases, dueMs } = row;
  const waits = status === 'pending' && dueMs > nowMs;
  return { seq, kind, status, tries, attempt, releases, dueAt: waits ? iso(dueMs) : null };
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
