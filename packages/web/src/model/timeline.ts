/**
 * From the log to what is on the screen: edits and reactions go into the message that they change, days get a line,
 * what is being sent or written comes last. Pure; a row's key is stable for its whole life, also from "sending" to the
 * entry in the log, so that nothing jumps.
 */
import type { ApprovalCard, LogEntry } from '@bellhop/host/api';
import type { Conversation, Outgoing, Receipt } from './state.ts';

export interface ShownFile {
  readonly name: string;
  readonly size: number;
  /** Where the bytes are; null while there is no address for them. */
  readonly address: string | null;
}

interface Shown {
  readonly key: string;
  readonly at: string;
  /** Follows one of the same author closely: no name above it. */
  readonly joined: boolean;
}

interface Said extends Shown {
  readonly id: string;
  readonly text: string;
  readonly files: readonly ShownFile[];
  readonly edited: boolean;
  readonly reactions: readonly string[];
}

export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly at: string }
  | ({ readonly kind: 'mine'; readonly receipt: Receipt } & Said)
  | ({ readonly kind: 'theirs' } & Said)
  | ({
      readonly kind: 'question';
      readonly question: string;
      readonly title: string;
      readonly text: string;
      readonly options: readonly { readonly label: string; readonly value: string }[];
      /** Set when it is Bellhop's own: what it is about. */
      readonly approval?: ApprovalCard;
      /** Null: open; '' = answered, not known how. */
      readonly chosen: string | null;
    } & Shown)
  | ({ readonly kind: 'notice'; readonly text: string } & Shown)
  | ({ readonly kind: 'live'; readonly text: string; readonly done: boolean } & Shown);

const JOIN_MS = 5 * 60_000;

export function timeline(conversation: Conversation): Row[] {
  const changes = changesOf(conversation.entries);
  const rows: Row[] = [];
  const push = (row: Row): void => {
    const last = rows.at(-1);
    if (row.kind !== 'day' && (last === undefined || dayOf(last.at) !== dayOf(row.at))) {
      rows.push({ kind: 'day', key: `day ${row.key}`, at: row.at });
      rows.push(row);
      return;
    }
    rows.push(last && row.kind !== 'day' && isJoined(last, row) ? { ...row, joined: true } : row);
  };
  let asked: Question | null = null;
  for (const entry of conversation.entries) {
    const row = rowOf(conversation, entry, changes, asked);
    if (row) push(row);
    if (entry.body.kind === 'question' && !entry.body.approval) asked = entry.body;
  }
  for (const out of conversation.outgoing) push(outgoingRow(conversation, out));
  return rows;
}

/** The text that is being written, under the last of these rows. Apart, since it changes with every frame. */
export function liveRow({ live, ledger }: Conversation, rows: readonly Row[]): Row | null {
  const last = rows.at(-1);
  const at = ledger?.turn.startedAt ?? last?.at;
  if (live === null || live.text === '' || at === undefined) return null;
  const row: Row = {
    kind: 'live',
    key: `live ${live.turn}`,
    at,
    joined: false,
    text: live.text,
    done: live.done,
  };
  return last?.kind === 'theirs' && isJoined(last, row) ? { ...row, joined: true } : row;
}

/** The address of a file in the log, on this host. */
export function fileAddress({ agent, thread }: Conversation, seq: number, index: number): string {
  return `/v1/entry-file?${new URLSearchParams({ agent, thread, entry: String(seq), index: String(index) })}`;
}

interface Changes {
  readonly texts: ReadonlyMap<string, string>;
  readonly reactions: ReadonlyMap<string, readonly string[]>;
}

function changesOf(entries: readonly LogEntry[]): Changes {
  const texts = new Map<string, string>();
  const reactions = new Map<string, string[]>();
  for (const { body } of entries) {
    if (body.kind === 'edit') texts.set(body.target, body.text);
    if (body.kind === 'reaction') {
      const known = reactions.get(body.target) ?? [];
      if (!known.includes(body.emoji)) reactions.set(body.target, [...known, body.emoji]);
    }
  }
  return { texts, reactions };
}

function rowOf(
  conversation: Conversation,
  entry: LogEntry,
  changes: Changes,
  asked: Question | null,
): Row | null {
  const { id, at, body } = entry;
  const shown = { key: id, at, joined: false };
  switch (body.kind) {
    case 'user':
    case 'text': {
      const edit = changes.texts.get(id);
      const said: Said = {
        ...shown,
        id,
        text: edit ?? (body.kind === 'user' ? answerLabel(conversation, asked, body.text) : body.text),
        files: body.files.map(({ name, size }, index) => ({
          name,
          size,
          address: fileAddress(conversation, entry.seq, index),
        })),
        edited: edit !== undefined,
        reactions: changes.reactions.get(id) ?? [],
      };
      const receipt = conversation.receipts[id] ?? { state: 'answered', reason: null };
      return body.kind === 'user' ? { kind: 'mine', receipt, ...said } : { kind: 'theirs', ...said };
    }
    case 'question':
      return { ...body, ...shown, kind: 'question', chosen: chosenIn(conversation, entry, body) };
    case 'notice':
      return { kind: 'notice', ...shown, text: body.text };
    case 'edit':
    case 'reaction':
      return null;
  }
}

function outgoingRow(conversation: Conversation, out: Outgoing): Row {
  const receipt: Receipt = out.problem
    ? { state: 'refused', reason: `${out.problem.message} ${out.problem.hint}` }
    : (conversation.receipts[out.id] ?? { state: 'sending', reason: null });
  const files = out.files.map(({ name, size, preview }) => ({ name, size, address: preview }));
  const { id, at, text } = out;
  return { kind: 'mine', key: id, id, at, joined: false, text, files, receipt, edited: false, reactions: [] };
}

type Question = Extract<LogEntry['body'], { kind: 'question' }>;

/** The log keeps an answer as a message with the option's value: the next such message tells what was chosen. */
function chosenIn(
  conversation: Conversation,
  entry: LogEntry,
  { question, options, approval }: Question,
): string | null {
  const known = conversation.answered[question];
  if (known !== '' || approval) return known ?? null;
  const answer = conversation.entries.find(
    ({ seq, body }) =>
      seq > entry.seq && body.kind === 'user' && options.some((option) => option.value === body.text),
  );
  return answer?.body.kind === 'user' ? answer.body.text : '';
}

/** An answer shows the words of the button, not the value behind it. */
function answerLabel({ answered }: Conversation, asked: Question | null, text: string): string {
  if (asked === null || answered[asked.question] === undefined) return text;
  return asked.options.find((option) => option.value === text)?.label ?? text;
}

function isJoined(last: Row, row: Row): boolean {
  const side = (kind: Row['kind']): string => (kind === 'live' ? 'theirs' : kind);
  const joins = side(last.kind) === side(row.kind) && (row.kind === 'mine' || side(row.kind) === 'theirs');
  return joins && Date.parse(row.at) - Date.parse(last.at) < JOIN_MS;
}

function dayOf(at: string): string {
  return new Date(at).toDateString();
}
