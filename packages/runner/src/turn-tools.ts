/**
 * The tools of one turn: each call with an outside effect is one row of outbound.db, committed at once (M6).
 *
 * The row's id is a hash of turn, tool, arguments and how many equal calls came before (M7): a retry of the turn that
 * does the same again finds its rows there and writes nothing.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  type Address,
  clip,
  cutInPieces,
  type InboundRow,
  isFromPerson,
  type OutboundId,
  type OutboundKind,
  point,
  replyAddress,
  type TurnId,
} from '@bellhop/mailbox';
import type { NewOutbound, OutboundMailbox } from '@bellhop/mailbox/runner';
import {
  HERE,
  TurnFailed,
  type TurnMessage,
  type TurnTask,
  type TurnText,
  type TurnTools,
} from './harness.ts';
import { readInbound } from './inbound.ts';
import { cutText } from './long-text.ts';
import { toTurnMessage } from './messages.ts';
import { copyOutgoing, findOutgoing } from './outgoing-file.ts';
import type { RunnerFrame } from './protocol.ts';

/** Rows that one turn may write; an agent that writes for ever is stopped here. */
export const MAX_ROWS_PER_TURN = 100;
/** Longest piece of live text in one frame, in UTF-16 units. */
const MAX_LIVE = 8 * 1024;
/** Tasks that an agent is shown. */
const MAX_TASKS = 100;
/** The host's name of an agent's task begins so. */
const TASK_PREFIX = 'task:';
/** What people see of a tool's arguments, in UTF-16 units. */
const MAX_DETAIL = 200;

export interface TurnContext {
  readonly turnId: TurnId;
  /** What the turn took up; not empty. */
  readonly messages: readonly InboundRow[];
  /** The session's default reply address. */
  readonly routing: Address;
  /** Claims what has come since for this turn. */
  readonly claimFollowUps: () => Promise<readonly InboundRow[]>;
  readonly signal: AbortSignal;
  readonly inDir: string;
  readonly outDir: string;
  readonly workDir: string;
  /** Largest file that the host takes, in bytes. */
  readonly maxFileBytes: number;
  readonly outbound: OutboundMailbox;
  readonly emit: (frame: RunnerFrame) => void;
  readonly now: () => number;
}

export class Turn implements TurnTools {
  readonly #context: TurnContext;
  readonly #equalCalls = new Map<string, number>();
  readonly #messages: InboundRow[];
  #answering: InboundRow;
  #rows = 0;
  #tools = 0;
  #progress = 0;

  constructor(context: TurnContext) {
    this.#context = context;
    this.#messages = [...context.messages];
    this.#answering = mainMessage(context.messages, context.routing);
  }

  answering(seq: number): void {
    this.#answering = this.#messageOf(seq);
  }

