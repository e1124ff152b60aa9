/**
 * Retention: what is old goes, in small steps with a rest between them, far from the way of any message (H6, M12).
 *
 *   resting --PERIOD_MS--> a pass: class by class, step by step --> files by size --> resting
 *
 * A step is one bounded transaction. What a step throws ends that class for this pass and is logged; the next pass tries
 * again. Stop returns when no step runs; safe twice, safe before start.
 */
import { join } from 'node:path';
import { needsFiles } from '../store/old.ts';
import type { Clock, Log } from '../types.ts';
import { type ClassDeps, type RetentionClass, retentionClasses } from './classes.ts';
import { type Copies, chooseOldest, copiesBelow, removeCopies } from './files.ts';

/** The first pass begins when the start is long over. */
const FIRST_MS = 300_000;
const PERIOD_MS = 6 * 3_600_000;
const REST_MS = 200;
const STEP_ROWS = 100;

export interface RetentionDeps extends ClassDeps {
  readonly clock: Clock;
  readonly log: Log;
}

export class Retention {
  readonly #deps: RetentionDeps;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #cancel: (() => void) | null = null;

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#after(FIRST_MS);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancel?.();
    await this.#running;
  }

  #after(ms: number): void {
    if (this.#stop.signal.aborted) return;
    this.#cancel = this.#deps.clock.after(ms, () => {
      this.#running = this.#pass().then(() => this.#after(PERIOD_MS));
    });
  }

  async #pass(): Promise<void> {
    for (const one of retentionClasses(this.#deps)) await this.#guarded(one.name, () => this.#sweep(one));
    await this.#guarded('files', () => this.#boundFiles());
  }

  async #guarded(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.log.error('retention', { class: name, error: String(error) });
    }
  }

  async #sweep({ keepMs, step }: RetentionClass): Promise<void> {
    const beforeMs = this.#deps.clock.now() - keepMs;
    let afterMs: number | null = -1;
    while (afterMs !== null && !this.#stop.signal.aborted) {
      afterMs = await step({ afterMs, beforeMs, limit: STEP_ROWS });
      if (afterMs !== null) await this.#rest();
    }
  }

  async #boundFiles(): Promise<void> {
    const { dataDir, settings, store } = this.#deps;
    const all: Copies[] = [];
    for await (const some of copiesBelow(join(dataDir, 'files'))) {
      all.push(...some);
      if (this.#stop.signal.aborted) return;
    }
    for (const { path, session, row } of chooseOldest(all, settings.maxFilesBytes)) {
      if (this.#stop.signal.aborted) return;
      if (!(await needsFiles(store.read, session, row))) await removeCopies(path);
    }
  }

  /** Ends early at a stop. */
  #rest(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { signal } = this.#stop;
    const cancel = this.#deps.clock.after(REST_MS, resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    return promise.finally(cancel);
  }
}
