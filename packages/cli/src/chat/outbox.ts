/**
 * Sends what was typed and sees it through: accepted, then settled, across restarts of the host. The id is made before
 * the first try and kept, so that a repeat changes nothing.
 */
import type { MessageState, SentMessage, StreamEvent } from '@bellhop/host/api';
import type { Client, Conversation } from '../client.ts';
import { fileToSend, upload } from '../outgoing.ts';
import { type Patience, untilAnswered } from '../retry.ts';
import { concerns, Hint, settled } from '../settle.ts';
import type { World } from '../world.ts';
import type { Input } from './input.ts';

export type Sendable = Extract<Input, { kind: 'text' | 'file' | 'answer' }>;

export class Outbox {
  readonly #client: Client;
  readonly #conversation: Conversation;
  readonly #world: World;
  readonly #patience: Patience;
  readonly #hints = new Map<string, Hint>();
  readonly #own = new Set<string>();
  /** Accepted, and not settled when this was left. */
  readonly #unsettled = new Set<string>();

  constructor(client: Client, conversation: Conversation, world: World, patience: Patience) {
    this.#client = client;
    this.#conversation = conversation;
    this.#world = world;
    this.#patience = patience;
  }

  /** Ids of everything sent from here, before its first event can come. */
  get own(): ReadonlySet<string> {
    return this.#own;
  }

  /** How many messages from here are waiting or at work. */
  get unsettled(): number {
    return this.#unsettled.size;
  }

  /** An event that may have settled something. */
  hear(event: StreamEvent): void {
    for (const [message, hint] of this.#hints) if (concerns(event, message)) hint.ring();
  }

  /** The stream is (again) open: whatever is awaited may have happened meanwhile. */
  askAgain(): void {
    for (const hint of this.#hints.values()) hint.ring();
  }

  /** Resolves when it has settled. Throws UsageError (a file that is none) before anything is sent. */
  async send(input: Sendable): Promise<MessageState> {
    const id = this.#world.newId();
    const file = input.kind === 'file' ? fileToSend(input.path, this.#world) : null;
    this.#own.add(id);
    const sent = await untilAnswered(async (): Promise<SentMessage> => {
      const { signal } = this.#patience;
      const where = this.#conversation;
      if (input.kind === 'answer') {
        const { question, option } = input;
        return this.#client.answer({ id, question, option: option.value, ...where }, signal);
      }
      const files = file ? await upload(this.#client, [file], signal) : [];
      return this.#client.send({ id, text: input.text, ...where, ...(file ? { files } : {}) }, signal);
    }, this.#patience);
    this.#own.add(sent.message);
    const hint = new Hint();
    this.#hints.set(sent.message, hint);
    this.#unsettled.add(sent.message);
    try {
      const state = await settled(this.#client, sent.message, hint, this.#patience);
      this.#unsettled.delete(sent.message);
      return state;
    } finally {
      this.#hints.delete(sent.message);
    }
  }
}
