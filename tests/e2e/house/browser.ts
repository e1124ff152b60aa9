/** A browser as the host sees one: it keeps its cookie, says where it comes from, and follows nothing by itself. */
import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { EventStream } from './api.ts';

export interface Page {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
  readonly text: string;
}

export class Browser {
  #origin = '';
  #cookie = '';

  /** Opens a link, and keeps the cookie that it may give. */
  async enter(link: string): Promise<Page> {
    this.#origin = new URL(link).origin;
    return this.get(new URL(link).pathname);
  }

  /** The host has moved to another port; the cookie knows no ports. */
  moveTo(url: string): void {
    this.#origin = new URL(url).origin;
  }

  get(path: string): Promise<Page> {
    return this.#ask('GET', path);
  }

  async json<T>(path: string): Promise<T> {
    return JSON.parse((await this.get(path)).text) as T;
  }

  post(path: string, body: object | Buffer = {}): Promise<Page> {
    return this.#ask('POST', path, Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)));
  }

  async events(query: string): Promise<EventStream> {
    return new EventStream(await this.#open('GET', `/v1/events?${query}`));
  }

  async #ask(method: string, path: string, body?: Buffer): Promise<Page> {
    const response = await this.#open(method, path, body);
    const [set] = response.headers['set-cookie'] ?? [];
    if (set !== undefined) this.#cookie = set.split(';')[0] ?? '';
    const bytes = await buffer(response);
    return { status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString() };
  }

  #open(method: string, path: string, body?: Buffer): Promise<IncomingMessage> {
    const headers = {
      cookie: this.#cookie,
      'content-length': body?.length ?? 0,
      ...(method === 'POST' ? { origin: this.#origin, 'sec-fetch-site': 'same-origin' } : {}),
    };
    return new Promise((resolve, reject) => {
      const out = request(`${this.#origin}${path}`, { method, headers, agent: false }, resolve);
      out.on('error', reject);
      out.end(body);
    });
  }
}
