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
import { type Enqueuer, MailboxBusy, MailboxDamaged } from '../sessions/port.ts';
import { isUntouched, quarantine, sessionById } from '../store/sessions.ts';
import type { AgentId, Session, SessionId } from '../types.ts';
import { Actor } from './actor.ts';
import { type AdoptionDeps, takeInheritance } from './adoption.ts';
import { decideLife } from './decide.ts';
import { DueTimer } from './due-timer.ts';
import { takeOverImported } from './imported.ts';
import { Lives, type LivesDeps } from './lives.ts';
import type { ModelCall, Supervisor as SupervisorPort, TurnLedger } from './port.ts';
import { recover } from './recovery.ts';
import { refuseLost, refuseMessages } from './refusal.ts';
import { releaseSession } from './release.ts';
import { DueRepair } from './repair.ts';
import { retryMessage } from './retry.ts';
import { type Cursors, type SweepDeps, sweep } from './sweep.ts';

/** After a round that threw, in milliseconds. */
const ERROR_RETRY_MS = 5_000;
const MAX_RECOVERIES = 3;
const START: Cursors = { ackSeq: 0, rowSeq: 0 };
/** Between "end your turn" and the end of its sandbox. */
const TURN_STOP_GRACE_MS = 5_000;

export interface SupervisorDeps extends SweepDeps, LivesDeps, AdoptionDeps {
  readonly enqueuer: Enqueuer;
}

