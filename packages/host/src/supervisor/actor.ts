/** What the supervisor keeps of one session between rounds, and the rule that rounds never overlap. */
import type { Generation } from '../store/generations.ts';
import type { Clock } from '../types.ts';
import type { Awake } from './awake.ts';
import type { Cursors } from './sweep.ts';

const MINUTE_MS = 60_000;

export class Actor {
  readonly #nudge: () => void;
  readonly #clock: Clock;
  #running: Promise<void> | null = null;
  #again = false;
  #cancelTimer: (() => void) | null = null;
  #timerMs = Number.POSITIVE_INFINITY;
  #blocks = 0;
  awake: Awake | null = null;
  /** Generations that have ended and are not settled. */
  ended: Generation[] = [];
  /** How far the mailbox has been taken over; read once, then known, because only we move it. */
  cursors: Cursors | null = null;
  /** Its mailbox holds messages of an imported session that the store does not know of. */
  hasImports = false;
  /** Deliveries may have ended that inbound.db does not know of; true at first, because a dead host may have left some. */
  mirror = true;
  /** True while work is due and no sandbox has been started for it. */
  wantsPlace = false;
  /** Attempts in a row to roll a half-written outbox back. */
  recoveries = 0;
  #rows = { sinceMs: 0, count: 0 };
  blockedUntilMs = 0;
  waitingFor: string | null = null;

  constructor(nudge: () => void, clock: Clock) {
    this.#nudge = nudge;
    this.#clock = clock;
  }

  get busy(): boolean {
    return this.#running !== null;
  }

  /** Its last sandbox is gone, and what that costs is not decided yet. */
  get isEnding(): boolean {
    return this.ended.length > 0 || (this.awake?.isGone ?? false);
  }

  /** Runs a round; while one runs, notes that another is wanted. */
  run(round: () => Promise<void>): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#rounds(round);
    return this.#running;
  }

  async #rounds(round: () => Promise<void>): Promise<void> {
    try {
      do {
        this.#again = false;
        await round();
      } while (this.#again);
    } finally {
      // In the same breath as the last look at #again: a nudge in between would be noted and never acted on.
      this.#running = null;
    }
  }

  again(): void {
    this.#again = true;
  }

  /** Takes the generations the next sweep works on; `giveBack` when the sweep did not happen. */
  takeEnded(): Generation[] {
    const { ended } = this;
    this.ended = [];
    return ended;
  }

  giveBack(ended: readonly Generation[]): void {
    this.ended = [...ended, ...this.ended];
  }

  /** True when receipts may be missing in inbound.db; asked right before they are looked up. */
  takeMirror(): boolean {
    const { mirror } = this;
    this.mirror = false;
    return mirror;
  }

  /** Rows taken over in the running minute, these included. */
  countRows(rows: number): number {
    const nowMs = this.#clock.now();
    if (nowMs - this.#rows.sinceMs > MINUTE_MS) this.#rows = { sinceMs: nowMs, count: 0 };
    this.#rows.count += rows;
    return this.#rows.count;
  }

  /** Another round after `ms`, or earlier if one is set. */
  wakeAfter(ms: number): void {
    const atMs = this.#clock.now() + Math.max(0, ms);
    if (this.#cancelTimer && this.#timerMs <= atMs) return;
    this.#cancelTimer?.();
    this.#timerMs = atMs;
    this.#cancelTimer = this.#clock.after(Math.max(0, ms), () => {
      this.#cancelTimer = null;
      this.#nudge();
    });
  }

  /** The next round is this one: what was set before is no longer wanted. */
  wakeOnlyAfter(ms: number): void {
    this.cancelTimer();
    this.wakeAfter(ms);
  }

  cancelTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  /** The runtime cannot start anything: wait, longer each time. */
  block(reason: string, baseMs: number, maxMs: number): void {
    const delay = Math.min(baseMs * 2 ** this.#blocks, maxMs);
    this.#blocks += 1;
    this.waitingFor = reason;
    this.blockedUntilMs = this.#clock.now() + delay;
    this.wakeOnlyAfter(delay);
  }

  unblock(): void {
    this.#blocks = 0;
    this.waitingFor = null;
    this.blockedUntilMs = 0;
  }

  /** Nothing is known here that the store does not hold. */
  get forgettable(): boolean {
    return this.ended.length === 0 && this.waitingFor === null && this.#cancelTimer === null && !this.#again;
  }

  /** Resolves when no round runs and no sandbox is left. */
  async gone(): Promise<void> {
    while (this.awake || this.#running) {
      await this.awake?.over;
      await this.#running;
    }
  }
}
