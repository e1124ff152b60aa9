/**
 * The life of sandboxes: one actor per session that anything happens in, so that what is done to a session is done one
 * thing after another, and no session waits for another (design.md §4).
 *
 *   nudge --> enqueue what was accepted --> sweep the mailbox --> decide: wake | stop | rest --> timer
 *
 * A nudge while the actor is at work makes it go round once more. What a round throws is logged and tried again; it
 * never reaches another session.
 */
import type { MessageId } from '@bellhop/mailbox';
import { SandboxUnavailable } from '../sandboxes/port.ts';
import { type Enqueuer, MailboxBusy } from '../sessions/port.ts';
import { addDelivery } from '../store/deliveries.ts';
import { markEnded, markSettled, openGenerations } from '../store/generations.ts';
import { quarantine, sessionById } from '../store/sessions.ts';
import type { AgentId, Session, SessionId } from '../types.ts';
import { Actor } from './actor.ts';
import { Awake } from './awake.ts';
import { decideLife } from './decide.ts';
import { DueTimer } from './due-timer.ts';
import type { HeardFrame } from './link.ts';
import { notice, waitingText } from './notices.ts';
import type { ModelCall, Supervisor as SupervisorPort, TurnLedger } from './port.ts';
import { recover } from './recovery.ts';
import { refuseMessages } from './refusal.ts';
import { retryMessage } from './retry.ts';
import { Slots } from './slots.ts';
import { type SweepDeps, sweep } from './sweep.ts';
import { intend, startGeneration, type WakeDeps } from './wake.ts';

/** After a round that threw, in milliseconds. */
const ERROR_RETRY_MS = 5_000;
const MAX_RECOVERIES = 3;
/** Between "end your turn" and the end of its sandbox. */
const TURN_STOP_GRACE_MS = 5_000;
const UNAVAILABLE_BASE_MS = 2_000;
const UNAVAILABLE_MAX_MS = 60_000;

export interface SupervisorDeps extends SweepDeps, WakeDeps {
  readonly enqueuer: Enqueuer;
}

