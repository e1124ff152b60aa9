/**
 * Starts the channels and keeps trying (H14): each by itself, so that one which is refused, throws or never answers holds
 * up neither the host nor another. What is said through it waits in the store until it has started.
 *
 * Durable is one note for each channel that is refused, for the doctor, who may look while no host runs.
 */
import type { Accepted, Channel, ChannelEvent } from '@bellhop/channels';
import { clip } from '@bellhop/mailbox';
import { forgetRefusals, noteRefusal } from '../store/connections.ts';
import type { Store } from '../store/port.ts';
import type { Clock, Log } from '../types.ts';
import type { ConnectionState, Connections as Port } from './port.ts';

const RETRY_MS = 2_000;
const MAX_RETRY_MS = 300_000;
/** A start that has not ended by then is said to hang; it is still waited for, as a second one beside it could double. */
const SLOW_MS = 60_000;
/** Of one channel's stop; what is not over by then is left behind. */
const STOP_MS = 5_000;
/** Of an adapter's words, in UTF-16 units. */
const MAX_REASON = 300;

export interface ConnectionsDeps {
  readonly channels: ReadonlyMap<string, Channel>;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly accept: (channel: string, event: ChannelEvent) => Promise<Accepted>;
  /** This channel has started: what waits for it may go out. */
  readonly onUp: (channel: string) => void;
}

interface Kept {
  readonly channel: Channel;
  state: ConnectionState['state'];
  reason: string | null;
  refusals: number;
  retryAtMs: number | null;
  cancel: () => void;
  /** The start that is under way, or the last one; never rejects. */
  attempt: Promise<void>;
}

export class Connections implements Port {
  readonly #deps: ConnectionsDeps;
  readonly #kept: ReadonlyMap<string, Kept>;
  #stopped = false;

  constructor(deps: ConnectionsDeps) {
    this.#deps = deps;
    const fresh = { state: 'starting', reason: null, refusals: 0, retryAtMs: null } as const;
    this.#kept = new Map(
      [...deps.channels].map(([name, channel]) => [
        name,
        { channel, ...fresh, cancel: () => undefined, attempt: Promise.resolve() },
      ]),
    );
  }

  list(): ConnectionState[] {
    return [...this.#kept].map(([channel, { state, reason, refusals, retryAtMs }]) => ({
      ...{ channel, state, reason, refusals, retryAtMs },
    }));
  }

  isUp(channel: string): boolean {
    return this.#kept.get(channel)?.state === 'up';
  }

  typing(name: string, chat: string, thread: string | null, on: boolean): void {
    if (!this.isUp(name)) return;
    try {
      this.#kept.get(name)?.channel.typing(chat, thread, on);
    } catch (error) {
      this.#deps.log.warn('typing', { channel: name, error: String(error) });
    }
  }

  /** Begins to start all of them, and returns: none of them is waited for. */
  start(): void {
    const { store } = this.#deps;
    // Of channels that are not there any more, too.
    this.#note(store.transaction(forgetRefusals));
    for (const kept of this.#kept.values()) kept.attempt = this.#try(kept);
  }

  /** Resolves when none will offer an event any more; one that does not end is left behind. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#kept.values()].map((kept) => this.#stop(kept)));
  }

  async #try(kept: Kept): Promise<void> {
    const { clock, log, accept } = this.#deps;
    const { channel } = kept;
    Object.assign(kept, { state: 'starting', retryAtMs: null });
    kept.cancel = clock.after(SLOW_MS, () => {
      kept.reason = `it has not answered for ${SLOW_MS / 1_000} s`;
      log.error('channel hangs at its start', { channel: channel.name });
    });
    try {
      await Promise.try(() => channel.start({ accept: (event) => accept(channel.name, event) }));
    } catch (error) {
      kept.cancel();
      this.#refused(kept, error);
      return;
    }
    kept.cancel();
    this.#up(kept);
  }

  #up(kept: Kept): void {
    const { store, log, onUp } = this.#deps;
    const { name } = kept.channel;
    const wasRefused = kept.refusals > 0;
    Object.assign(kept, { state: 'up', reason: null, refusals: 0 });
    if (this.#stopped) return;
    log.info('channel up', { channel: name });
    if (wasRefused) this.#note(store.transaction((sql) => forgetRefusals(sql, name)));
    onUp(name);
  }

  #refused(kept: Kept, error: unknown): void {
    const { store, clock, log } = this.#deps;
    const { name } = kept.channel;
    const reason = clip(error instanceof Error ? error.message : String(error), MAX_REASON);
    const waitMs = Math.min(RETRY_MS * 2 ** kept.refusals, MAX_RETRY_MS);
    const isNews = kept.reason !== reason;
    Object.assign(kept, { state: 'refused', reason, refusals: kept.refusals + 1 });
    if (this.#stopped) return;
    const say = isNews ? log.error : log.warn;
    say('channel not started', { channel: name, error: reason, againInMs: waitMs });
    if (isNews) this.#note(store.transaction((sql) => noteRefusal(sql, name, reason)));
    kept.retryAtMs = clock.now() + waitMs;
    kept.cancel = clock.after(waitMs, () => {
      kept.attempt = this.#try(kept);
    });
  }

  async #stop(kept: Kept): Promise<void> {
    const { clock, log } = this.#deps;
    kept.cancel();
    const { channel } = kept;
    const late = Promise.withResolvers<'late'>();
    const cancel = clock.after(STOP_MS, () => late.resolve('late'));
    const stopping = async (): Promise<void> => {
      await channel.stop();
      // One that came up meanwhile has to go as well.
      await kept.attempt;
      await channel.stop();
    };
    const end = await Promise.race([Promise.try(stopping), late.promise]).catch((error: unknown) =>
      log.error('channel not stopped', { channel: channel.name, error: String(error) }),
    );
    cancel();
    if (end === 'late') log.warn('channel left behind', { channel: channel.name });
  }

  /** For the doctor alone: nothing depends on it. */
  #note(noted: Promise<unknown>): void {
    noted.catch((error: unknown) =>
      this.#deps.log.warn('state of a channel not noted', { error: String(error) }),
    );
  }
}
