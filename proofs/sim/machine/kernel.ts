/**
 * A machine in one thread: time that passes only when nothing is left to do, processes that can die between any two of
 * their steps, and a network of sockets. What the product's code calls Node's (node/*.ts stand in for the modules) comes
 * here; which process called is known by an AsyncLocalStorage, which follows every promise and timer.
 *
 * A process that has died takes no further step: what it waits for never comes, what it calls throws `Crash`, its
 * database handles are closed, which rolls back what was not committed. Its code may still run in memory, to no effect.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventQueue } from './queue.ts';
import type { Random } from './random.ts';

const START_MS = Date.parse('2026-06-01T12:00:00Z');

export type Fault = string;

/** Decides at each step whether something goes wrong there; `point` is the step's name, the same in every run. */
export interface Faults {
  at(point: string, possible: readonly Fault[]): Fault | null;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Thrown into the code of a process that is dead. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

const running = new AsyncLocalStorage<Process>();

/** The process whose code runs now; undefined for the simulator's own. */
export function current(): Process | undefined {
  return running.getStore();
}

/** Takes a real turn of the event loop, after which no promise is left to settle. */
const settled = (): Promise<void> => new Promise((resolve) => realImmediate(resolve));
const realImmediate = setImmediate;

export interface KernelOptions {
  readonly faults: Faults;
  readonly random: Random;
  /** What is left of a path that names the data folder. */
  readonly dataDir: string;
  /** Something happened; for the trace. */
  readonly trace: (line: string) => void;
}

export class Kernel {
  readonly #queue = new EventQueue();
  readonly options: KernelOptions;
  /** Listening sockets, by path or port. */
  readonly listening = new Map<string, { readonly process: Process }>();
  readonly alive = new Set<Process>();
  #order = 0;
  #monotonicMs = 0;
  /** How far the wall clock was moved. */
  clockShiftMs = 0;
  /** No disk has room until then, by the monotonic clock. */
  fullUntilMs = 0;
  events = 0;
  nextPort = 40_000;
  /** Told after each commit of a database file, with a handle that may be read from. */
  onCommit: (file: string, tables: readonly string[], read: ReadRows) => void = () => undefined;
  /** Something that no code of the product may do: let an error go uncaught, or take a process down by one. */
  onUncaught: (process: Process, error: unknown) => void = () => undefined;

  constructor(options: KernelOptions) {
    this.options = options;
  }

  get monotonicMs(): number {
    return this.#monotonicMs;
  }

  get wallMs(): number {
    return Math.floor(START_MS + this.#monotonicMs + this.clockShiftMs);
  }

  get isFull(): boolean {
    return this.#monotonicMs < this.fullUntilMs;
  }

  /** @param process null for the world outside. Returns how to cancel it. */
  post(delayMs: number, process: Process | null, call: () => void): () => void {
    const state = { cancelled: false };
    this.#order += 1;
    const run = (): void => {
      if (state.cancelled) return;
      if (process === null) call();
      else if (process.frozen) process.deferred.push(run);
      else if (process.alive) process.enter(call);
    };
    this.#queue.push({
      atMs: this.#monotonicMs + Math.max(0, delayMs),
      order: this.#order,
      call: run,
    });
    return () => {
      state.cancelled = true;
    };
  }

  /** Runs what is due next; false when nothing is. */
  async step(): Promise<boolean> {
    const event = this.#queue.pop();
    if (!event) return false;
    this.events += 1;
    this.#monotonicMs = event.atMs;
    event.call();
    await settled();
    return true;
  }

  spawn(kind: Process['kind'], name: string): Process {
    const process = new Process(this, kind, name);
    this.alive.add(process);
    return process;
  }

  trace(line: string): void {
    this.options.trace(`${(this.#monotonicMs / 1_000).toFixed(3)} ${line}`);
  }
}

export type ReadRows = (sql: string) => Readonly<Record<string, unknown>>[];

export class Process {
  readonly kernel: Kernel;
  readonly kind: 'host' | 'runner';
  readonly name: string;
  alive = true;
  /** Stopped by a signal: it runs on when it is thawed. */
  frozen = false;
  readonly deferred: (() => void)[] = [];
  readonly #closers = new Set<() => void>();
  readonly #onExit: ((exit: Exit) => void)[] = [];

  constructor(kernel: Kernel, kind: Process['kind'], name: string) {
    this.kernel = kernel;
    this.kind = kind;
    this.name = name;
  }

  /** Runs code as this process. */
  enter(call: () => void): void {
    try {
      running.run(this, call);
    } catch (error) {
      if (!(error instanceof Crash) && this.alive) this.kernel.onUncaught(this, error);
    }
  }

  /** Called at its end, in any order; returns how to take it back. */
  closing(close: () => void): () => void {
    this.#closers.add(close);
    return () => this.#closers.delete(close);
  }

  onExit(call: (exit: Exit) => void): void {
    this.#onExit.push(call);
  }

  exit(exit: Exit): void {
    if (!this.alive) return;
    this.alive = false;
    this.frozen = false;
    this.kernel.alive.delete(this);
    this.kernel.trace(`${this.name} ended (${exit.signal ?? exit.code})`);
    for (const close of this.#closers) close();
    for (const call of this.#onExit) call(exit);
  }

  thaw(): void {
    this.frozen = false;
    for (const call of this.deferred.splice(0)) this.kernel.post(0, null, call);
  }

  /**
   * One step that can be seen from outside, and dies before or after it if that is what the plan says.
   * @param full what it throws when the disk is full; a step without one writes nothing.
   */
  step<T>(what: string, effect: () => T, full: (() => Error) | null = null): T {
    if (!this.alive) throw new Crash('a dead process takes no step');
    const point = `${this.kind}: ${what}`;
    const fault = this.kernel.options.faults.at(point, full === null ? CRASHES : WRITING);
    if (fault !== null) this.kernel.trace(`FAULT ${fault} ${point}`);
    if (fault === 'crash before') this.#crash();
    if (full !== null && (fault === 'disk full' || this.kernel.isFull)) throw full();
    const result = effect();
    if (fault === 'crash after') this.#crash();
    return result;
  }

  /** The same of a step that is waited for: of one that kills it, nothing ever comes back. */
  async wait<T>(what: string, effect: () => T, full: (() => Error) | null = null): Promise<T> {
    try {
      return this.step(what, effect, full);
    } catch (error) {
      if (error instanceof Crash) return await new Promise<never>(() => undefined);
      throw error;
    }
  }

  /** Its own time-out; nothing is called once it is dead. */
  async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.kernel.post(ms, this, resolve));
  }

  #crash(): never {
    this.exit({ code: null, signal: 'SIGKILL' });
    throw new Crash(`${this.name} was killed`);
  }
}

const CRASHES: readonly Fault[] = ['crash before', 'crash after'];
const WRITING: readonly Fault[] = [...CRASHES, 'disk full'];

export const CRASH_FAULTS: ReadonlySet<Fault> = new Set(CRASHES);
