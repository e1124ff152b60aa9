/**
 * Sandboxes from their start, or their taking over, to their end: places, links, what their runners say.
 *
 *   wake -----> started --heard--> … --exit--> ended, noted, its session nudged
 *   takeOver ----^
 *
 * When to wake and when to stop is decided elsewhere (supervisor.ts by decide.ts); what an end costs, too (sweep.ts).
 */
import { clipToEnd, point } from '@bellhop/mailbox';
import { notice } from '../delivery/notice.ts';
import type { Disk } from '../disk.ts';
import { type RunningSandbox, SandboxUnavailable } from '../sandboxes/port.ts';
import { addDelivery } from '../store/deliveries.ts';
import { whereItWorks } from '../store/events.ts';
import { bootFailures, markEnded, markSettled } from '../store/generations.ts';
import type { Session, SessionId } from '../types.ts';
import type { Actor } from './actor.ts';
import type { Survivor } from './adoption.ts';
import { Awake } from './awake.ts';
import { type BreakerDeps, breakerDelayMs, tellOpen, tellOver } from './breaker.ts';
import { DiskWatch } from './disk-watch.ts';
import { type HeardFrame, openLink } from './link.ts';
import { waitingText } from './notices.ts';
import type { Watcher } from './port.ts';
import { Slots } from './slots.ts';
import { diskAllowance, intend, openDoorAgain, startGeneration, type WakeDeps } from './wake.ts';

const UNAVAILABLE_BASE_MS = 2_000;
const UNAVAILABLE_MAX_MS = 60_000;

export interface LivesDeps extends WakeDeps, BreakerDeps {
  readonly watcher: Watcher;
  readonly disk: Disk;
}

export class Lives {
  readonly #deps: LivesDeps;
  readonly #actors: ReadonlyMap<SessionId, Actor>;
  readonly #nudge: (session: SessionId) => void;
  readonly #slots: Slots;
  readonly #disk: DiskWatch;

  constructor(deps: LivesDeps, actors: ReadonlyMap<SessionId, Actor>, nudge: (session: SessionId) => void) {
    this.#deps = deps;
    this.#actors = actors;
    this.#nudge = nudge;
    this.#slots = new Slots(deps.settings.maxAwake);
    this.#disk = new DiskWatch({ ...deps, allowance: (session) => diskAllowance(deps, session) });
  }

  /** Starts a sandbox for this session, or makes it wait in line for a place. */
  async wake(session: Session, actor: Actor): Promise<void> {
    if (!this.#slots.take(session.id)) {
      actor.waitingFor = 'a free place for its sandbox';
      this.#makeRoom();
      return;
    }
    const { settings } = this.#deps;
    const awake = await this.#intended(session);
    actor.awake = awake;
    try {
      await this.#disk.admit(session);
      const sandbox = await startGeneration(this.#deps, session, awake, (frame) =>
        this.#hear(session, actor, awake, frame),
      );
      actor.unblock();
      this.#watch(session, actor, awake, sandbox);
      actor.wakeAfter(settings.readyTimeoutMs);
    } catch (error) {
      await this.#notStarted(session, actor, awake, error);
    }
  }

  /** On a full disk there is no generation, and the place is for others. */
  async #intended(session: Session): Promise<Awake> {
    const { store, clock } = this.#deps;
    try {
      const generation = await intend(this.#deps, session);
      return new Awake(generation, session, clock, await bootFailures(store.read, session.id));
    } catch (error) {
      this.#freeSlot(session.id);
      throw error;
    }
  }