export class Supervisor implements SupervisorPort {
  readonly #deps: SupervisorDeps;
  readonly #actors = new Map<SessionId, Actor>();
  readonly #slots: Slots;
  readonly #due: DueTimer;
  #stopping = false;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
    this.#slots = new Slots(deps.settings.maxAwake);
    this.#due = new DueTimer(deps, (session) => this.nudge(session));
  }

  /**
   * Goes on with what a dead host left. Its sandboxes must be gone by now: their generations have ended, through no
   * fault of their sessions.
   */
  async start(): Promise<void> {
    const { store, clock } = this.#deps;
    for (const g of await openGenerations(store.read)) {
      const end = { ready: true, costs: false, final: false, reason: 'the host stopped', atMs: clock.now() };
      const ended = g.state === 'ended' ? g : { ...g, ...end, state: 'ended' as const };
      if (g.state !== 'ended') await store.transaction((sql) => markEnded(sql, g, end));
      this.#actor(g.session).ended.push(ended);
      this.nudge(g.session);
    }
    await this.#due.start();
  }

  /** Resolves when no sandbox, timer or round is left. What runs may end its turn within the grace. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#due.stop();
    const { stopGraceMs } = this.#deps.settings;
    for (const actor of this.#actors.values()) {
      actor.cancelTimer();
      actor.awake?.stop('the host stopped', false, stopGraceMs);
    }
    await Promise.all([...this.#actors.values()].map((actor) => actor.gone()));
  }

  nudge(session: SessionId): void {
    void this.#actor(session).run(() => this.#round(session));
  }

  /** A delivery of this session has ended: its receipt belongs into inbound.db. */
  deliveryEnded(session: SessionId): void {
    const actor = this.#actor(session);
    actor.mirror = true;
    if (!actor.busy) this.nudge(session);
  }

  working(session: SessionId): ReadonlySet<string> {
    return this.#actors.get(session)?.awake?.working ?? new Set();
  }

  waitingFor(session: SessionId): string | null {
    return this.#actors.get(session)?.waitingFor ?? null;
  }

  ledger(session: SessionId): TurnLedger | null {
    return this.#actors.get(session)?.awake?.ledger ?? null;
  }

  stopTurn(session: SessionId): boolean {
    const awake = this.#actors.get(session)?.awake;
    if (!awake?.ledger) return false;
    awake.stopTurn('you stopped it', TURN_STOP_GRACE_MS);
    return true;
  }

  async retry(session: SessionId, message: MessageId): Promise<boolean> {
    const accepted = await retryMessage(this.#deps, session, message);
    if (accepted) this.nudge(session);
    return accepted;
  }

  renew(agent: AgentId, why: string): void {
    for (const { awake } of this.#actors.values()) if (awake?.session.agentId === agent) awake.retire(why);
  }

  modelCalled(call: ModelCall): void {
    const awake = this.#actors.get(call.session as SessionId)?.awake;
    if (!awake?.ledger || awake.generation.number !== call.generation) return;
    awake.noteCall(call);
    this.#deps.watcher.ledger(awake.session, awake.ledger);
  }

  summary(): ReturnType<SupervisorPort['summary']> {
    const actors = [...this.#actors.values()];
    const reasons = new Set(actors.flatMap((a) => (a.waitingFor === null ? [] : [a.waitingFor])));
    return {
      awake: actors.filter((a) => a.awake).length,
      working: actors.reduce((n, a) => n + (a.awake?.working.size ?? 0), 0),
      waitingFor: [...reasons],
    };
  }

  #actor(session: SessionId): Actor {
    const known = this.#actors.get(session);
    if (known) return known;
    const actor = new Actor(() => this.nudge(session), this.#deps.clock);
    this.#actors.set(session, actor);
    return actor;
  }

  async #round(id: SessionId): Promise<void> {
    const { store, log } = this.#deps;
    const actor = this.#actor(id);
    try {
      const session = await sessionById(store.read, id);
      if (!session) return;
      if (session.state === 'quarantined') {
        return await refuseMessages(this.#deps, session, session.stateReason ?? 'unknown', actor.takeEnded());
      }
      await this.#deps.enqueuer.enqueue(session, () => actor.awake?.ring());
      await this.#look(session, actor);
    } catch (error) {
      if (error instanceof MailboxBusy && actor.awake) {
        actor.awake.stop('it kept its mailbox locked', true, 0);
        return;
      }
      log.error('round', { session: id, error: String(error) });
      actor.wakeAfter(ERROR_RETRY_MS);
    } finally {
      if (!actor.awake) this.#forgetIdle(id, actor);
    }
  }

  /** A session that sleeps and waits for nothing needs no actor: 100,000 of them cost nothing. */
  #forgetIdle(id: SessionId, actor: Actor): void {
    // A place kept for it, or its place in line, is of no use to a session with nothing to do.
    if (!actor.wantsPlace && this.#slots.concerns(id)) {
      actor.waitingFor = null;
      this.#freeSlot(id);
    }
    if (actor.forgettable) this.#actors.delete(id);
  }

  async #look(session: Session, actor: Actor): Promise<void> {
    const { mailboxes, settings, clock } = this.#deps;
    actor.cursors ??= await mailboxes.inbound(session, (mailbox) => ({
      ackSeq: mailbox.watermark('acks_through'),
      rowSeq: mailbox.watermark('rows_through'),
    }));
    const result = await this.#swept(session, actor);
    if (!result) return;
    actor.cursors = result.cursors;
    actor.recoveries = 0;
    if (actor.countRows(result.rows) > settings.maxRowsPerMinute) {
      return this.#quarantine(
        session,
        actor,
        `it wrote more than ${settings.maxRowsPerMinute} messages in a minute`,
      );
    }
    if (result.more || actor.mirror) actor.again();
    if (result.rearmed) actor.awake?.ring();
    if (actor.awake) {
      actor.awake.toolTimeoutMs = result.toolTimeoutMs;
      const { number } = actor.awake.generation;
      actor.awake.seeClaims(result.claims.filter((claim) => claim.generation === number).length);
    }
    if (this.#stopping) return;
    const { nextDueMs } = result;
    const facts = {
      nowMs: clock.now(),
      awake: actor.awake?.facts ?? null,
      nextDueMs,
      blockedUntilMs: actor.blockedUntilMs,
    };
    const decision = decideLife(facts, settings);
    actor.wantsPlace = decision.kind === 'wake';
    if (decision.kind === 'wake') await this.#wake(session, actor);
    else if (decision.kind === 'stop') {
      actor.awake?.stop(decision.why, decision.costs, decision.hard ? 0 : settings.stopGraceMs);
    } else if (decision.untilMs !== null && actor.awake) actor.wakeOnlyAfter(decision.untilMs - clock.now());
    else if (decision.untilMs !== null && actor.blockedUntilMs > clock.now())
      actor.wakeAfter(decision.untilMs - clock.now());
    else if (decision.untilMs !== null) this.#due.noLaterThan(decision.untilMs);
  }

  async #swept(
    session: Session,
    actor: Actor,
  ): Promise<Extract<Awaited<ReturnType<typeof sweep>>, { kind: 'swept' }> | null> {
    const cursors = actor.cursors ?? { ackSeq: 0, rowSeq: 0 };
    const ended = actor.takeEnded();
    const takeMirror = () => actor.takeMirror();
    try {
      const result = await sweep(this.#deps, {
        session,
        cursors,
        ended,
        isAwake: () => actor.awake !== null,
        takeMirror,
      });
      if (result.kind === 'swept') return result;
      actor.giveBack(ended);
      if (result.kind === 'refused') await this.#quarantine(session, actor, result.reason);
      else if (actor.awake) actor.awake.stop('it kept its mailbox locked', true, 0);
      else await this.#recover(session, actor);
      return null;
    } catch (error) {
      actor.giveBack(ended);
      actor.mirror = true;
      throw error;
    }
  }

  async #recover(session: Session, actor: Actor): Promise<void> {
    try {
      if (await recover(this.#deps, session)) return actor.again();
    } catch (error) {
      if (!(error instanceof SandboxUnavailable)) throw error;
      return this.#block(actor, error.message);
    }
    // A slow disk or a full memory may have cut it off: again, later, and not for ever.
    actor.recoveries += 1;
    if (actor.recoveries < MAX_RECOVERIES) this.#block(actor, 'its outbox is being recovered');
    else await this.#quarantine(session, actor, 'its outbox cannot be recovered');
  }

  async #wake(session: Session, actor: Actor): Promise<void> {
    if (!this.#slots.take(session.id)) {
      actor.waitingFor = 'a free place for its sandbox';
      this.#makeRoom();
      return;
    }
    const generation = await intend(this.#deps, session);
    const awake = new Awake(generation, session, this.#deps.clock);
    actor.awake = awake;
    try {
      const sandbox = await startGeneration(this.#deps, session, awake, (frame) =>
        this.#hear(session, actor, awake, frame),
      );
      actor.unblock();
      void sandbox.exited.then((exit) => this.#ended(session, actor, awake, exit));
      actor.wakeAfter(this.#deps.settings.readyTimeoutMs);
    } catch (error) {
      await this.#notStarted(session, actor, awake, error);
    }
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
    this.#block(actor, error.message);
    if (!first) return;
    // Told once per incident: the reason is new, or it had been over in between.
    const id = `waiting:${awake.generation.number}`;
    const said = notice(session, id, waitingText(error.message, error.hint), null, clock.now());
    await store.transaction((sql) => addDelivery(sql, said));
    void this.#deps.delivery.send([said]);
  }

  #block(actor: Actor, reason: string): void {
    this.#deps.log.warn('sandbox unavailable', { reason });
    actor.block(reason, UNAVAILABLE_BASE_MS, UNAVAILABLE_MAX_MS);
  }

  #hear(session: Session, actor: Actor, awake: Awake, frame: HeardFrame): void {
    const { watcher } = this.#deps;
    const before = { working: awake.working, ledger: awake.ledger };
    awake.hear(frame);
    if (awake.ledger !== before.ledger) watcher.ledger(session, awake.ledger);
    switch (frame.t) {
      case 'ready':
      case 'bell':
        this.nudge(session.id);
        return;
      case 'working':
        for (const message of frame.messages) {
          if (!before.working.has(message)) watcher.receipt(session, message, 'at work', null);
        }
        // The round that saw it start knew of no claim, and looks again when that would be too late.
        actor.wakeAfter(Math.min(this.#deps.settings.claimStuckMs, this.#deps.settings.progressStuckMs));
        watcher.typing(session, true);
        return;
      case 'live':
        watcher.live(session, frame.turn, frame.text);
        return;
      case 'idle':
        watcher.typing(session, false);
        if (this.#slots.waiting > 0) this.#makeRoom();
        // Now its idle time runs.
        actor.wakeOnlyAfter(this.#deps.settings.idleStopMs);
        return;
      default:
    }
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
    const output = awake.wasReady ? undefined : exit?.output.slice(-500);
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
    actor.ended.push({ ...awake.generation, ...end, state: 'ended' });
    actor.awake = null;
    awake.noted();
    watcher.typing(session, false);
    watcher.ledger(session, null);
    this.#freeSlot(session.id);
    this.nudge(session.id);
  }

  #freeSlot(session: SessionId): void {
    const next = this.#slots.free(session);
    if (next) this.nudge(next);
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

  async #quarantine(session: Session, actor: Actor, reason: string): Promise<void> {
    this.#deps.log.error('session quarantined', { session: session.id, reason });
    await this.#deps.store.transaction((sql) => quarantine(sql, session.id, reason));
    actor.awake?.stop(reason, false, 0);
    await refuseMessages(this.#deps, session, reason, actor.takeEnded());
  }
}
