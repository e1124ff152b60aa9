/**
 * Delivery: from the host's checked copies to the platforms (design.md §5).
 *
 * For every piece: the attempt is on disk, then the channel is called, then the receipt is on disk. After a crash an
 * attempt without a receipt is unknown, and the channel's policy decides. Nothing here is held in memory only: what goes
 * by a channel that has not started waits in the store, and `channelUp` finds it there.
 */
import { type Channel, type OutgoingContent, UnknownOutcomeError } from '@bellhop/channels';
import { point } from '@bellhop/mailbox';
import {
  attemptsToUnknown,
  beginAttempt,
  type Delivery,
  endAttempt,
  openChannels,
  openDeliveries,
  type Piece,
  piecesOf,
  platformIdOf,
  setDelivery,
} from '../store/deliveries.ts';
import { targetOf } from '../store/events.ts';
import type { Store } from '../store/port.ts';
import type { Clock, Log } from '../types.ts';
import { type AttemptEnd, Lane } from './lane.ts';
import { decideNext, heldWords, type Next, type Outcome, whyHeld } from './outcome.ts';
import { splitText } from './pieces.ts';
import type { DeliveryEngine, OnDeliveryEnd } from './port.ts';

/** When a step of our own failed (the store cannot be written), in milliseconds. */
const OWN_RETRY_MS = 2_000;
/** Longest single timer: a day. */
const MAX_TIMER_MS = 86_400_000;
/** What is on its way at a stop may end by itself for this long, in milliseconds. */
const STOP_GRACE_MS = 3_000;

export interface EngineDeps {
  readonly store: Store;
  readonly channels: ReadonlyMap<string, Channel>;
  /** Whether this channel has started. */
  readonly isUp: (channel: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEnd: OnDeliveryEnd;
}

export class Engine implements DeliveryEngine {
  readonly #deps: EngineDeps;
  readonly #lanes = new Map<string, Lane>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #later = new Set<() => void>();
  /** What is in a lane, or waits for its time: admitted again it stays where it is. */
  readonly #admitted = new Set<string>();
  readonly #giveUp = new AbortController();

  constructor(deps: EngineDeps) {
    this.#deps = deps;
  }

  /** Goes on with what a dead host left, by channels that have started; what goes by none that there is fails. */
  async start(): Promise<void> {
    const { store, log } = this.#deps;
    const unknown = await store.transaction(attemptsToUnknown);
    if (unknown > 0) log.warn('attempts without a receipt', { unknown });
    for (const channel of await openChannels(store.read))
      if (!this.#waits(channel)) void this.send(await openDeliveries(store.read, channel));
  }

  /** This channel has started: what waits for it goes out. Never rejects. */
  async channelUp(channel: string): Promise<void> {
    const { store, log } = this.#deps;
    try {
      void this.send(await openDeliveries(store.read, channel));
    } catch (error) {
      log.error('what waits for a channel', { channel, error: String(error) });
      this.#after(OWN_RETRY_MS, () => void this.channelUp(channel));
    }
  }

  /** Resolves when no attempt runs any more. One that outlives the grace is recorded as an unknown outcome. */
  async stop(): Promise<void> {
    for (const cancel of this.#later) cancel();
    for (const lane of this.#lanes.values()) lane.stop();
    const cancel = this.#deps.clock.after(STOP_GRACE_MS, () => this.#giveUp.abort());
    await Promise.allSettled([...this.#running]);
    cancel();
  }

  async send(deliveries: readonly Delivery[]): Promise<void> {
    const open = deliveries.filter(
      (d) => d.state !== 'delivered' && d.state !== 'failed' && d.state !== 'held' && this.#isNew(d),
    );
    for (const delivery of open) this.#admitted.add(nameOf(delivery));
    await Promise.all(open.map((d) => this.#admit(d)));
  }

  #isNew(delivery: Delivery): boolean {
    return !this.#waits(delivery.channel) && !this.#admitted.has(nameOf(delivery));
  }

  /** True for a channel of ours that has not started yet. */
  #waits(channel: string | null): boolean {
    const { channels, isUp } = this.#deps;
    return channel !== null && channels.has(channel) && !isUp(channel);
  }

  /** A row for later waits outside of its lane, so that it holds back none of those in between. */
  async #admit(delivery: Delivery): Promise<void> {
    const waitMs = delivery.dueMs - this.#deps.clock.now();
    if (delivery.state !== 'queued' || waitMs <= 0) return this.#queue(delivery);
    this.#after(Math.min(waitMs, MAX_TIMER_MS), () => void this.#admit(delivery));
  }

  #after(ms: number, call: () => void): void {
    const cancel = this.#deps.clock.after(ms, () => {
      this.#later.delete(cancel);
      call();
    });
    this.#later.add(cancel);
  }

  async #queue(delivery: Delivery): Promise<void> {
    const name = JSON.stringify([delivery.channel, delivery.chat, delivery.thread]);
    const lane = this.#lanes.get(name) ?? new Lane((d) => this.#tracked(d), this.#deps.clock);
    this.#lanes.set(name, lane);
    await lane.add(delivery);
    if (lane.empty) this.#lanes.delete(name);
  }

