/**
 * A conversation going on. Two things run side by side: the event stream, which prints what happens (also what the agent
 * says by itself), and the input, which sends.
 *
 * On a terminal a line may be sent while another is at work; in a pipe each waits until the one before has settled, and
 * the end comes after the last. A host that restarts is waited for, and nothing is missed.
 */
import type { ApprovalDecision, StreamEvent } from '@bellhop/host/api';
import type { Client, Conversation } from '../client.ts';
import { CliError } from '../errors.ts';
import { FROM_THE_START, follow } from '../follow.ts';
import { DEFAULT_THREAD } from '../outgoing.ts';
import type { Style } from '../style.ts';
import { oneLine } from '../text.ts';
import type { World } from '../world.ts';
import type { Console } from './console.ts';
import { type Input, LOCAL_COMMANDS, readInput } from './input.ts';
import { Outbox, type Sendable } from './outbox.ts';
import { Transcript } from './transcript.ts';

const INTERRUPTED = 130;

export interface TalkParts {
  readonly client: Client;
  readonly conversation: Conversation;
  readonly world: World;
  readonly console: Console;
  readonly style: Style;
  readonly tty: boolean;
}

export class Talk {
  readonly #parts: TalkParts;
  readonly #leave = new AbortController();
  readonly #signal: AbortSignal;
  readonly #outbox: Outbox;
  readonly #transcript: Transcript;
  #away = false;
  #anyFailed = false;
  #turnRuns = false;

  constructor(parts: TalkParts) {
    const { client, conversation, world, style, tty } = parts;
    this.#parts = parts;
    this.#signal = AbortSignal.any([this.#leave.signal, world.interrupted]);
    this.#outbox = new Outbox(client, conversation, world, { clock: world.clock, signal: this.#signal });
    this.#transcript = new Transcript(tty, style, this.#outbox.own, world.clock.now());
  }

  /** Returns the exit code: a script in which anything failed has failed. */
  async run(): Promise<number> {
    const { client, conversation, world, tty } = this.#parts;
    const connected = Promise.withResolvers<void>();
    const following = follow(
      client,
      conversation,
      FROM_THE_START,
      { clock: world.clock, signal: this.#signal, onAway: () => this.#goneAway() },
      {
        onConnected: () => {
          connected.resolve();
          this.#backAgain();
        },
        onEvent: (event) => this.#hear(event),
      },
    );
    try {
      // The stream first: live text and reminders are told only to who listens.
      await Promise.race([connected.promise, following]);
      await Promise.race([this.#read(), following]);
    } finally {
      this.#leave.abort();
    }
    await following;
    if (world.interrupted.aborted) return INTERRUPTED;
    return this.#anyFailed && !tty ? 1 : 0;
  }

  /** For whoever leaves while something is at work: that it goes on, and where its answer will be. '' when nothing is. */
  farewell(): string {
    const { unsettled } = this.#outbox;
    if (unsettled === 0 && !this.#turnRuns) return '';
    const { agent, thread } = this.#parts.conversation;
    const what =
      unsettled > 1
        ? `${unsettled} of your messages are still at work. They go on, and their answers are`
        : unsettled === 1
          ? 'Your message is still at work. It goes on, and its answer is'
          : `${oneLine(agent ?? 'Your agent')} is still at work. It goes on, and its answer is`;
    return `${what} kept: ${backTo(thread)}    To end it, type /stop there.\n`;
  }

  async #read(): Promise<void> {
    for await (const line of this.#parts.console.lines()) {
      const input = readInput(line, this.#transcript.openQuestion);
      switch (input.kind) {
        case 'nothing':
          break;
        case 'quit':
          return;
        case 'help':
          this.#print(`${LOCAL_COMMANDS}\n`);
          // Bellhop itself has commands, too, the same on every channel.
          await this.#send({ kind: 'text', text: '/help' });
          break;
        case 'wrong':
          this.#print(`${input.hint}\n`);
          break;
        case 'decide':
          await this.#decide(input);
          break;
        default: {
          const done = this.#send(input);
          if (!this.#parts.tty) await done;
        }
      }
    }
  }

  /** Never rejects: what went wrong is told, and the conversation goes on. */
  async #send(input: Sendable): Promise<void> {
    if (input.kind === 'answer') this.#transcript.answered();
    try {
      const state = await this.#outbox.send(input);
      if (state.state === 'failed') this.#anyFailed = true;
      this.#print(this.#transcript.settled(state));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The owner's word on what an agent asked for. Never rejects. What came of it is told by the stream. */
  async #decide({ question, sha256, option }: Extract<Input, { kind: 'decide' }>): Promise<void> {
    const decision = option.value as ApprovalDecision;
    try {
      await this.#parts.client.decideApproval({ id: question, sha256, decision }, this.#signal);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#signal.aborted) return;
    this.#anyFailed = true;
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof CliError ? `  ${oneLine(error.hint)}\n` : '';
    this.#tell(`${this.#parts.style.red(oneLine(message))}\n${hint}`);
  }

  #hear(event: StreamEvent): void {
    if (event.type === 'ledger') this.#turnRuns = event.turn !== null;
    this.#outbox.hear(event);
    this.#print(this.#transcript.event(event));
  }

  #goneAway(): void {
    this.#away = true;
    this.#tell('Bellhop went away; waiting for it to come back. What you send is kept …\n');
  }

  #backAgain(): void {
    this.#outbox.askAgain();
    if (this.#away) this.#tell('Connected again.\n');
    this.#away = false;
  }

  #print(text: string): void {
    this.#parts.console.print(text, this.#transcript.midLine);
  }

  /** About the conversation, not of it: kept out of a script's stdout. */
  #tell(text: string): void {
    if (this.#parts.tty) this.#print(text);
    else this.#parts.world.stderr.write(text);
  }
}

/** The command that opens this conversation again. */
function backTo(thread: string): string {
  return thread === DEFAULT_THREAD ? './bellhop chat' : `./bellhop chat --thread ${oneLine(thread)}`;
}
