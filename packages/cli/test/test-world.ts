/**
 * A world for one command: captured output, scripted input, and a clock that a test moves.
 *
 * Waits up to a second (retries, polls) end at once, so that no test depends on speed; longer ones (time limits) end
 * only when the test says so.
 */
import { PassThrough, Writable } from 'node:stream';
import { runCli } from '../src/cli.ts';
import type { Clock, World } from '../src/world.ts';

const LONGEST_FREE_WAIT_MS = 1000;

export class TestClock implements Clock {
  #now = Date.parse('2026-01-01T00:00:00Z');
  readonly #waiting = new Set<{ readonly due: number; readonly end: () => void }>();

  now(): number {
    return this.#now;
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    if (ms <= LONGEST_FREE_WAIT_MS) {
      setImmediate(resolve);
      return promise;
    }
    const waiter = { due: this.#now + ms, end: resolve };
    this.#waiting.add(waiter);
    signal?.addEventListener('abort', () => resolve(), { once: true });
    return promise.finally(() => this.#waiting.delete(waiter));
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const waiter of this.#waiting) if (waiter.due <= this.#now) waiter.end();
  }
}

export class Capture extends Writable {
  readonly isTTY: boolean;
  text = '';
  readonly #watchers = new Set<() => void>();
  constructor(isTTY: boolean) {
    super({ decodeStrings: true });
    this.isTTY = isTTY;
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
    for (const watcher of this.#watchers) watcher();
  }
  /** Resolves as soon as the text contains `part`. */
  async shows(part: string): Promise<void> {
    if (this.text.includes(part)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const watcher = () => {
      if (this.text.includes(part)) resolve();
    };
    this.#watchers.add(watcher);
    await promise;
    this.#watchers.delete(watcher);
  }
}

export interface TestWorld extends World {
  readonly stdin: PassThrough & { readonly isTTY: boolean };
  readonly stdout: Capture;
  readonly stderr: Capture;
  readonly clock: TestClock;
  readonly interrupt: AbortController;
}

export interface WorldOptions {
  readonly tty?: boolean;
  readonly data?: string;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly rawArgs?: Uint8Array | null;
}

export function testWorld(options: WorldOptions = {}): TestWorld {
  const tty = options.tty ?? false;
  const interrupt = new AbortController();
  let ids = 0;
  return {
    stdin: Object.assign(new PassThrough(), { isTTY: tty }),
    stdout: new Capture(tty),
    stderr: new Capture(tty),
    env: { ...(options.data === undefined ? {} : { BELLHOP_DATA: options.data }), ...options.env },
    cwd: options.cwd ?? '/',
    home: '/nowhere',
    clock: new TestClock(),
    newId: () => {
      ids += 1;
      return `id-${ids}`;
    },
    rawArgs: () => options.rawArgs ?? null,
    interrupted: interrupt.signal,
    interrupt,
  };
}

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end. `stdin`: what is piped in; a terminal when left out. */
export async function run(
  args: readonly string[],
  world: TestWorld,
  stdin: string | Buffer = '',
): Promise<Outcome> {
  world.stdin.end(stdin);
  const code = await runCli(args, world);
  return { code, out: world.stdout.text, err: world.stderr.text };
}
