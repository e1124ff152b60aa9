/**
 * The story of one message: from the store, its mailbox's two files and the log. Reads only, and changes nothing; what
 * cannot be read now (a file in mid-commit, a corrupt one) is left out.
 */
import { localChat, MAIN_THREAD } from '@bellhop/channels/served';
import type { Ack, InboundRow, MessageId } from '@bellhop/mailbox';
import { type Connections, whyDown } from '../../connections/port.ts';
import type { Mailboxes } from '../../sessions/port.ts';
import { listAgents } from '../../store/agents.ts';
import type { Named } from '../../store/named.ts';
import type { Store } from '../../store/port.ts';
import { findSession, sessionById } from '../../store/sessions.ts';
import { generationsBetween, lastMessage, repliesOf, type Story, storiesOf } from '../../store/stories.ts';
import type { Supervisor } from '../../supervisor/port.ts';
import type { Clock, Session } from '../../types.ts';
import type { LogReader } from './log-reader.ts';
import { findNamed } from './named.ts';
import type { WhyAck, WhyRow, WhyView } from './shapes.ts';
import { verdict } from './verdict.ts';

const MAX_GENERATIONS = 20;
/** The end of a message is noted a little before the last lines about it. */
const AFTERMATH_MS = 5_000;

export interface WhyDeps {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly supervisor: Supervisor;
  readonly connections: Pick<Connections, 'list'>;
  readonly clock: Clock;
  readonly readLog: LogReader;
  /** The listener's own channel. */
  readonly own: string;
}

export interface Asked {
  /** A message's id, its number in a conversation, or `last`; and what else is known of it. */
  readonly named: Named;
  readonly agent: string | null;
}

/** One view for each session that the message went to; none when it is not known. */
export async function why(deps: WhyDeps, asked: Asked): Promise<WhyView[]> {
  return Promise.all((await storiesAbout(deps, asked)).map((story) => view(deps, story)));
}

type Way = (deps: WhyDeps, asked: Asked) => Promise<readonly Story[]>;

async function storiesAbout(deps: WhyDeps, asked: Asked): Promise<readonly Story[]> {
  for (const way of waysTo(asked, deps.own)) {
    const found = await way(deps, asked);
    if (found.length > 0) return found;
  }
  return [];
}

function waysTo({ named: { message, channel, session } }: Asked, own: string): readonly Way[] {
  if (message === 'last') return [byLast];
  if (!/^\d{1,15}$/.test(message)) return [byId];
  // Platforms give numbers as ids, too: whoever names more than a conversation of ours means one of those first.
  const isElsewhere = session !== null || (channel !== null && channel !== own);
  return isElsewhere ? [byId, byNumber] : [byNumber, byId];
}

const byLast: Way = async ({ store }) => {
  const last = await lastMessage(store.read);
  return last ? storiesOf(store.read, { ...ANY, ...last }) : [];
};

const byId: Way = ({ store, own }, { named }) => findNamed(named, own, (one) => storiesOf(store.read, one));

const byNumber: Way = async (deps, asked) => {
  const session = await sessionMeant(deps, asked);
  if (!session || !(await deps.mailboxes.exists(session))) return [];
  const seq = Number(asked.named.message);
  const message = await deps.mailboxes.inbound(session, (mailbox) => mailbox.idOfSeq(seq));
  return message === null ? [] : storiesOf(deps.store.read, { ...ANY, message, session: session.id });
};

const ANY = { channel: null, chat: null, thread: null, session: null };

/** Whose numbers are meant: the session that is named, or that of a conversation; without a channel, one of ours. */
async function sessionMeant({ store, own }: WhyDeps, { named, agent }: Asked): Promise<Session | null> {
  if (named.session !== null) return sessionById(store.read, named.session);
  const channel = named.channel ?? own;
  const thread = named.thread ?? (channel === own ? MAIN_THREAD : null);
  const agents = (await listAgents(store.read)).filter(({ name }) => agent === null || name === agent);
  for (const one of agents) {
    const chat = named.chat ?? localChat(one.name);
    const found = await findSession(store.read, one.id, { channel, chat, thread });
    if (found) return sessionById(store.read, found);
  }
  return null;
}

async function view(deps: WhyDeps, story: Story): Promise<WhyView> {
  const { store, supervisor, connections, clock, readLog } = deps;
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
    channelDown: whyDown(connections.list().find((one) => one.channel === story.channel)),
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
