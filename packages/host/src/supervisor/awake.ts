/**
 * One generation while it lives: its sandbox, its link and the signs of life the host has seen.
 *
 *   starting --ready--> ready --stop--> stopping --> ended
 *       \------------- exit, kill -------------------/
 */
import type { RunningSandbox, SandboxExit } from '../sandboxes/port.ts';
import type { BootFailures, Generation, GenerationEnd } from '../store/generations.ts';
import type { Clock, Session } from '../types.ts';
import type { AwakeFacts } from './decide.ts';
import { addCall, noteFrame } from './ledger.ts';
import type { HeardFrame, Link } from './link.ts';
import type { ModelCall, TurnLedger } from './port.ts';

const KILL_AGAIN_MS = 5_000;

export class Awake {
  readonly generation: Generation;
  readonly session: Session;
  readonly #clock: Clock;
  #phase: AwakeFacts['phase'] = 'starting';
  #link: Link | null = null;
  /** What is closed when it has ended, the newest first. */
  readonly #attached: { close(): Promise<void> }[] = [];
  /** Why it is to take no further turn. */
  #retired: string | null = null;
  #sandbox: RunningSandbox | null = null;
  #claimSeenMs: number | null = null;
  /** Since when this host watches it: what a dead host saw of it says nothing about now. */
  readonly #sinceMs: number;
  #lastSignMs: number;
  #lastProgressMs: number;
  #progress = 0;
  #idleSinceMs: number | null = null;
  #stopReason: { readonly why: string; readonly costs: boolean; readonly final: boolean } | null = null;
  #cancelKill: (() => void) | null = null;
  #cancelTurnEnd: (() => void) | null = null;
  readonly #over = Promise.withResolvers<void>();
  #tookWork = false;
  #ledger: TurnLedger | null = null;
  /** The turn that ended last: word of its last call may come behind its end. */
  #ended: TurnLedger | null = null;
  /** The turn that a person has ended. */
  #turnStopped: string | null = null;
  #failures: BootFailures | null;
  wasReady = false;
  /** Its process has ended; the host has not taken note of it yet. */
  isGone = false;
  toolTimeoutMs = 0;
  /** What the running turn works on, as its runner says. */
  working: ReadonlySet<string> = new Set();

  /** @param failures how many lives before it never took up work. */
  constructor(generation: Generation, session: Session, clock: Clock, failures: BootFailures) {
    this.generation = generation;
    this.session = session;
    this.#clock = clock;
    this.#failures = failures;
    this.#sinceMs = clock.now();
    this.#lastSignMs = this.#sinceMs;
    this.#lastProgressMs = this.#sinceMs;
  }

  get facts(): AwakeFacts {
    return {
      phase: this.#phase,
      startedMs: this.#sinceMs,
      claimSeenMs: this.#claimSeenMs,
      lastSignMs: this.#lastSignMs,
      lastProgressMs: this.#lastProgressMs,
      toolTimeoutMs: this.toolTimeoutMs,
      idleSinceMs: this.#idleSinceMs,
    };
  }

