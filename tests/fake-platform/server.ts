/**
 * A chat platform that treats its clients badly, over HTTP.
 *
 *   POST /say      {chat, id, text}             a person says something; offered to the chat's webhook until it is taken
 *   PUT  /webhook  {prefix, url}                where events of chats with this prefix go
 *   POST /messages {chat, key, marked, notice, text}  a bot says something
 *   GET  /log?from=N                            entries from the N-th on
 *
 * Events come doubled, late, out of order and once more after they were taken. Sends meet what real platforms do: 429
 * with Retry-After, 500 before anything happened, said and then never answered, an answer that dribbles, one that stalls.
 * With a key a message is said once, however often it is sent; without one, as often as it is sent.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { choose, type Dice } from './dice.ts';
import type { Oddity, PlatformLog } from './log.ts';

export interface Spoken {
  readonly chat: string;
  readonly id: string;
  readonly text: string;
}

export interface Sent {
  readonly chat: string;
  readonly key: string | null;
  readonly marked: boolean;
  readonly notice: boolean;
  readonly text: string;
}

/** Shares of sends; the rest is answered as it should be. */
const SENDS: Readonly<Record<Oddity, number>> = {
  rate: 0.01,
  refused: 0.01,
  swallowed: 0.01,
  stalled: 0.01,
  dribbled: 0.04,
};
const EVENTS = { doubled: 0.15, late: 0.2, again: 0.1 } as const;
const LATE_MS = 200;
const AGAIN_MS = 1_000;
const OFFER_AGAIN_MS = 60;
const DRIBBLE_MS = 60;

export class Platform {
  readonly #log: PlatformLog;
  readonly #dice: Dice;
  readonly #webhooks = new Map<string, string>();
  readonly #known = new Map<string, string>();
  readonly #taken = new Set<string>();
  #messages = 0;
  #server: Server | null = null;

  constructor(log: PlatformLog, dice: Dice) {
    this.#log = log;
    this.#dice = dice;
  }

  /** Resolves with the address. */
  listen(): Promise<string> {
    const server = createServer((request, response) => {
      // A client that died in the middle of its request is what this is for.
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server = server;
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
      });
    });
  }

  /** Cuts off whoever still waits for an answer. */
  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://platform');
    if (request.method === 'GET')
      return reply(response, 200, this.#log.entries.slice(Number(url.searchParams.get('from'))));
    const body: unknown = await json(request);
    if (url.pathname === '/messages') return this.#take(body as Sent, response);
    if (url.pathname === '/webhook') {
      const { prefix, url: to } = body as { prefix: string; url: string };
      this.#webhooks.set(prefix, to);
    } else {
      const spoken = body as Spoken;
      this.#log.add({ t: 'event', ...spoken });
      void this.#deliver(spoken);
    }
    reply(response, 200, {});
  }

  async #take(sent: Sent, response: ServerResponse): Promise<void> {
    const odd = choose(SENDS, this.#dice());
    if (odd !== null) this.#log.add({ t: 'odd', chat: sent.chat, kind: odd });
    if (odd === 'rate') {
      response.setHeader('retry-after', '1');
      return reply(response, 429, { error: 'slow down' });
    }
    if (odd === 'refused') return reply(response, 500, { error: 'something went wrong' });
    if (odd === 'stalled') return;
    const id = this.#say(sent);
    // Said, and nobody is told: the connection stays open and silent.
    if (odd === 'swallowed') return;
    if (odd === 'dribbled') return dribble(response, { id });
    reply(response, 200, { id });
  }

  #say({ chat, key, marked, notice, text }: Sent): string {
    const known = key === null ? undefined : this.#known.get(key);
    if (key !== null && known !== undefined) {
      this.#log.add({ t: 'known key', chat, key });
      return known;
    }
    this.#messages += 1;
    const id = `said-${this.#messages}`;
    this.#log.add({ t: 'said', chat, key, marked, notice, text });
    if (key !== null) this.#known.set(key, id);
    return id;
  }

  async #deliver(spoken: Spoken): Promise<void> {
    if (this.#dice() < EVENTS.late) await pause(this.#dice() * LATE_MS);
    const offers = [this.#offer(spoken), ...(this.#dice() < EVENTS.doubled ? [this.#offer(spoken)] : [])];
    await Promise.all(offers);
    if (this.#dice() >= EVENTS.again) return;
    await pause(AGAIN_MS);
    await this.#offer(spoken);
  }

  async #offer(spoken: Spoken): Promise<void> {
    for (;;) {
      const status = await this.#post(spoken);
      if (status === 200 || status === 403) {
        if (this.#taken.has(spoken.id)) return;
        this.#taken.add(spoken.id);
        const { chat, id } = spoken;
        this.#log.add({ t: status === 200 ? 'accepted' : 'turned away', chat, id });
        return;
      }
      await pause(OFFER_AGAIN_MS);
    }
  }

  /** Null when nobody was there, or nobody answered. */
  async #post(spoken: Spoken): Promise<number | null> {
    const prefix = spoken.chat.split('-')[0] ?? '';
    const to = this.#webhooks.get(prefix);
    if (to === undefined) return null;
    const signal = AbortSignal.timeout(5_000);
    const body = JSON.stringify(spoken);
    return fetch(to, { method: 'POST', body, signal }).then(
      (response) => response.status,
      () => null,
    );
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function dribble(response: ServerResponse, body: unknown): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  for (const letter of JSON.stringify(body)) {
    response.write(letter);
    await pause(DRIBBLE_MS / 4);
  }
  response.end();
}
