/**
 * One message at a time through a real host, and when it was where: the web channel with a stop watch around it, so that
 * what is measured does all that a person's message does, its entry in the conversation log included. Not measured: the
 * API and its socket.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ServedChannel } from '@bellhop/channels/served';
import { openGenerations } from '../../packages/host/src/store/generations.ts';
import { type BenchHost, type BenchSandbox, openHost, QUIET_MS } from '../host/open.ts';

const PATIENCE_MS = 180_000;

export interface Exchange {
  /**
   * performance.now() of each: the adapter's call of accept, the host hearing that a turn has claimed the message (a
   * little later than the claim, and at the latest when its answer was sent), the entry of the adapter's send.
   */
  readonly acceptMs: number;
  readonly workingMs: number;
  readonly sendMs: number;
  /** `sessions/<agent>/<session>` in the data folder. */
  readonly mailbox: string;
}

export interface Exchanges extends Pick<BenchHost, 'store' | 'quiet' | 'stop'> {
  /** One message there and its answer back. `onSend` is called when the send is entered. */
  exchange(onSend?: () => void): Promise<Exchange>;
  /** Resolves when no sandbox is left; for a host whose idle time is short. */
  asleep(): Promise<void>;
}

/** @param idleStopMs by default as the settings have it. Rejects with SandboxUnavailable where that sandbox cannot be had. */
export async function openExchanges(
  sandbox: BenchSandbox,
  dataDir: string,
  idleStopMs?: number,
): Promise<Exchanges> {
  const moments = { accept: ignore, working: ignore, send: ignore };
  const host = await openHost({
    dataDir,
    sandbox,
    settings: idleStopMs === undefined ? {} : { idleStopMs },
    watched: (channel) => timedChannel(channel, moments),
  });
  const { store, quiet, stop } = host;
  return {
    ...{ store, quiet, stop },
    async exchange(onSend = ignore) {
      const at = { acceptMs: 0, workingMs: 0, sendMs: 0 };
      const sent = Promise.withResolvers<void>();
      const failed = setTimeout(() => sent.reject(new Error('no answer came')), PATIENCE_MS);
      moments.accept = () => {
        at.acceptMs = performance.now();
      };
      moments.working = () => {
        at.workingMs = performance.now();
      };
      moments.send = () => {
        at.sendMs = performance.now();
        onSend();
        sent.resolve();
      };
      const mailbox = await host.say('main', 'How long does this take?');
      await sent.promise;
      clearTimeout(failed);
      return { ...at, workingMs: at.workingMs || at.sendMs, mailbox };
    },
    async asleep() {
      while ((await openGenerations(store.read)).length > 0) await delay(QUIET_MS);
      await quiet();
    },
  };
}

interface Moments {
  accept: () => void;
  working: () => void;
  send: () => void;
}

/** @param moments called at each of them; must not throw. */
function timedChannel(channel: ServedChannel, moments: Moments): ServedChannel {
  return {
    ...channel,
    start: (sink) =>
      channel.start({
        accept(event) {
          moments.accept();
          return sink.accept(event);
        },
      }),
    send(message, signal) {
      moments.send();
      return channel.send(message, signal);
    },
    typing(chat, thread, on) {
      if (on) moments.working();
      channel.typing(chat, thread, on);
    },
  };
}

function ignore(): void {
  // Nobody watches between two messages.
}