  /**
   * Goes on with a sandbox of a dead host; its runner connects by itself and says what it does. The caller nudges the
   * session, and from then on it is judged like any other.
   */
  async takeOver({ session, generation, sandbox }: Survivor, actor: Actor): Promise<void> {
    const { clock, folders, store } = this.#deps;
    this.#slots.hold(session.id);
    const awake = new Awake(generation, session, clock, await bootFailures(store.read, session.id));
    actor.awake = awake;
    const link = await openLink(folders, generation, (frame) => this.#hear(session, actor, awake, frame));
    awake.takenOver(link, sandbox);
    await openDoorAgain(this.#deps, session, awake, link.dir);
    this.#watch(session, actor, awake, sandbox);
  }

  /** A place kept for it, or its place in line, is of no use to a session with nothing to do. */
  withdraw(session: SessionId, actor: Actor): void {
    if (!this.#slots.concerns(session)) return;
    actor.waitingFor = null;
    this.#freeSlot(session);
  }

  block(actor: Actor, reason: string): void {
    this.#deps.log.warn('sandbox unavailable', { reason });
    actor.block(reason, UNAVAILABLE_BASE_MS, UNAVAILABLE_MAX_MS);
  }

  #watch(session: Session, actor: Actor, awake: Awake, sandbox: RunningSandbox): void {
    this.#disk.hold(awake);
    void sandbox.exited.then((exit) => {
      awake.isGone = true;
      return this.#ended(session, actor, awake, exit);
    });
  }

  async #notStarted(session: Session, actor: Actor, awake: Awake, error: unknown): Promise<void> {
    const { store, clock } = this.#deps;
    await awake.end(null);
    actor.awake = null;
    awake.noted();
    this.#freeSlot(session.id);
    await store.transaction((sql) => markSettled(sql, session.id, awake.generation.number));
    if (!(error instanceof SandboxUnavailable)) throw error;
    const first = actor.waitingFor !== error.message;
    this.block(actor, error.message);
    if (!first) return;
    // Told once per incident: the reason is new, or it had been over in between.
    const id = `waiting:${awake.generation.number}`;
    const where = await whereItWorks(store.read, session);
    const said = notice(where, id, waitingText(error.message, error.hint), null, clock.now());
    await store.transaction((sql) => addDelivery(sql, said));
    void this.#deps.delivery.send([said]);
  }

  #hear(session: Session, actor: Actor, awake: Awake, frame: HeardFrame): void {
    const { watcher } = this.#deps;
    const before = { working: awake.working, ledger: awake.ledger };
    awake.hear(frame);
    if (awake.ledger !== before.ledger) watcher.ledger(session, awake.ledger);
    switch (frame.t) {
      case 'ready':
      case 'bell':
        this.#nudge(session.id);
        return;
      case 'working':
        for (const message of frame.messages) {
          if (!before.working.has(message)) watcher.receipt(session, message, 'at work', null);
        }
        // The round that saw it start knew of no claim, and looks again when that would be too late.
        actor.wakeAfter(Math.min(this.#deps.settings.claimStuckMs, this.#deps.settings.progressStuckMs));
        watcher.typing(session, true);
        this.#tellIncidentOver(session, awake);
        return;
      case 'live':
        watcher.live(session, frame.turn, frame.text, frame.whole === true);
        return;
      case 'idle':
        watcher.typing(session, false);
        if (this.#slots.waiting > 0) this.#makeRoom();
        // Its idle time runs from when it first had nothing to do: it says so again after every look of its own.
        actor.wakeOnlyAfter(this.#idleLeftMs(awake));
        return;
      default:
    }
  }

  #idleLeftMs(awake: Awake): number {
    const nowMs = this.#deps.clock.now();
    return (awake.facts.idleSinceMs ?? nowMs) + this.#deps.settings.idleStopMs - nowMs;
  }

  async #ended(
    session: Session,
    actor: Actor,
    awake: Awake,
    exit: Parameters<Awake['end']>[0],
  ): Promise<void> {
    const { store, log, clock, watcher } = this.#deps;
    const end = { ...(await awake.end(exit)), atMs: clock.now() };
    // Before it was ready it had read no message, so its words may be kept; after that they stay unread.
    const output = awake.wasReady ? undefined : exit && clipToEnd(exit.output, 500);
    log.info('sandbox ended', {
      session: session.id,
      generation: awake.generation.number,
      reason: end.reason,
      output,
    });
    try {
      await store.transaction((sql) => markEnded(sql, awake.generation, end));
    } catch (error) {
      // It stays open in the store, and the next start of the host ends it.
      log.error('end of a generation', { session: session.id, error: String(error) });
    }
    point('host.noted');
    actor.ended.push({ ...awake.generation, ...end, state: 'ended' });
    actor.awake = null;
    this.#disk.release(awake);
    awake.noted();
    watcher.typing(session, false);
    watcher.ledger(session, null);
    this.#freeSlot(session.id);
    // It watched this sandbox; a session that sleeps holds no timer (W14).
    actor.cancelTimer();
    this.#nudge(session.id);
  }

  /** Its last life took up no work: after some of those in a row it is started less often, and the sender told. */
  async bootFailed(session: Session, actor: Actor, reason: string): Promise<void> {
    const failures = await bootFailures(this.#deps.store.read, session.id);
    const delayMs = breakerDelayMs(failures);
    if (delayMs === null) return;
    actor.block(`it has failed to start ${failures.count} times in a row: ${reason}`, delayMs, delayMs);
    await tellOpen(this.#deps, session, failures, reason);
  }

  #tellIncidentOver(session: Session, awake: Awake): void {
    const failures = awake.takeFailures();
    if (!failures) return;
    tellOver(this.#deps, session, failures).catch((error: unknown) => {
      this.#deps.log.error('breaker', { session: session.id, error: String(error) });
    });
  }

  #freeSlot(session: SessionId): void {
    const next = this.#slots.free(session);
    if (next) this.#nudge(next);
  }

  /** Stops the sandboxes that have been idle for longest: as many as are waited for and not stopping already. */
  #makeRoom(): void {
    const awake = [...this.#actors.values()].flatMap((a) => (a.awake ? [a.awake] : []));
    const wanted = this.#slots.waiting - awake.filter((a) => a.stopping).length;
    const idle = awake
      .filter((a) => a.facts.idleSinceMs !== null && !a.stopping)
      .sort((a, b) => (a.facts.idleSinceMs ?? 0) - (b.facts.idleSinceMs ?? 0));
    for (const a of idle.slice(0, Math.max(0, wanted))) {
      a.stop('its place was needed', false, this.#deps.settings.stopGraceMs);
    }
  }
}