  async #tracked(delivery: Delivery): Promise<AttemptEnd> {
    const attempt = this.#attempt(delivery);
    this.#running.add(attempt);
    const end = await attempt;
    this.#running.delete(attempt);
    if (end.kind === 'ended') this.#admitted.delete(nameOf(delivery));
    return end;
  }

  async #attempt(delivery: Delivery): Promise<AttemptEnd> {
    const { clock, log } = this.#deps;
    try {
      return await this.#sendPieces(delivery);
    } catch (error) {
      // Not the platform but we failed: the row stays open in the store, and nothing is lost.
      log.error('delivery interrupted', {
        session: delivery.session,
        row: delivery.id,
        error: String(error),
      });
      return { kind: 'again', dueMs: clock.now() + OWN_RETRY_MS };
    }
  }

  async #sendPieces(delivery: Delivery): Promise<AttemptEnd> {
    const { store, channels } = this.#deps;
    const known = new Map((await piecesOf(store.read, delivery)).map((p) => [p.piece, withoutReceipt(p)]));
    const mayBeThere = [...known.values()].some(({ state }) => state === 'unknown');
    const fail = (reason: string) =>
      mayBeThere ? this.#end(delivery, 'held', heldWords(reason)) : this.#end(delivery, 'failed', reason);
    const channel = channels.get(delivery.channel ?? '');
    if (!channel) return fail(`there is no channel ${delivery.channel}`);
    const content = await this.#resolve(delivery);
    if (!content) return fail('the message it refers to is not there');
    const pieces = split(content, channel.capabilities.maxTextLength);
    for (const [index, piece] of pieces.entries()) {
      const before = known.get(index);
      if (before?.state === 'delivered') continue;
      // Its end was not written, or the row was swept once more: a refusal stays one.
      if (before?.state === 'failed') return this.#end(delivery, 'failed', 'the platform refused it before');
      if (this.#giveUp.signal.aborted) return { kind: 'again', dueMs: this.#deps.clock.now() };
      const held =
        before?.state === 'unknown' ? whyHeld(before.attempts, channel.capabilities.onUnknown) : null;
      if (held !== null) return this.#end(delivery, 'held', held);
      const attempts = (before?.attempts ?? 0) + 1;
      const last = index === pieces.length - 1;
      const next = await this.#sendPiece(delivery, channel, piece, { index, last, attempts, before });
      if (next.kind === 'failed' || next.kind === 'held')
        return this.#end(delivery, next.kind, `${next.reason}${partWords(index, pieces.length)}`);
      if (next.kind === 'again') return next;
      if (last) return this.#ended(delivery, 'delivered');
    }
    return this.#end(delivery, 'delivered', null);
  }

  async #sendPiece(
    delivery: Delivery,
    channel: Channel,
    content: OutgoingContent,
    at: {
      readonly index: number;
      readonly last: boolean;
      readonly attempts: number;
      readonly before: Piece | undefined;
    },
  ): Promise<Next> {
    const { store, clock, log } = this.#deps;
    const { onUnknown, sendTimeoutMs } = channel.capabilities;
    await store.transaction((sql) => beginAttempt(sql, delivery, at.index, clock.now()));
    point('host.attempting');
    const message = {
      chat: delivery.chat ?? '',
      thread: delivery.thread,
      replyTo: delivery.inReplyTo,
      content,
      key: `${delivery.session}:${delivery.id}:${at.index}`,
      maybeRepeat: at.before?.state === 'unknown' && onUnknown === 'resend-marked',
    };
    const outcome = await withDeadline(clock, sendTimeoutMs, this.#giveUp.signal, (signal) =>
      channel.send(message, signal),
    );
    point('host.sent');
    const attempts = { made: at.attempts, wasUnknown: at.before?.state === 'unknown' };
    const next = decideNext(outcome, attempts, onUnknown, clock.now());
    if (next.kind !== 'delivered') {
      log.warn('send', { row: delivery.id, piece: at.index, end: next.kind, reason: next.reason });
    }
    await store.transaction(async (sql) => {
      await endAttempt(
        sql,
        delivery,
        at.index,
        pieceState(next, at.before),
        next.kind === 'delivered' ? next.platformMessageId : null,
      );
      if (next.kind === 'delivered' && at.last) await setDelivery(sql, delivery, 'delivered', null, 0);
      if (next.kind === 'again') await setDelivery(sql, delivery, 'retry', next.reason, next.dueMs);
    });
    point('host.receipted');
    return next;
  }

  async #end(
    delivery: Delivery,
    state: 'delivered' | 'failed' | 'held',
    reason: string | null,
  ): Promise<AttemptEnd> {
    await this.#deps.store.transaction((sql) => setDelivery(sql, delivery, state, reason, 0));
    return this.#ended(delivery, state);
  }

  #ended(delivery: Delivery, state: 'delivered' | 'failed' | 'held'): AttemptEnd {
    this.#deps.onEnd({ session: delivery.session, id: delivery.id, state });
    return { kind: 'ended' };
  }

  /** Edits and reactions name a row of the session; the platform wants its own id of it (D12). */
  async #resolve(delivery: Delivery): Promise<OutgoingContent | null> {
    const content = JSON.parse(delivery.content) as OutgoingContent;
    if (content.kind === 'text' || content.kind === 'question') return content;
    const { store } = this.#deps;
    const own = await platformIdOf(store.read, delivery.session, content.target);
    const target = own ?? (await targetOf(store.read, delivery.session, content.target))?.message ?? null;
    return target === null ? null : { ...content, target };
  }
}

