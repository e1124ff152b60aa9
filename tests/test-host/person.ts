/** One person at the owner's socket, in one conversation: says something, and waits for what comes of it. */
import { randomUUIDv7 } from 'node:crypto';
import type { LogEntry, MessageState } from '../../packages/host/src/api/contract.ts';
import { until } from '../../packages/host/test/until.ts';
import { Api, type EventStream } from '../e2e/house/api.ts';

export class Person {
  readonly api: Api;
  readonly thread: string;

  constructor(dataDir: string, thread: string) {
    this.api = new Api(dataDir);
    this.thread = thread;
  }

  /** Accepted when it resolves; returns the message's id. */
  async say(text: string, files: readonly string[] = []): Promise<string> {
    const id = randomUUIDv7();
    const { status, body } = await this.api.send({ id, text, files, thread: this.thread });
    if (status !== 202) throw new Error(`not accepted: ${body.error?.message}`);
    return id;
  }

  /** Accepted when it resolves; returns the id of the answer. */
  async press(question: string, option: string): Promise<string> {
    const id = randomUUIDv7();
    const { status, body } = await this.api.press({ id, question, option, thread: this.thread });
    if (status !== 202) throw new Error(`not accepted: ${body.error?.message}`);
    return id;
  }

  /** Resolves when the message has ended and all its replies have arrived. */
  async end(message: string): Promise<MessageState> {
    return until(`${message} has ended`, async () => {
      const { status, body } = await this.api.message(message);
      return status === 200 && body.settled ? body : null;
    });
  }

  /** The texts that answer what is said. */
  async ask(text: string, files?: readonly string[]): Promise<string[]> {
    const { replies } = await this.end(await this.say(text, files));
    return replies.map(textOf);
  }

  events(): Promise<EventStream> {
    return this.api.events(this.thread);
  }
}

/** What a person reads of it. */
function textOf({ body }: LogEntry): string {
  return 'text' in body ? body.text : body.emoji;
}
