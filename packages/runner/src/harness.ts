/**
 * The port of what thinks. A harness gets one turn at a time and says what it did through `TurnTools`; it never sees a
 * mailbox, a socket or a key.
 *
 * A turn may run again after a crash, with the same id and the same messages (M7): tool calls it repeats write nothing
 * new, and `sent` shows what an earlier try has sent already.
 */
import type { TurnId } from '@bellhop/mailbox';
import type { ExtraDir, ModelConfig, Skill } from './protocol.ts';

export interface TurnFile {
  readonly name: string;
  /** As the platform said it: `image`, `file` …, and the media type; null when it did not. */
  readonly type: string;
  readonly mimeType: string | null;
  readonly size: number;
  /** Absolute path inside the sandbox; null when the file could not be fetched, `problem` says why. */
  readonly path: string | null;
  readonly problem: string | null;
}

/** What a message answers: another one's number or id, and its words where the platform gave them. */
export interface TurnReply {
  readonly id: string | null;
  readonly sender: string | null;
  readonly text: string | null;
}

export interface TurnMessage {
  readonly seq: number;
  readonly kind: string;
  readonly sender: string;
  /** When it was sent, or for a task when it was due, in milliseconds. */
  readonly timeMs: number;
  readonly text: string;
  readonly replyTo: TurnReply | null;
  /** The row's whole content, for the kinds that are more than a text. */
  readonly content: Readonly<Record<string, unknown>>;
  readonly files: readonly TurnFile[];
  /** 1 at first; higher when an earlier try ended without an answer. */
  readonly attempt: number;
  /** Of a pressed button: the question's id and the chosen value. */
  readonly answer: { readonly question: string; readonly option: string } | null;
}

export interface TurnInput {
  readonly turnId: TurnId;
  readonly agentName: string;
  readonly messages: readonly TurnMessage[];
  readonly context: readonly TurnMessage[];
  /** Texts and other content (JSON) that an earlier try of this turn has committed. */
  readonly sent: readonly string[];
  /** What this harness stored at the end of its last turn. */
  readonly continuation: string | null;
}

export interface TurnOption {
  readonly label: string;
  readonly value: string;
}

/** A task of this conversation that waits for its time. */
export interface TurnTask {
  readonly id: string;
  readonly prompt: string;
  readonly dueMs: number;
  /** Cron expression of a series, or null. */
  readonly recurrence: string | null;
}

/** The name of the chat that asked: every agent may send there. */
export const HERE = 'here';

export interface TurnTools {
  /**
   * From now on, what is sent answers this message of the turn, by its number; until then the last one that a person
   * sent, follow-ups included. Throws for a message that is not of this turn.
   */
  answering(seq: number): void;
  /** Names that this agent may send to. */
  destinations(): Promise<readonly string[]>;
  /**
   * Sends a message now, while the turn goes on; durable when it returns. Returns its number.
   * @param to one of `destinations`; the chat that asked when left out. Throws for another one.
   */
  send(text: string, to?: string): Promise<number>;
  /**
   * Sends a file from the workspace, or one that was received; says its message's number and the name it goes by.
   * Throws for what cannot be sent.
   */
  sendFile(path: string, text: string): Promise<{ readonly seq: number; readonly name: string }>;
  edit(seq: number, text: string): Promise<void>;
  react(seq: number, emoji: string): Promise<void>;
  /** The answer comes back as a message of a later turn. */
  ask(question: {
    readonly title: string;
    readonly text: string;
    readonly options: readonly TurnOption[];
  }): Promise<void>;
  /** One-shot task: the prompt comes back as a message at `atMs`. */
  scheduleTask(task: { readonly prompt: string; readonly atMs: number }): Promise<void>;
  /** The earliest first; at most 100. */
  tasks(): Promise<readonly TurnTask[]>;
  /** Ends a task and its series. Throws when there is none with this id. */
  cancelTask(id: string): Promise<void>;
  /**
   * The next piece of text, to show while it is written; not durable.
   * @param isAnew in place of all that was shown of this turn: it was not for people.
   */
  live(text: string, isAnew?: boolean): void;
  /** Something happened: the turn is getting on. */
  progress(): void;
  /**
   * Runs a tool under its name and declared time-out, which the host respects; people see name and detail (a command, a
   * path) while it runs, and how long it took.
   */
  tool<T>(
    tool: { readonly name: string; readonly detail: string; readonly timeoutMs: number | null },
    work: () => Promise<T>,
  ): Promise<T>;
  /** What has come for this agent since the turn began: from now on part of the turn, and acked by its commit (M6). */
  followUps(): Promise<readonly TurnMessage[]>;
  /** Aborted when a person ends the turn: stop soon, with any error. What the turn has sent stays sent. */
  readonly signal: AbortSignal;
}

/** An answer that names the message of the turn that it answers. */
export interface TurnText {
  readonly text: string;
  /** The message's number. */
  readonly answers: number;
}

export interface TurnResult {
  /**
   * The answer, to the chat that asked; nothing is sent for an empty list. A text that names no message answers the one
   * that the turn's tools answer.
   */
  readonly texts: readonly (string | TurnText)[];
  readonly continuation?: string;
  /** Told at the commit of this turn: inside the transaction, and right after it. */
  readonly onCommit?: (stage: 'inside' | 'done') => void;
}

/** Where a harness works. Paths are those inside the sandbox. */
export interface Place {
  readonly workDir: string;
  readonly memoryDir: string;
  /** Holds AGENT.md; read-only. */
  readonly homeDir: string;
  /** Attachments lie below it; read-only. */
  readonly inDir: string;
  /** Folders of the owner's own. */
  readonly extraDirs: readonly ExtraDir[];
  readonly skills: readonly Skill[];
  readonly model: ModelConfig | null;
  /** Stands for the model's endpoint, without a slash at its end; empty when there is no way out. */
  readonly modelUrl: string;
  /** For tools' child processes: the sandbox's own, and the way out. Holds no key. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
}

export type Harnesses = Readonly<Record<string, () => Harness>>;

export interface Harness {
  /** Key of its continuation. */
  readonly name: string;
  /** Called once before the runner says it is ready. What it throws is a failed start. */
  start(place: Place): void;
  /** Throws TurnLater or TurnFailed; any other error ends the sandbox and costs the messages a try. */
  run(input: TurnInput, tools: TurnTools): Promise<TurnResult>;
}

/** Not now: try the turn again after a while. Costs no try. */
export class TurnLater extends Error {
  override readonly name = 'TurnLater';
  readonly errorClass: string;
  readonly retryAfterMs: number;
  constructor(message: string, errorClass: string, retryAfterMs = 0) {
    super(message);
    this.errorClass = errorClass;
    this.retryAfterMs = retryAfterMs;
  }
}

/** It will not work, however often it is tried; the words go to the sender. */
export class TurnFailed extends Error {
  override readonly name = 'TurnFailed';
  readonly errorClass: string;
  constructor(message: string, errorClass: string) {
    super(message);
    this.errorClass = errorClass;
  }
}
