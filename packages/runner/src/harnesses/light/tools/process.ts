/**
 * A child process of a tool, in a group of its own: it ends with its time, with the turn, or by itself, and what it
 * started in the background does not hold the turn up.
 */
import { spawn } from 'node:child_process';

/** Kept of what it prints, at each end, in bytes. */
const MAX_KEPT = 128 * 1024;
/** For what is still in the pipes when the process is over, in milliseconds. */
const DRAIN_MS = 200;

export interface ProcessEnd {
  readonly output: string;
  readonly code: number | null;
  readonly why: 'ended' | 'time' | 'stopped';
}

export function runProcess(spec: {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    spec.signal.throwIfAborted();
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kept = new KeptOutput();
    child.stdout.on('data', (chunk: Buffer) => kept.add(chunk));
    child.stderr.on('data', (chunk: Buffer) => kept.add(chunk));
    let why: ProcessEnd['why'] = 'ended';
    const end = (reason: ProcessEnd['why']): void => {
      why = reason;
      killGroup(child.pid);
    };
    const stop = (): void => end('stopped');
    const timer = setTimeout(end, spec.timeoutMs, 'time');
    spec.signal.addEventListener('abort', stop, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      spec.signal.removeEventListener('abort', stop);
      child.stdout.destroy();
      child.stderr.destroy();
    };
    child.on('error', (error) => {
      settle();
      reject(new Error(`${spec.command} could not be started: ${error.message}`));
    });
    child.on('exit', (code) => {
      const done = (): void => {
        clearTimeout(drain);
        settle();
        resolve({ output: kept.text(), code, why });
      };
      const drain = setTimeout(done, DRAIN_MS);
      child.on('close', done);
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    // It has ended by itself in the meantime.
  }
}

/** The first and the last of a stream that may be endless. */
class KeptOutput {
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #lost = 0;

  add(chunk: Buffer): void {
    if (this.#headBytes < MAX_KEPT) {
      this.#head.push(chunk);
      this.#headBytes += chunk.length;
      return;
    }
    this.#tail.push(chunk);
    this.#tailBytes += chunk.length;
    while (this.#tail.length > 1 && this.#tailBytes - (this.#tail[0]?.length ?? 0) >= MAX_KEPT) {
      const gone = this.#tail.shift()?.length ?? 0;
      this.#tailBytes -= gone;
      this.#lost += gone;
    }
  }

  text(): string {
    const lost = this.#lost > 0 ? [Buffer.from(`\n[… ${this.#lost} bytes left out …]\n`)] : [];
    return Buffer.concat([...this.#head, ...lost, ...this.#tail]).toString('utf8');
  }
}