export class Supervisor implements SupervisorPort {
  readonly #deps: SupervisorDeps;
  readonly #actors = new Map<SessionId, Actor>();
  readonly #lives: Lives;
  readonly #due: DueTimer;
  readonly #repair: DueRepair;
  /**
   * Who is to be looked at once it is known what a dead host left running; null from then on. A delivery that ends
   * before that would else start a sandbox beside one that lives (found by the torture).
   */
  #early: Set<SessionId> | null = new Set();
  readonly #stop = new AbortController();

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
    this.#lives = new Lives(deps, this.#actors, (session) => this.nudge(session));
    this.#repair = new DueRepair(deps, (session) => this.nudge(session));
    this.#due = new DueTimer(deps, (session) => this.nudge(session));
  }

  /** Goes on with what a dead host left: what runs is taken over, the rest is verified gone. Tells how many. */
  async start(): Promise<number> {
    const { survivors, ended } = await takeInheritance(this.#deps);
    for (const survivor of survivors) {
      await this.#lives.takeOver(survivor, this.#actor(survivor.session.id));
      this.nudge(survivor.session.id);
    }
    for (const generation of ended) {
      this.#actor(generation.session).ended.push(generation);
      this.nudge(generation.session);
    }
    const early = this.#early ?? [];
    this.#early = null;
    for (const session of early) this.nudge(session);
    await this.#repair.start();
    await this.#due.start();
    return survivors.length;
  }

  /** Resolves when no sandbox, timer or round is left. What runs may end its turn within the grace. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#due.stop();
    await this.#repair.stop();
    const { stopGraceMs } = this.#deps.settings;
    for (const actor of this.#actors.values()) {
      actor.cancelTimer();
      actor.awake?.stop('the host stopped', false, stopGraceMs);
    }
    await Promise.all([...this.#actors.values()].map((actor) => actor.gone()));
  }

  nudge(session: SessionId): void {
    if (this.#early) this.#early.add(session);
    else void this.#actor(session).run(() => this.#round(session));
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

  async release(session: SessionId): Promise<boolean> {
    const released = await releaseSession(this.#deps, session);
    if (released) this.nudge(session);
    return released;
  }

  awake(): readonly SessionId[] {
    return [...this.#actors].flatMap(([session, actor]) => (actor.awake ? [session] : []));
  }

  renew(agent: AgentId, why: string): void {
    for (const { awake } of this.#actors.values()) if (awake?.session.agentId === agent) awake.retire(why);
  }

  lookAgain(): void {
    for (const [session, actor] of this.#actors) {
      if (actor.blockedUntilMs === 0) continue;
      actor.unblock();
      this.nudge(session);
    }
  }

  modelCalled(call: ModelCall): void {
    const awake = this.#actors.get(call.session as SessionId)?.awake;
    if (awake?.generation.number !== call.generation) return;
    const turn = awake.noteCall(call);
    if (turn === null) return;
    const { watcher } = this.#deps;
    watcher.ledger(awake.session, turn);
    if (awake.ledger === null) watcher.ledger(awake.session, null);
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
      // First the end of a sandbox is charged to what it was given: what comes now it has not seen (N1).
      const isEnding = actor.isEnding;
      if (!isEnding) {
        const lost = await this.#deps.enqueuer.enqueue(session, () => actor.awake?.ring());
        if (lost.length > 0) await refuseLost(this.#deps, session, lost);
      }
      await this.#look(session, actor);
      if (isEnding && !actor.isEnding) actor.again();
    } catch (error) {
      if (error instanceof MailboxDamaged) return await this.#damaged(id, actor, error.message);
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
    if (!actor.wantsPlace) this.#lives.withdraw(id, actor);
    if (actor.forgettable) this.#actors.delete(id);
  }

  async #look(session: Session, actor: Actor): Promise<void> {
    const { mailboxes, settings, clock, store } = this.#deps;
    // One that has only heard commands has no mailbox yet; one that had is out of service without it.
    if (!actor.cursors && !(await mailboxes.exists(session)) && (await isUntouched(store.read, session.id)))
      return;
    if (!actor.cursors) {
      const known = await mailboxes.inbound(session, (mailbox) => ({
        cursors: { ackSeq: mailbox.watermark('acks_through'), rowSeq: mailbox.watermark('rows_through') },
        hasImports: mailbox.hasImports(),
      }));
      Object.assign(actor, known);
    }
    if (actor.hasImports) {
      actor.hasImports = await takeOverImported(this.#deps, session);
      actor.again();
    }
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
    if (this.#stop.signal.aborted) return;
    if (result.bootFailure !== null) await this.#lives.bootFailed(session, actor, result.bootFailure);
    const { nextDueMs } = result;
    const facts = {
      nowMs: clock.now(),
      awake: actor.awake?.facts ?? null,
      nextDueMs,
      blockedUntilMs: actor.blockedUntilMs,
    };
    const decision = decideLife(facts, settings);
    actor.wantsPlace = decision.kind === 'wake';
    if (decision.kind === 'wake') await this.#lives.wake(session, actor);
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
    const cursors = actor.cursors ?? START;
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
    const { signal } = this.#stop;
    if (signal.aborted) return;
    try {
      if (await recover(this.#deps, session, actor.cursors ?? START, signal)) return actor.again();
    } catch (error) {
      if (!(error instanceof SandboxUnavailable)) throw error;
      return this.#lives.block(actor, error.message);
    }
    if (signal.aborted) return;
    // A slow disk or a full memory may have cut it off: again, later, and not for ever.
    actor.recoveries += 1;
    if (actor.recoveries < MAX_RECOVERIES) this.#lives.block(actor, 'its outbox is being recovered');
    else await this.#quarantine(session, actor, 'its outbox cannot be recovered');
  }

  /** It is called where a round's errors end up, so it must not throw. */
  async #damaged(id: SessionId, actor: Actor, reason: string): Promise<void> {
    try {
      const session = await sessionById(this.#deps.store.read, id);
      if (session) await this.#quarantine(session, actor, reason);
    } catch (error) {
      this.#deps.log.error('quarantine', { session: id, error: String(error) });
      actor.wakeAfter(ERROR_RETRY_MS);
    }
  }

  async #quarantine(session: Session, actor: Actor, reason: string): Promise<void> {
    this.#deps.log.error('session quarantined', { session: session.id, reason });
    await this.#deps.store.transaction((sql) => quarantine(sql, session.id, reason));
    actor.awake?.stop(reason, false, 0);
    // Whoever mends its files may have begun them anew.
    actor.cursors = null;
    await refuseMessages(this.#deps, session, reason, actor.takeEnded());
  }
}
