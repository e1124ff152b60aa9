/**
 * A conversation's events, across every restart of the host: connects, reads, connects again behind the last id.
 *
 * Entries are missed by no reconnect, and one may come twice (the reader drops it by its seq). Receipts and live text
 * are not kept by the host: `onConnected` is the moment to ask for what may have been missed.
 */
import type { StreamEvent } from '@bellhop/host/api';
import type { Client, Conversation } from './client.ts';
import { HostUnreachable } from './errors.ts';
import { type Patience, untilAnswered } from './retry.ts';
import { SseParser } from './sse.ts';

export interface FollowHandlers {
  onEvent(event: StreamEvent): void;
  onConnected(): void;
}

/** `from` of a reader to whom entries are nothing: receipts and live text alone, no history. */
export const NO_ENTRIES = String(Number.MAX_SAFE_INTEGER);

/** `from` of a reader of every entry; the host begins with the history. */
export const FROM_THE_START = '';

/** Resolves when `patience.signal` is aborted; rejects when the host refuses the stream or sends what is none. */
export async function follow(
  client: Client,
  conversation: Conversation,
  from: string,
  patience: Patience,
  handlers: FollowHandlers,
): Promise<void> {
  const { signal } = patience;
  let after = from;
  while (!signal.aborted) {
    try {
      const stream = await untilAnswered(() => client.events(conversation, after, signal), patience);
      handlers.onConnected();
      const parser = new SseParser();
      try {
        for await (const chunk of stream) {
          for (const event of parser.push(chunk as Buffer))
            handlers.onEvent(JSON.parse(event.data) as StreamEvent);
          if (parser.lastId !== '') after = parser.lastId;
        }
      } catch (error) {
        if (!isBrokenStream(error)) throw error;
      }
    } catch (error) {
      if (!(error instanceof HostUnreachable) || !signal.aborted) throw error;
    }
    // A stream that ends was ended by a host that goes away: give it a moment rather than spin.
    await patience.clock.wait(RECONNECT_WAIT_MS, signal);
  }
}

const RECONNECT_WAIT_MS = 50;

/** The host died in mid-stream, or we left: both end the stream, and the loop above decides. */
function isBrokenStream(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  const name = (error as Error).name;
  return (
    code === 'ECONNRESET' ||
    code === 'EPIPE' ||
    code === 'ERR_STREAM_PREMATURE_CLOSE' ||
    name === 'AbortError'
  );
}
