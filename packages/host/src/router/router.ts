/**
 * The inbound way: channel event -> access -> engage -> accepted (design.md §3, §4).
 *
 * Accepted is one transaction of the central store: event id, target sessions, due entries. Only then does `accept`
 * resolve, and only then may a channel tell its platform (R4). What follows, enqueueing and waking, happens by a nudge
 * and is replayed after a crash; one target's failure touches no other (R2, R8).
 */
import type { Accepted, AnswerEvent, ChannelEvent, MessageEvent } from '@bellhop/channels';
import { MAX_TIME_MS, type MessageId, type NewMessage, point } from '@bellhop/mailbox';
import type { AccessGate } from '../access/port.ts';
import { inThread, notice } from '../delivery/notice.ts';
import type { DeliveryEngine } from '../delivery/port.ts';
import type { AcceptedRow } from '../sessions/port.ts';
import { type Wiring, wiringsOf } from '../store/agents.ts';
import { addDelivery } from '../store/deliveries.ts';
import { addAnsweredTarget, addEvent, addTarget, newestEventMs, targetsOf } from '../store/events.ts';
import type { Sql, Store } from '../store/port.ts';
import { closeQuestion, questionById } from '../store/questions.ts';
import { findOrOpenSession, noteDue } from '../store/sessions.ts';
import type { Clock, Log, Session, SessionId } from '../types.ts';
import { type Command, commandIn } from './command.ts';
import { engages } from './engage.ts';
import type { Router } from './port.ts';

export interface RouterDeps {
  readonly store: Store;
  readonly access: AccessGate;
  readonly clock: Clock;
  readonly log: Log;
  readonly newSessionId: () => SessionId;
  readonly nudge: (session: SessionId) => void;
  readonly commands: readonly Command[];
  readonly delivery: DeliveryEngine;
  /** The answer to a command is out. */
  readonly answered: (session: Session, message: MessageId) => void;
  /** What a channel that the host serves itself keeps of an event, in the commit that accepts it. */
  readonly journal: (sql: Sql, channel: string, event: ChannelEvent) => Promise<void>;
}

class AnsweredBefore extends Error {}

