/** "Stop" from a person, on its way to the running turn. Without one it says nothing to anybody. */
import { setTimeout as delay } from 'node:timers/promises';
import { TurnFailed } from './harness.ts';

/** In milliseconds. */
const GRACE_MS = 1_000;

export class Cancel {
  readonly #graceMs: number;
  #turn: AbortController | null = null;
  /** A harness did not stop: what it still does must end with this process. */
  abandoned = false;

  /** @param graceMs a harness that does not stop by itself within this is left behind, and its process ends. */
  constructor(graceMs = GRACE_MS) {
    this.#graceMs = graceMs;
  }

  /** Called once per turn. */
  begin(): AbortSignal {
    this.#turn = new AbortController();
    return this.#turn.signal;
  }

  end(): void {
    this.#turn = null;
  }

  ring(): void {
    this.#turn?.abort();
  }

  /** The work's own end; TurnFailed when it was stopped before it came to one. */
  async unlessStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
    const ended = work.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    let end = await Promise.race([ended, stopped(signal)]);
    if (end === 'stopped') end = await Promise.race([ended, delay(this.#graceMs, 'stopped' as const)]);
    if (end === 'stopped') this.abandoned = true;
    else if ('value' in end) return end.value;
    else if (!signal.aborted) throw end.error;
    throw new TurnFailed('you stopped it', 'stopped');
  }
}

function stopped(signal: AbortSignal): Promise<'stopped'> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('stopped'), { once: true });
    // The work may have run into the stop before anybody listened.
    if (signal.aborted) resolve('stopped');
  });
}
