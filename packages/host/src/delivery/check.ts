/**
 * An agent's rows are requests (design.md §6): each is checked against the central store before anything is made of it.
 *
 * A row may go to its own session's chat, into the session's thread or that of the message it answers (place.ts); other
 * destinations come with the agents' address books, and until then are refused. A refused row is a failed delivery with its reason: seen by the owner, told to the agent, never "delivered"
 * (D1).
 */

import type { OutgoingContent, OutgoingFile } from '@bellhop/channels';
import { clip, type OutboundId, type OutboundRow } from '@bellhop/mailbox';
import type { Mailboxes } from '../sessions/port.ts';
import { addDelivery, type Delivery } from '../store/deliveries.ts';
import type { Sql, Store } from '../store/port.ts';
import { addQuestion } from '../store/questions.ts';
import { noteDue } from '../store/sessions.ts';
import type { AgentId, Clock, Session, Settings } from '../types.ts';
import { type OutboundContent, parseContent } from './content.ts';
import { type Guarded, guardLinks, heldWords } from './links/guard.ts';
import { type Place, placeOf } from './place.ts';
import type { CheckedRows, RowChecker, TaskChange } from './port.ts';

type Verdict =
  | { readonly kind: 'send'; readonly content: OutgoingContent; readonly problem: string | null }
  | { readonly kind: 'task'; readonly change: TaskChange }
  | { readonly kind: 'refuse'; readonly reason: string };

interface Judged {
  readonly verdict: Verdict;
  readonly thread: string | null;
}

/** Ids become names of folders, and stand beside ids of the host's own, which have a colon. */
const MAX_ID = 300;
const PLAIN_ID = /^[A-Za-z0-9_-]{1,120}$/;

export function createRowChecker(deps: {
  readonly store: Pick<Store, 'read'>;
  readonly mailboxes: Mailboxes;
  readonly settings: Settings;
  readonly clock: Clock;
  /** Said on every text when the sandbox protects nothing. */
  readonly warning: string | null;
  /** Hosts that the owner has allowed this agent. Asked only for a text that holds a link in question; none when it rejects. */
  readonly allowedHosts: (agent: AgentId) => Promise<readonly string[]>;
}): RowChecker {
  const { mailboxes, settings, clock, warning, allowedHosts } = deps;

  /** Each text that people will see goes through here (links/guard.ts). */
  async function guarded(session: Session, text: string): Promise<Guarded> {
    const strict = guardLinks(text, () => false);
    if (strict.held.length === 0) return strict;
    const allowed = new Set(await allowedHosts(session.agentId).catch(() => []));
    return guardLinks(text, (host) => allowed.has(host));
  }

  async function judge(session: Session, row: OutboundRow): Promise<Judged> {
    const content = parseContent(row.kind, row.content);
    const place = await placeOf(deps, session, row, targetOf(content));
    return { verdict: await judgeAt(session, row, content, place), thread: place.thread };
  }

  async function judgeAt(
    session: Session,
    row: OutboundRow,
    content: OutboundContent | null,
    place: Place,
  ): Promise<Verdict> {
    if (!PLAIN_ID.test(row.id)) return { kind: 'refuse', reason: 'its id is not one that Bellhop takes' };
    if (!content) return { kind: 'refuse', reason: `it is no ${row.kind} message that Bellhop knows` };
    if ('action' in content) {
      const change = toTask(content, place.thread);
      return change
        ? { kind: 'task', change }
        : { kind: 'refuse', reason: 'its time is not one that Bellhop can tell' };
    }
    if (!place.isAllowed) {
      return { kind: 'refuse', reason: 'its destination is not one that this agent may send to' };
    }
    if ('type' in content) {
      const { questionId, options } = content;
      const labels = options.map(({ label }) => label).join('\n');
      const [title, question] = [
        await guarded(session, content.title),
        await guarded(session, content.question),
      ];
      // What is pressed must be what is answered: a label is not rewritten.
      if ((await guarded(session, labels)).held.length > 0)
        return { kind: 'refuse', reason: 'a choice of it is a link that carries data' };
      return {
        kind: 'send',
        problem: problemOf([...title.held, ...question.held]),
        content: {
          kind: 'question',
          question: questionId,
          title: title.text,
          text: withNote(question.text, [...title.held, ...question.held]),
          options,
        },
      };
    }
    if (content.operation === 'edit') {
      const { text, held } = await guarded(session, content.text);
      return {
        kind: 'send',
        problem: problemOf(held),
        content: { kind: 'edit', target: content.messageId, text: withNote(text, held) },
      };
    }
    if (content.operation === 'reaction') {
      return {
        kind: 'send',
        problem: null,
        content: { kind: 'reaction', target: content.messageId, emoji: content.emoji },
      };
    }
    return judgeText(session, row, content);
  }

  async function judgeText(
    session: Session,
    row: OutboundRow,
    content: { readonly text: string; readonly files: readonly string[] },
  ): Promise<Verdict> {
    const files: OutgoingFile[] = [];
    const lost: string[] = [];
    for (const name of content.files) {
      const taken = await mailboxes.takeFile(session, row.id, name, settings.maxFileBytes);
      if (taken.kind === 'taken') files.push({ name: taken.name, path: taken.path, size: taken.size });
      else lost.push(`${taken.name}: ${taken.reason}`);
    }
    // A missing file is said, never left out in silence (D10).
    const missing = lost.map((why) => `[file not sent: ${why}]`);
    const said = await guarded(session, content.text);
    const parts = [withNote(said.text, said.held), ...missing, ...(warning ? [`[${warning}]`] : [])];
    const text = parts.filter((part) => part !== '').join('\n\n');
    if (text === '' && files.length === 0) return { kind: 'refuse', reason: 'it is empty' };
    return {
      kind: 'send',
      problem: [...lost, problemOf(said.held) ?? ''].filter((part) => part !== '').join('; ') || null,
      content: { kind: 'text', text, files, notice: false },
    };
  }

  return {
    async check(session, rows): Promise<CheckedRows> {
      const deliveries: Delivery[] = [];
      const tasks: TaskChange[] = [];
      for (const row of rows) {
        const judged = await judge(session, row);
        if (judged.verdict.kind === 'task') tasks.push(judged.verdict.change);
        deliveries.push(toDelivery(session, row, judged, clock.now()));
      }
      return {
        deliveries,
        tasks,
        async record(sql) {
          // The due index learns of a task before the mailbox does (design.md §4).
          for (const task of tasks) if (task.kind === 'schedule') await noteDue(sql, session.id, task.dueMs);
          const added: Delivery[] = [];
          for (const delivery of deliveries) {
            if (!(await addDelivery(sql, delivery))) continue;
            added.push(delivery, ...(await consequences(sql, session, delivery)));
          }
          return added;
        },
      };
    },
  };
}

