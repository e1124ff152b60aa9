/**
 * GET through the sandbox's proxy, by the usual variables. Without a proxy there is no way, rather than another one.
 *
 * Written out because a refusal must be read: what the proxy says in place of a tunnel is the text that tells an agent
 * what it may not reach, and what to do.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';

const MAX_BODY_BYTES = 2 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 4 * 1024;

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly location: string | null;
  readonly body: string;
  readonly isWhole: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

export async function getThroughProxy(env: Env, url: URL, signal: AbortSignal): Promise<Reply> {
  const proxy = url.protocol === 'https:' ? env.HTTPS_PROXY : env.HTTP_PROXY;
  if (!proxy) throw new Error('there is no way to the web from this sandbox');
  const { hostname, port } = new URL(proxy);
  const headers = { host: url.host, 'user-agent': 'Bellhop', accept: 'text/html,text/*,*/*' };
  if (url.protocol === 'http:') {
    return reading(httpRequest({ hostname, port, path: url.href, headers, signal, agent: false }));
  }
  const socket = await tunnel({ hostname, port }, url, signal);
  try {
    const secure = tlsConnect({ socket, servername: url.hostname });
    const path = url.pathname + url.search;
    return await reading(
      httpsRequest({
        host: url.hostname,
        path,
        headers,
        signal,
        agent: false,
        createConnection: () => secure,
      }),
    );
  } finally {
    socket.destroy();
  }
}

function tunnel(
  proxy: { readonly hostname: string; readonly port: string },
  url: URL,
  signal: AbortSignal,
): Promise<Socket> {
  const target = `${url.hostname}:${url.port || 443}`;
  return new Promise((resolve, reject) => {
    const asked = httpRequest({
      ...proxy,
      method: 'CONNECT',
      path: target,
      headers: { host: target },
      signal,
    });
    asked.on('error', reject);
    asked.on('connect', (response, socket, head) => {
      if (response.statusCode === 200) resolve(socket as Socket);
      else
        void refusal(response, socket as Socket, head).then(
          (words) => reject(refused(response, words)),
          reject,
        );
    });
    asked.end();
  });
}

/** What follows the answer's head, as far as it is worth reading. */
async function refusal({ headers }: IncomingMessage, socket: Socket, head: Buffer): Promise<string> {
  const wanted = Math.min(Number(headers['content-length'] ?? MAX_REFUSAL_BYTES), MAX_REFUSAL_BYTES);
  const chunks = [head];
  let bytes = head.length;
  // A proxy may keep the connection open behind its last word.
  if (bytes < wanted) {
    for await (const chunk of socket) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= wanted) break;
    }
  }
  socket.destroy();
  return Buffer.concat(chunks).subarray(0, wanted).toString('utf8');
}

function refused({ statusCode, headers }: IncomingMessage, words: string): Error {
  const isOurs = headers['x-bellhop-error'] !== undefined;
  return new Error((isOurs ? messageOf(words) : words.trim()) || `the proxy answered ${statusCode}`);
}

/** Of `{error: {message, hint}}`. */
function messageOf(json: string): string {
  try {
    const { error } = JSON.parse(json) as { error?: { message?: string; hint?: string } };
    return [error?.message, error?.hint].filter((part) => typeof part === 'string').join(' ');
  } catch (notJson) {
    // Said in plain words, then.
    return notJson instanceof SyntaxError ? json.trim() : '';
  }
}

function reading(sent: ReturnType<typeof httpRequest>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      void read(response).then(resolve, reject);
    });
    sent.end();
  });
}

async function read(response: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Leaving the loop ends the connection.
    if (bytes > MAX_BODY_BYTES) break;
  }
  const { headers, statusCode } = response;
  const body = Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString('utf8');
  if (headers['x-bellhop-error'] !== undefined) throw refused(response, body);
  return {
    status: statusCode ?? 0,
    type: headers['content-type'] ?? '',
    location: headers.location ?? null,
    body,
    isWhole: bytes <= MAX_BODY_BYTES,
  };
}
