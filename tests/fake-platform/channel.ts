/**
 * The adapter of the fake platform, as any adapter of a platform with webhooks would be: it tells the platform
 * "received" after the sink has taken the event, and types what a send came to.
 *
 * Two of them may run side by side: one sends its key, and may send again; one has no keys, and marks what it repeats.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import {
  type Channel,
  type ChannelSink,
  type OutgoingMessage,
  PermanentError,
  RetryableError,
  type SendResult,
  UnknownOutcomeError,
} from '../../packages/channels/src/index.ts';
import type { Sent, Spoken } from './server.ts';

/** Everyone on the platform is this one user. */
export const SPEAKER = 'fake:speaker';

const MAX_TEXT = 4_000;
const SEND_TIMEOUT_MS = 1_500;

/** @param name prefix of its chats as well: `name-1`, `name-2` … */
export function fakePlatformChannel(name: string, platform: string, hasKeys: boolean): Channel {
  const open = { sink: null as ChannelSink | null };
  const server = createServer((request, response) => {
    take(open.sink, request).then(
      (status) => response.writeHead(status).end(),
      // Nothing was stored: the platform offers it again.
      () => response.writeHead(503).end(),
    );
  });
  return {
    name,
    capabilities: {
      maxTextLength: MAX_TEXT,
      threads: false,
      onUnknown: hasKeys ? 'resend-same-key' : 'resend-marked',
      sendTimeoutMs: SEND_TIMEOUT_MS,
    },
    async start(sink) {
      open.sink = sink;
      const port = await listen(server);
      await post(`${platform}/webhook`, 'PUT', { prefix: name, url: `http://127.0.0.1:${port}` });
    },
    async stop() {
      open.sink = null;
      server.closeAllConnections();
      server.close();
    },
    async send(message, signal) {
      return toResult(await post(`${platform}/messages`, 'POST', toSent(message, hasKeys), signal));
    },
    typing: () => undefined,
  };
}

/** The status that the platform is told. */
async function take(sink: ChannelSink | null, request: IncomingMessage): Promise<number> {
  if (!sink) return 503;
  const { chat, id, text } = (await json(request)) as Spoken;
  const accepted = await sink.accept({
    kind: 'message',
    id,
    chat,
    thread: null,
    sender: { id: SPEAKER, name: 'Someone' },
    sentAt: Date.now(),
    text,
    files: [],
    isMention: true,
    isGroup: false,
  });
  return accepted.kind === 'accepted' ? 200 : 403;
}

function toSent({ chat, key, maybeRepeat, content }: OutgoingMessage, hasKeys: boolean): Sent {
  if (content.kind !== 'text') throw new PermanentError(`this platform has no ${content.kind}`);
  const { text, notice } = content;
  return { chat, key: hasKeys ? key : null, marked: maybeRepeat, notice, text };
}

async function post(url: string, method: string, body: object, signal?: AbortSignal): Promise<Response> {
  const init = { method, body: JSON.stringify(body), ...(signal ? { signal } : {}) };
  return fetch(url, init).catch((error: Error) => {
    throw new UnknownOutcomeError(`no answer: ${error.message}`);
  });
}

async function toResult(response: Response): Promise<SendResult> {
  if (response.status === 429) {
    const seconds = Number(response.headers.get('retry-after') ?? 0);
    throw new RetryableError('the platform asks for a pause', seconds * 1_000);
  }
  // It may have failed before or after it said it.
  if (response.status >= 500) throw new UnknownOutcomeError(`status ${response.status}`);
  if (!response.ok) throw new PermanentError(`status ${response.status}`);
  const { id } = (await response.json()) as { id: string };
  return { platformMessageId: id };
}

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}
