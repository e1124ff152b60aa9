/**
 * Follows one conversation for as long as it is open: connects, reads, connects again with back-off.
 *
 * Nothing is missed: each connection asks for what is behind the last entry that was seen. `onOpen` is called each time
 * one stands, so that its owner can ask about what is not in the log. Never rejects; ends when the signal aborts or
 * the person is signed out.
 */
import type { StreamEvent } from '@bellhop/host/api';
import { backoffMs } from '../model/backoff.ts';
import { SseParser } from '../model/sse.ts';
import type { Place } from '../model/state.ts';
import { type Client, Refusal } from './client.ts';

export interface Follower {
  readonly place: Place;
  /** Seq of the last entry known. */
  after(): number;
  onOpen(): void;
  onEvent(event: StreamEvent): void;
  onLost(): void;
}

export interface Waiting {
  /** Resolves after the time, or sooner when there is a reason to try at once. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** Called with the connection's abort: a line that is dead without saying so is cut. */
  watch(cut: () => void): () => void;
  random(): number;
}

export async function follow(
  client: Client,
  waiting: Waiting,
  follower: Follower,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 0; !signal.aborted; tries += 1) {
    const connection = new AbortController();
    const unwatch = waiting.watch(() => connection.abort());
    try {
      const ends = AbortSignal.any([signal, connection.signal]);
      const stream = await client.events(follower.place, follower.after(), ends);
      tries = 0;
      follower.onOpen();
      const parser = new SseParser();
      for await (const text of stream) {
        for (const data of parser.push(text)) follower.onEvent(JSON.parse(data) as StreamEvent);
      }
    } catch (error) {
      // Whatever broke it, the way on is the same: connect again. Only "signed out" is an end.
      if (error instanceof Refusal && error.status === 401) return;
    } finally {
      unwatch();
    }
    if (signal.aborted) return;
    follower.onLost();
    await waiting.pause(backoffMs(tries, waiting.random()), signal);
  }
}