export function createRouter(deps: RouterDeps): Router {
  const { store, access, clock, log } = deps;
  // Strictly growing, so that the order of acceptance can be told from it: also when the clock was set back since, and
  // from one host to the next.
  const last = { acceptedMs: 0 };
  const acceptTime = async (sql: Sql) => {
    if (last.acceptedMs === 0) last.acceptedMs = await newestEventMs(sql);
    last.acceptedMs = Math.max(clock.now(), last.acceptedMs + 1);
    return last.acceptedMs;
  };

  async function record(
    channel: string,
    event: ChannelEvent,
    targets: (sql: Sql) => Promise<readonly { session: Session; row: AcceptedRow }[]>,
  ): Promise<Accepted> {
    const sessions = await store.transaction(async (sql) => {
      if (!(await addEvent(sql, channel, event.id, await acceptTime(sql)))) return null;
      const found = await targets(sql);
      for (const { session, row } of found) {
        // The index entry comes before the row it announces; here both are one commit.
        await noteDue(sql, session.id, row.message.dueMs);
        const { id: message, thread } = row.message;
        await addTarget(sql, { session: session.id, message, channel, thread }, JSON.stringify(row));
      }
      await deps.journal(sql, channel, event);
      point('host.accepting');
      return found.map(({ session }) => session.id);
    });
    point('host.accepted');
    if (sessions === null) return acceptedBefore(channel, event.id);
    for (const session of sessions) deps.nudge(session);
    return { kind: 'accepted', event: event.id, sessions };
  }

  /** A redelivery: the same answer as the first time, and nothing is written (R3). */
  async function acceptedBefore(channel: string, id: string): Promise<Accepted> {
    const targets = await targetsOf(store.read, channel, id);
    return { kind: 'accepted', event: id, sessions: targets.map((t) => t.session) };
  }

  async function acceptMessage(channel: string, event: MessageEvent): Promise<Accepted> {
    const wirings = await wiringsOf(store.read, channel, event.chat);
    if (wirings.length === 0) return refuse(channel, event, 'no agent is connected to this chat');
    // Before anything of a stranger's is stored (R5).
    if (!(await access.mayTalk(event.sender.id)))
      return refuse(channel, event, 'you may not talk to this agent');
    const engaged = wirings.filter((wiring) => engages(wiring.engageMode, event));
    if (engaged.length === 0) return refuse(channel, event, 'no agent was addressed');
    const said = commandIn(deps.commands, event.text);
    if (said) return acceptCommand(channel, event, engaged, said);
    return record(channel, event, async (sql) => {
      const targets = [];
      for (const wiring of engaged) {
        const session = await open(sql, channel, event, wiring);
        targets.push({ session, row: toRow(channel, event, clock.now()) });
      }
      return targets;
    });
  }

  /** Answered by the host itself: the event, its end and the answer are one commit. */
  async function acceptCommand(
    channel: string,
    event: MessageEvent,
    engaged: readonly Wiring[],
    { command, word }: NonNullable<ReturnType<typeof commandIn>>,
  ): Promise<Accepted> {
    const message = event.id as MessageId;
    const done = await store.transaction(async (sql) => {
      if (!(await addEvent(sql, channel, event.id, await acceptTime(sql)))) return null;
      const answers = [];
      for (const wiring of engaged) {
        const session = await open(sql, channel, event, wiring);
        const { agent } = wiring;
        const answer = await command.run(sql, { session, agent, user: event.sender.id, word });
        const { thread } = event;
        const here = inThread(session, thread);
        const said = notice(here, `command:${message}`, answer.text, message, clock.now());
        await addDelivery(sql, said);
        await addAnsweredTarget(sql, { session: session.id, message, channel, thread }, clock.now());
        answers.push({ session, said, after: answer.after });
      }
      await deps.journal(sql, channel, event);
      return answers;
    });
    if (done === null) return acceptedBefore(channel, event.id);
    for (const { after } of done) after?.();
    void deps.delivery.send(done.map(({ said }) => said)).then(() => {
      for (const { session } of done) deps.answered(session, message);
    });
    return { kind: 'accepted', event: event.id, sessions: done.map(({ session }) => session.id) };
  }

  function open(
    sql: Sql,
    channel: string,
    event: MessageEvent,
    { agent, sessionMode }: Wiring,
  ): Promise<Session> {
    const wanted = { agent: agent.id, mode: sessionMode, channel, chat: event.chat, thread: event.thread };
    return findOrOpenSession(sql, wanted, deps.newSessionId(), clock.now());
  }

  async function acceptAnswer(channel: string, event: AnswerEvent): Promise<Accepted> {
    const question = await questionById(store.read, event.question);
    if (!question) return refuse(channel, event, 'this question is not known');
    const here =
      question.channel === channel && question.chat === event.chat && question.thread === event.thread;
    if (!here || !(await access.mayTalk(event.sender.id)))
      return refuse(channel, event, 'you may not answer this');
    if (!question.options.includes(event.option))
      return refuse(channel, event, 'this is not one of the choices');
    if ((await targetsOf(store.read, channel, event.id)).length > 0) return acceptedBefore(channel, event.id);
    if (!question.open) return refuse(channel, event, 'this question has been answered');
    const recorded = record(channel, event, async (sql) => {
      // Undoes the event as well: of two presses at the same time the second is not accepted.
      if (!(await closeQuestion(sql, event.question, event.option))) throw new AnsweredBefore();
      const session = { id: question.session } as Session;
      return [{ session, row: toAnswerRow(channel, event, clock.now()) }];
    });
    return recorded.catch((error: unknown) => {
      if (!(error instanceof AnsweredBefore)) throw error;
      return refuse(channel, event, 'this question has been answered');
    });
  }

  function refuse(channel: string, event: ChannelEvent, reason: string): Accepted {
    log.info('refused', { channel, kind: event.kind, reason });
    return { kind: 'refused', reason };
  }

  return {
    accept: (channel, event) => {
      if (RESERVED.test(event.id)) return Promise.resolve(refuse(channel, event, 'its id is one of our own'));
      return event.kind === 'message' ? acceptMessage(channel, event) : acceptAnswer(channel, event);
    },
  };
}

/** Ids under which the host itself puts rows into a mailbox. */
const RESERVED = /^(?:task|delivery_failed|notice|approval):/;

function toRow(channel: string, event: MessageEvent, nowMs: number): AcceptedRow {
  const content = { text: event.text, sender: event.sender.name, senderId: event.sender.id };
  return {
    message: newMessage(
      channel,
      event,
      'chat',
      content,
      // An adapter may say anything.
      event.sentAt >= 1 && event.sentAt <= MAX_TIME_MS ? event.sentAt : nowMs,
    ),
    attachments: event.files.map((file) => ({
      name: file.name,
      mimeType: file.mimeType,
      size: file.size,
      spool: file.path,
      problem: file.problem ?? null,
    })),
  };
}

function toAnswerRow(channel: string, event: AnswerEvent, nowMs: number): AcceptedRow {
  const content = {
    type: 'question_response',
    questionId: event.question,
    selectedOption: event.option,
    userId: event.sender.id,
  };
  return { message: newMessage(channel, event, 'system', content, nowMs), attachments: [] };
}

function newMessage(
  channel: string,
  event: ChannelEvent,
  kind: NewMessage['kind'],
  content: object,
  timestampMs: number,
): NewMessage {
  return {
    id: event.id as MessageId,
    kind,
    timestampMs,
    content: JSON.stringify(content),
    trigger: true,
    dueMs: 0,
    recurrence: null,
    seriesId: null,
    channel,
    chat: event.chat,
    thread: event.thread,
  };
}
