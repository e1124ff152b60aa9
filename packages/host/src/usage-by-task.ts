/**
 * What tasks have used, beside what people asked for: an estimate. A call knows its session and its time, not the message
 * that it was made for, so it is reckoned to the answer that came next in its session. A turn that took up a task and a
 * message together counts for the one that it answered first; one that answered nothing for what was answered next.
 */
import { clip, type MessageId } from '@bellhop/mailbox';
import type { UsageSum } from './egress/port.ts';
import type { Mailboxes } from './sessions/port.ts';
import type { Sql, Store } from './store/port.ts';
import { sessionById } from './store/sessions.ts';
import type { SessionId } from './types.ts';

/** An answer: in which session, when, and to which task; null: to a person. */
export interface Answer {
  readonly session: string;
  readonly atMs: number;
  readonly task: string | null;
}

/** `label`: for people. */
export interface LabelledSum extends UsageSum {
  readonly label: string;
}

export interface TaskSum extends UsageSum {
  readonly session: string;
}

const ASKED = 'asked by people';
const MAX_TASKS = 100;
const MAX_PROMPT = 60;

/** Sums by task, the dearest first, and one for all else. `key`: the task's id, '' for all else. Pure. */
export function sumsByTask(
  calls: Iterable<UsageSum & { readonly atMs: number }>,
  answers: readonly Answer[],
): TaskSum[] {
  const bySession = Map.groupBy(answers, ({ session }) => session);
  for (const all of bySession.values()) all.sort((a, b) => a.atMs - b.atMs);
  const sums = new Map<string, TaskSum>();
  for (const { atMs, key: session, ...used } of calls) {
    const task = taskAt(bySession.get(session) ?? [], atMs) ?? '';
    const name = task === '' ? '' : `${session} ${task}`;
    const before = sums.get(name) ?? { key: task, session, ...NOTHING };
    sums.set(name, { ...before, ...added(before, used) });
  }
  return [...sums.values()].sort((a, b) => b.chargedMicros - a.chargedMicros || b.calls - a.calls);
}

/** What the first answer at or after this time was for. */
function taskAt(answers: readonly Answer[], atMs: number): string | null {
  let [low, high] = [0, answers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((answers[middle]?.atMs ?? 0) < atMs) low = middle + 1;
    else high = middle;
  }
  return answers[low]?.task ?? null;
}

type Used = Omit<UsageSum, 'key'>;
const NOTHING: Used = {
  calls: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  costMicros: 0,
  chargedMicros: 0,
  unpriced: 0,
};

function added(a: Used, b: Used): Used {
  const names = Object.keys(NOTHING) as (keyof Used)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as Used;
}

export async function readUsageByTask(deps: {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  /** All of them. */
  readonly calls: () => Iterable<UsageSum & { readonly atMs: number }>;
}): Promise<LabelledSum[]> {
  const sums = sumsByTask(deps.calls(), await answersOf(deps.store.read)).slice(0, MAX_TASKS);
  return Promise.all(
    sums.map(async ({ session, ...sum }) => ({
      ...sum,
      // A message's id is unique in its session only.
      key: sum.key === '' ? '' : `${session} ${sum.key}`,
      label: await wordsOf(deps, session, sum.key),
    })),
  );
}

/** Of sessions that ever answered a task: in all others every call was asked for by people. */
async function answersOf(sql: Sql): Promise<Answer[]> {
  const rows = await sql.all(
    `SELECT session_id, in_reply_to, created_ms FROM deliveries
     WHERE in_reply_to IS NOT NULL AND out_id NOT LIKE 'notice:%'
       AND session_id IN (SELECT session_id FROM deliveries WHERE in_reply_to LIKE 'task:%')`,
  );
  return rows.map((row) => {
    const to = String(row.in_reply_to);
    const task = /^task:[^:~]+/.exec(to)?.[0] ?? null;
    return { session: String(row.session_id), atMs: Number(row.created_ms), task };
  });
}

/** What the task is to do; its id when its mailbox does not say. */
async function wordsOf(
  { store, mailboxes }: { readonly store: Store; readonly mailboxes: Mailboxes },
  session: string,
  task: string,
): Promise<string> {
  if (task === '') return ASKED;
  const found = await sessionById(store.read, session as SessionId);
  if (!found || !(await mailboxes.exists(found))) return task;
  const row = await mailboxes
    .inbound(found, (mailbox) => mailbox.rows([task as MessageId]).get(task as MessageId))
    .catch(() => undefined);
  const prompt = promptIn(row?.content ?? '{}');
  return prompt === null ? task : clip(prompt.replace(/\s+/g, ' '), MAX_PROMPT);
}

/** Null for what is no task's content: an imported mailbox may hold anything, and the sums are shown all the same. */
export function promptIn(content: string): string | null {
  try {
    const body = JSON.parse(content) as { readonly prompt?: unknown } | null;
    return typeof body?.prompt === 'string' && body.prompt.trim() !== '' ? body.prompt : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