  /** Notes the sign of life in a frame. */
  hear(frame: HeardFrame): void {
    const nowMs = this.#clock.now();
    this.#lastSignMs = nowMs;
    const before = this.#ledger;
    this.#ledger = noteFrame(before, frame, this.generation.number, nowMs);
    if (this.#ledger === null) this.#ended = before ?? this.#ended;
    switch (frame.t) {
      case 'ready':
        this.wasReady = true;
        if (this.#phase === 'starting') this.#phase = 'ready';
        if (this.#retired !== null) this.#link?.send({ t: 'stop' });
        return;
      case 'working':
        this.#tookWork = true;
        this.#claimSeenMs = nowMs;
        this.#lastProgressMs = nowMs;
        this.#idleSinceMs = null;
        this.working = new Set(frame.messages);
        return;
      case 'beat':
        if (frame.progress !== this.#progress) this.#lastProgressMs = nowMs;
        this.#progress = frame.progress;
        return;
      case 'idle':
        this.#claimSeenMs = null;
        this.#idleSinceMs ??= nowMs;
        this.working = new Set();
        return;
      default:
        this.#lastProgressMs = nowMs;
    }
  }

  /**
   * Facts outrank hints: a claim that the mailbox shows counts from when it was first seen there.
   * @param count claims of this generation; what earlier ones left is not its doing.
   */
  seeClaims(count: number): void {
    if (count > 0) {
      this.#tookWork = true;
      this.#claimSeenMs ??= this.#clock.now();
    } else if (this.working.size === 0) this.#claimSeenMs = null;
  }

  /** The failures that its first turn has ended; null from the second call on. */
  takeFailures(): BootFailures | null {
    const failures = this.#failures;
    this.#failures = null;
    return failures;
  }

  get ledger(): TurnLedger | null {
    return this.#ledger;
  }

  /** A call of this generation to its model: part of the turn that runs, or of the last. Null when there was none. */
  noteCall(call: ModelCall): TurnLedger | null {
    if (this.#ledger) this.#ledger = addCall(this.#ledger, call);
    else this.#ended = this.#ended && addCall(this.#ended, call);
    return this.#ledger ?? this.#ended;
  }

  attach(link: Link): void {
    this.#link = link;
    this.#attached.unshift(link);
  }

  /** Its way out, which goes with it. */
  attachDoor(door: { close(): Promise<void> }): void {
    this.#attached.unshift(door);
  }

  started(sandbox: RunningSandbox): void {
    this.#sandbox = sandbox;
    // Told to stop while it was being started: there is nobody to ask yet.
    if (this.stopping) this.#kill();
  }

  /** It runs already; an earlier host has seen it work. */
  takenOver(link: Link, sandbox: RunningSandbox): void {
    this.#tookWork = true;
    this.attach(link);
    this.started(sandbox);
  }

  ring(): void {
    this.#idleSinceMs = null;
    // The clock of "took up no work" starts now: an idle runner has been silent, and rightly so.
    this.#lastSignMs = this.#clock.now();
    this.#link?.send({ t: 'bell' });
  }

  /** Asks it to end, and makes it end after the grace; at once when `graceMs` is 0. The first reason stays. */
  stop(why: string, costs: boolean, graceMs: number): void {
    if (this.#phase === 'stopping') return;
    this.#phase = 'stopping';
    this.#stopReason ??= { why, costs, final: false };
    this.#link?.send({ t: 'stop' });
    if (graceMs === 0) this.#kill();
    else this.#cancelKill = this.#clock.after(graceMs, () => this.#kill());
  }

  /** It ends its turn, takes no other, and goes. What it is meanwhile watched for, and may be stopped for, stays. */
  retire(why: string): void {
    this.#retired ??= why;
    this.#link?.send({ t: 'stop' });
  }

  /**
   * Asks the runner to end its turn as failed. One that does not is ended, and its messages with it: `final` outranks
   * whatever reason comes later.
   */
  stopTurn(why: string, graceMs: number): void {
    if (this.#ledger === null || this.#turnStopped === this.#ledger.turn) return;
    const { turn } = this.#ledger;
    this.#turnStopped = turn;
    this.#link?.send({ t: 'cancel' });
    this.#cancelTurnEnd?.();
    this.#cancelTurnEnd = this.#clock.after(graceMs, () => {
      if (this.#ledger?.turn !== turn || this.stopping) return;
      this.#stopReason = { why, costs: true, final: true };
      this.stop(why, true, 0);
    });
  }

  /** Until it is gone: a process that the kernel holds on to is asked again, and keeps its session from waking. */
  #kill(): void {
    this.#sandbox?.kill().catch(() => {
      this.#cancelKill = this.#clock.after(KILL_AGAIN_MS, () => this.#kill());
    });
  }

  get stopping(): boolean {
    return this.#phase === 'stopping';
  }

  /** Resolves when the host has taken note of its end. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  noted(): void {
    this.#over.resolve();
  }

  /** How it ended, in words for the sender, and whether the session is to blame. Also lets go of socket and timer. */
  async end(exit: SandboxExit | null): Promise<Omit<GenerationEnd, 'atMs'>> {
    this.#phase = 'stopping';
    this.#cancelKill?.();
    this.#cancelTurnEnd?.();
    for (const part of this.#attached) await part.close();
    // One that says it is ready and then takes up nothing has failed like one that never said it (W2).
    const ready = this.#tookWork;
    if (this.#stopReason) {
      const { why, costs, final } = this.#stopReason;
      return { reason: why, costs, final, ready };
    }
    if (this.#retired !== null && exit?.code === 0) {
      return { reason: this.#retired, costs: false, final: false, ready };
    }
    const how =
      exit?.why ?? (exit?.signal ? `ended by ${exit.signal}` : `exit code ${exit?.code ?? 'unknown'}`);
    return {
      reason: ready || this.wasReady ? `its sandbox died (${how})` : `its sandbox died at its start (${how})`,
      costs: true,
      final: false,
      ready,
    };
  }
}