function nameOf({ session, id }: Delivery): string {
  return `${session} ${id}`;
}

function split(content: OutgoingContent, max: number): OutgoingContent[] {
  if (content.kind !== 'text') return [content];
  return splitText(content.text, max).map((text, index) => ({
    ...content,
    text,
    files: index === 0 ? content.files : [],
  }));
}

/** Nothing runs for this delivery now, so an open attempt is one whose receipt could not be written. */
function withoutReceipt(piece: Piece): Piece {
  return piece.state === 'attempting' ? { ...piece, state: 'unknown' } : piece;
}

/** Of a long text, how far it came. */
function partWords(index: number, count: number): string {
  return index === 0 ? '' : ` (part ${index + 1} of ${count}; what comes before it has arrived)`;
}

/** Once unknown it stays so: that a later attempt was turned away says nothing about the first. */
function pieceState(next: Next, before: Piece | undefined): Piece['state'] {
  if (next.kind === 'again') return next.unknown || before?.state === 'unknown' ? 'unknown' : 'retry';
  return next.kind === 'held' ? 'unknown' : next.kind;
}

/** A send that does not end in time, or before the host, is an unknown outcome; it is told, and no longer waited for. */
function withDeadline(
  clock: Clock,
  ms: number,
  stop: AbortSignal,
  send: (signal: AbortSignal) => Promise<{ platformMessageId: string | null }>,
): Promise<Outcome> {
  const abort = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const giveUp = (why: string) => {
    abort.abort();
    resolve({ kind: 'error', error: new UnknownOutcomeError(why) });
  };
  const cancel = clock.after(ms, () => giveUp(`no answer within ${ms} ms`));
  const onStop = () => giveUp('the host stopped before an answer came');
  stop.addEventListener('abort', onStop);
  // An adapter may also throw before it has a promise.
  void Promise.try(() => send(abort.signal)).then(
    ({ platformMessageId }) => resolve({ kind: 'delivered', platformMessageId }),
    (error: unknown) => resolve({ kind: 'error', error }),
  );
  return promise.finally(() => {
    cancel();
    stop.removeEventListener('abort', onStop);
  });
}
