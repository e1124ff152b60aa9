/** A host as its own process: what it says, when it is ready, how it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { PATIENCE_MS } from '../../../packages/host/test/until.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class HostProcess {
  readonly #child: ChildProcess;
  readonly #onSaid = new Set<() => void>();
  /** How it ended; resolves once all it said has been read. */
  readonly exited: Promise<Exit>;
  ended = false;
  stdout = '';
  stderr = '';

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stdout += chunk;
      this.#said();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk;
      this.#said();
    });
    const exited = Promise.withResolvers<Exit>();
    this.#child.once('error', exited.reject);
    this.#child.once('close', (code, signal) => {
      this.ended = true;
      this.#said();
      exited.resolve({ code, signal });
    });
    this.exited = exited.promise;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with the address of its page; rejects when it ends without being ready. */
  async ready(): Promise<string> {
    const line = await this.#saying(() => /^Bellhop is ready in \S+ s: (\S+)$/m.exec(this.stdout));
    return line[1] ?? '';
  }

  /** A clean stop, as Ctrl-C asks for it. */
  stop(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' = 'SIGINT'): Promise<Exit> {
    this.#child.kill(signal);
    return this.exited;
  }

  /** Nobody reads any more what it says, as behind `| head` or in a terminal that was closed. */
  stopReading(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** Dies where it stands. */
  kill(): Promise<Exit> {
    this.#child.kill('SIGKILL');
    return this.exited;
  }

  /** Stands still: what its sandboxes do goes on unseen. Only `kill` ends it then. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  #said(): void {
    for (const look of [...this.#onSaid]) look();
  }

  #saying<T>(find: () => T | null): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        done();
        reject(new Error(`${why}; it said: ${this.stdout}${this.stderr}`));
      };
      const timer = setTimeout(() => fail('the host is not getting ready'), PATIENCE_MS);
      const look = () => {
        const found = find();
        if (found !== null) {
          done();
          resolve(found);
        } else if (this.ended) fail('the host ended early');
      };
      const done = () => {
        clearTimeout(timer);
        this.#onSaid.delete(look);
      };
      this.#onSaid.add(look);
      look();
    });
  }
}