  /** Where one of the turn's texts goes, and which message it answers. */
  placeOf(text: string | TurnText): Address & { readonly inReplyTo: InboundRow['id'] } {
    const answered = typeof text === 'string' ? this.#answering : this.#messageOf(text.answers);
    return { ...replyAddress(answered, this.#context.routing), inReplyTo: answered.id };
  }

  #messageOf(seq: number): InboundRow {
    const found = this.#messages.find((message) => message.seq === seq);
    if (!found) throw new Error(`there is no message ${seq} in this turn`);
    return found;
  }

  get #here(): Address {
    return replyAddress(this.#answering, this.#context.routing);
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  /** Grows with everything the harness does. */
  get progressCount(): number {
    return this.#progress;
  }

  async destinations(): Promise<readonly string[]> {
    const found = await readInbound(this.#context.inDir, (inbound) => inbound.destinations());
    return [HERE, ...found.map(({ name }) => name).filter((name) => name !== HERE)];
  }

  async send(text: string, to = HERE): Promise<number> {
    const target = await this.#addressOf(to);
    const seqs: number[] = [];
    for (const piece of cutText(text)) {
      const content = { text: piece };
      seqs.push(await this.#write(this.#nextId('send', content, target), 'chat', content, target));
    }
    return seqs[0] ?? 0;
  }

  /** `here` is the chat that asked, in its thread, whatever the host calls it. */
  async #addressOf(to: string): Promise<Address> {
    if (to === HERE) return this.#here;
    const found = await readInbound(this.#context.inDir, (inbound) =>
      inbound.destinations().find(({ name, type }) => name === to && type === 'channel'),
    );
    if (!found) throw new Error(`there is no destination ${to}`);
    return { channel: found.channel, chat: found.chat, thread: null };
  }

  async sendFile(path: string, text: string): Promise<{ readonly seq: number; readonly name: string }> {
    const file = await findOutgoing(this.#context, path);
    const content = { text, files: [file.name] };
    const id = this.#nextId('send_file', content);
    // The bytes are durable before the row that names them.
    await copyOutgoing(file, join(this.#context.outDir, 'files', id));
    return { seq: await this.#write(id, 'chat', content), name: file.name };
  }

  async edit(seq: number, text: string): Promise<void> {
    const { id, at } = await this.#target(seq);
    await this.#add('chat', 'edit', { operation: 'edit', messageId: id, text }, at);
  }

  async react(seq: number, emoji: string): Promise<void> {
    const { id, at } = await this.#target(seq);
    await this.#add('chat', 'react', { operation: 'reaction', messageId: id, emoji }, at);
  }

  async ask(question: Parameters<TurnTools['ask']>[0]): Promise<void> {
    const options = question.options.map((o) => ({ label: o.label, selectedLabel: o.label, value: o.value }));
    const content = { type: 'ask_question', title: question.title, question: question.text, options };
    const id = this.#nextId('ask', content);
    await this.#write(id, 'chat-sdk', { ...content, questionId: id });
  }

  async scheduleTask(task: { readonly prompt: string; readonly atMs: number }): Promise<void> {
    const { channel, chat, thread } = this.#here;
    // The time is not part of the identity: a retry of "in 10 seconds" is the same task, at its first time.
    const id = this.#nextId('schedule_task', { prompt: task.prompt });
    await this.#write(id, 'system', {
      action: 'schedule_task',
      taskId: `task-${id}`,
      prompt: task.prompt,
      script: null,
      processAfter: new Date(task.atMs).toISOString(),
      recurrence: null,
      channelType: channel,
      platformId: chat,
      threadId: thread,
    });
  }

  async tasks(): Promise<readonly TurnTask[]> {
    const rows = await readInbound(this.#context.inDir, (inbound) => inbound.tasks(MAX_TASKS));
    return rows
      .filter((row) => row.seriesId?.startsWith(TASK_PREFIX) && row.dueMs > this.#context.now())
      .map((row) => ({
        id: (row.seriesId ?? '').slice(TASK_PREFIX.length),
        prompt: toTurnMessage(row, this.#context.inDir).text,
        dueMs: row.dueMs,
        recurrence: row.recurrence,
      }));
  }

  async cancelTask(id: string): Promise<void> {
    const known = await this.tasks();
    if (!known.some((task) => task.id === id)) throw new Error(`there is no task ${id}`);
    await this.#add('system', 'cancel_task', { action: 'cancel_task', taskId: id });
  }

  live(text: string, isAnew = false): void {
    this.progress();
    const { emit, turnId: turn } = this.#context;
    for (const [n, piece] of cutInPieces(text, MAX_LIVE).entries()) {
      emit({ t: 'live', turn, text: piece, ...(isAnew && n === 0 ? { whole: true } : {}) });
    }
  }

  progress(): void {
    this.#progress += 1;
  }

  async tool<T>(tool: Parameters<TurnTools['tool']>[0], work: () => Promise<T>): Promise<T> {
    const { outbound, now, emit, turnId } = this.#context;
    this.#tools += 1;
    const frame = {
      t: 'tool',
      turn: turnId,
      n: this.#tools,
      name: tool.name,
      detail: clip(tool.detail, MAX_DETAIL).toWellFormed(),
    } as const;
    this.progress();
    outbound.setTool(tool, now());
    emit({ ...frame, ok: null });
    let ok = false;
    try {
      const result = await work();
      ok = true;
      return result;
    } finally {
      outbound.setTool(null, now());
      this.progress();
      emit({ ...frame, ok });
    }
  }

  async followUps(): Promise<readonly TurnMessage[]> {
    const rows = await this.#context.claimFollowUps();
    if (rows.length > 0) {
      this.#messages.push(...rows);
      this.#answering = mainMessage(this.#messages, this.#context.routing);
      this.progress();
    }
    return rows.map((row) => toTurnMessage(row, this.#context.inDir));
  }

  #add(kind: OutboundKind, tool: string, content: object, to = this.#here): Promise<number> {
    return this.#write(this.#nextId(tool, content, to), kind, content, to);
  }

  #nextId(tool: string, args: object, to = this.#here): OutboundId {
    const { channel, chat, thread } = to;
    const call = JSON.stringify([this.#context.turnId, tool, channel, chat, thread, args]);
    const equal = this.#equalCalls.get(call) ?? 0;
    this.#equalCalls.set(call, equal + 1);
    return createHash('sha256').update(`${call}#${equal}`).digest('hex').slice(0, 32) as OutboundId;
  }

  async #write(id: OutboundId, kind: OutboundKind, content: object, to = this.#here): Promise<number> {
    this.#rows += 1;
    if (this.#rows > MAX_ROWS_PER_TURN) {
      throw new TurnFailed(
        `It sent more than ${MAX_ROWS_PER_TURN} messages in one turn and was stopped.`,
        'flood',
      );
    }
    const { turnId, outbound, inDir, now, emit } = this.#context;
    const row: NewOutbound = {
      ...to,
      id,
      kind,
      inReplyTo: this.#answering.id,
      content: JSON.stringify(content, wholeCharacters),
      dueMs: 0,
    };
    const inboundSeq = await readInbound(inDir, (inbound) => inbound.greatestSeq());
    const { seq, fresh } = outbound.addRow(turnId, row, inboundSeq, now());
    point('runner.sent');
    this.progress();
    if (fresh) emit({ t: 'bell' });
    return seq;
  }

  /** The message with this number, and where it stands. */
  async #target(seq: number): Promise<{ readonly id: string; readonly at: Address }> {
    const { outbound, inDir, routing } = this.#context;
    const own = outbound.rowOfSeq(seq);
    if (own) return { id: own.id, at: { channel: own.channel, chat: own.chat, thread: own.thread } };
    const theirs = await readInbound(inDir, (inbound) => inbound.rowOfSeq(seq));
    if (!theirs) throw new Error(`there is no message ${seq}`);
    return { id: theirs.id, at: replyAddress(theirs, routing) };
  }
}

/** What a turn's words answer unless its harness says otherwise: the last message of a person, not the note behind it. */
function mainMessage(messages: readonly InboundRow[], routing: Address): InboundRow {
  const main = messages.findLast((message) => isFromPerson(message, routing)) ?? messages.at(-1);
  if (!main) throw new Error('a turn has no message');
  return main;
}

/** Half a character, which some platform would refuse, is none. */
function wholeCharacters(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}
