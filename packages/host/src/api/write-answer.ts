/** Puts an answer on the wire, with the headers that every one carries. */
import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { ApiAnswer } from './routing.ts';

const CHUNK_BYTES = 64 * 1024;

/** Only what comes from here, no plug-ins, no frames around us. An answer may narrow it. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * `same-origin` and not `no-referrer`, which makes a browser say `Origin: null` of our own form.
 */
const ALWAYS: Readonly<Record<string, string>> = {
  'content-security-policy': PAGE_POLICY,
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** Resolves when all of it is on its way; rejects when the client is gone before. */
export async function writeAnswer(
  response: ServerResponse,
  answer: ApiAnswer,
  signal: AbortSignal,
): Promise<void> {
  const head = (type: Readonly<Record<string, string>>) =>
    response.writeHead(answer.status, { ...ALWAYS, ...type, ...answer.headers });
  if ('json' in answer) {
    head({ 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.json));
  } else if ('html' in answer) {
    head({ 'content-type': 'text/html; charset=utf-8' });
    response.end(answer.html);
  } else if ('text' in answer) {
    head({});
    response.end(answer.text);
  } else if ('file' in answer) {
    try {
      head({ 'content-length': String(answer.size) });
      await sendFile(response, answer.file, answer.size, signal);
    } finally {
      await answer.file.close();
    }
  } else if ('events' in answer) {
    head({ 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.flushHeaders();
    for await (const chunk of answer.events) {
      if (signal.aborted) break;
      if (!response.write(chunk)) await once(response, 'drain', { signal });
    }
    response.end();
  } else {
    head({});
    response.end();
  }
}

async function sendFile(
  response: ServerResponse,
  file: FileHandle,
  size: number,
  signal: AbortSignal,
): Promise<void> {
  for (let at = 0; at < size; ) {
    signal.throwIfAborted();
    // A buffer of its own each time: the socket may hold on to the one before.
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) throw new Error('the file became shorter while it was sent');
    at += bytesRead;
    if (!response.write(chunk.subarray(0, bytesRead))) await once(response, 'drain', { signal });
  }
  response.end();
}
