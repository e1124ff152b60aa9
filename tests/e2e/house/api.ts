/** Requests to a host's socket in raw form: what the command line would never send can be sent here. */
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type {
  ApiError,
  MessageState,
  SentMessage,
  Status,
  StreamEvent,
} from '../../../packages/host/src/api/contract.ts';
import { PATIENCE_MS } from '../../../packages/host/test/until.ts';

export interface Answered<T> {
  readonly status: number;
  readonly body: T;
}

export class Api {
  readonly #socketPath: string;
  constructor(data: string) {
    this.#socketPath = `${data}/bellhop.sock`;
  }

  status(): Promise<Answered<Status>> {
    return this.#json('GET', '/v1/status');
  }

  /** Resolves when the host has answered: with 202 it is accepted. */
  send(message: object | Buffer): Promise<Answered<SentMessage & ApiError>> {
    const body = Buffer.isBuffer(message) ? message : Buffer.from(JSON.stringify(message));
    return this.#json('POST', '/v1/messages', body);
  }

  press(answer: object): Promise<Answered<SentMessage & ApiError>> {
    return this.#json('POST', '/v1/answers', Buffer.from(JSON.stringify(answer)));
  }

  upload(name: string, bytes: Buffer): Promise<Answered<{ file: string; size: number } & ApiError>> {
    return this.#json('POST', `/v1/files?name=${encodeURIComponent(name)}`, bytes);
  }

  message(id: string): Promise<Answered<MessageState>> {
    return this.#json('GET', `/v1/messages/${encodeURIComponent(id)}`);
  }

  /** Everything that happens in a conversation from now on, and what is in its log already. */
  async events(thread: string): Promise<EventStream> {
    return new EventStream(await this.#open('GET', `/v1/events?thread=${encodeURIComponent(thread)}`));
  }

  async #json<T>(method: string, path: string, body?: Buffer): Promise<Answered<T>> {
    const response = await this.#open(method, path, body);
    return { status: response.statusCode ?? 0, body: JSON.parse(await text(response)) as T };
  }

  #open(method: string, path: string, body?: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = { connection: 'close', 'content-length': body?.length ?? 0 };
      const out = request({ socketPath: this.#socketPath, method, path, headers, agent: false });
      out.once('response', resolve);
      // An answer that came before all was sent stands; a later EPIPE changes nothing.
      out.on('error', reject);
      out.end(body);
    });
  }
}

/** What a conversation's stream has told so far; `until` waits for what it will tell. */
export class EventStream {
  readonly #response: IncomingMessage;
  readonly #onEvent = new Set<() => void>();
  readonly seen: StreamEvent[] = [];
  #ended = false;

  constructor(response: IncomingMessage) {
    this.#response = response;
    const held = { text: '' };
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (held.text + chunk).split('\n\n');
      held.text = parts.pop() ?? '';
      for (const part of parts) this.#take(part);
      this.#look();
    });
    // A host that is killed breaks the stream off: `close` follows and says so to whoever waits.
    response.on('error', () => undefined);
    response.once('close', () => {
      this.#ended = true;
      this.#look();
    });
  }

  until<E extends StreamEvent>(what: string, is: (event: StreamEvent) => event is E): Promise<E>;
  until(what: string, is: (event: StreamEvent) => boolean): Promise<StreamEvent>;
  until(what: string, is: (event: StreamEvent) => boolean): Promise<StreamEvent> {
    return new Promise((resolve, reject) => {
      const done = (end: () => void) => {
        clearTimeout(timer);
        this.#onEvent.delete(look);
        end();
      };
      const timer = setTimeout(
        () => done(() => reject(new Error(`the stream never told: ${what}`))),
        PATIENCE_MS,
      );
      const look = () => {
        const found = this.seen.find(is);
        if (found) done(() => resolve(found));
        else if (this.#ended) done(() => reject(new Error(`the stream ended before it told: ${what}`)));
      };
      this.#onEvent.add(look);
      look();
    });
  }

  close(): void {
    this.#response.destroy();
  }

  #take(part: string): void {
    const data = part.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));
    if (data.length > 0) this.seen.push(JSON.parse(data.join('\n')) as StreamEvent);
  }

  #look(): void {
    for (const look of [...this.#onEvent]) look();
  }
}