function withNote(text: string, held: readonly string[]): string {
  return held.length === 0 ? text : `${text}\n\n${heldWords(held)}`;
}

/** For the owner, who asks why. */
function problemOf(held: readonly string[]): string | null {
  return held.length === 0
    ? null
    : `${held.length} of its links made inert: ${clip([...new Set(held)].join(' '), 200)}`;
}

/** A question can be answered from now on; a refused message is told to the one who waits for it. */
async function consequences(sql: Sql, session: Session, delivery: Delivery): Promise<Delivery[]> {
  const content = JSON.parse(delivery.content) as OutgoingContent | null;
  if (content?.kind === 'question') {
    const options = JSON.stringify(content.options.map((o) => o.value));
    const { channel, chat } = session;
    const { thread } = delivery;
    await addQuestion(sql, { id: content.question, session: session.id, channel, chat, thread, options });
  }
  if (delivery.state !== 'failed') return [];
  const told = refusalNotice(delivery);
  return (await addDelivery(sql, told)) ? [told] : [];
}

function refusalNotice(refused: Delivery): Delivery {
  const text = `A message of your agent was not sent: ${refused.reason}.`;
  const content: OutgoingContent = { kind: 'text', text, files: [], notice: true };
  const id = `notice:refused:${refused.id}` as OutboundId;
  return { ...refused, id, content: JSON.stringify(content), state: 'queued', reason: null, dueMs: 0 };
}

/** The message of the session that an edit or a reaction names. */
function targetOf(content: OutboundContent | null): string | null {
  return content && 'operation' in content && content.operation !== undefined ? content.messageId : null;
}

/**
 * Null for a time that cannot be kept.
 * @param thread where the task is answered.
 */
function toTask(
  content: Extract<OutboundContent, { action: string }>,
  thread: string | null,
): TaskChange | null {
  if (content.action === 'cancel_task') return { kind: 'cancel', id: content.taskId };
  const { taskId, prompt, processAfter, recurrence } = content;
  const dueMs = Date.parse(processAfter);
  return Number.isSafeInteger(dueMs)
    ? { kind: 'schedule', id: taskId, prompt, dueMs, recurrence, thread }
    : null;
}

function toDelivery(
  session: Session,
  row: OutboundRow,
  { verdict, thread }: Judged,
  nowMs: number,
): Delivery {
  const states = { send: 'queued', task: 'delivered', refuse: 'failed' } as const;
  return {
    session: session.id,
    id: PLAIN_ID.test(row.id) ? row.id : (`refused:${row.seq}` as OutboundId),
    seq: row.seq,
    inReplyTo: row.inReplyTo !== null && row.inReplyTo.length <= MAX_ID ? row.inReplyTo : null,
    channel: session.channel,
    chat: session.chat,
    thread,
    content: JSON.stringify(verdict.kind === 'send' ? verdict.content : null),
    state: states[verdict.kind],
    reason: verdict.kind === 'refuse' ? verdict.reason : verdict.kind === 'send' ? verdict.problem : null,
    dueMs: row.dueMs,
    createdMs: nowMs,
  };
}
