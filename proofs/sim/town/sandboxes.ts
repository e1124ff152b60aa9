/**
 * A sandbox runtime whose sandboxes are simulated processes with the real runner in them. They outlive the host that
 * started them, as real ones do, and are found again by their mark.
 */
import type {
  Leftover,
  RunningSandbox,
  SandboxExit,
  SandboxMount,
  SandboxRuntime,
  SandboxSpec,
} from '../../../packages/host/src/sandboxes/port.ts';
import { SandboxUnavailable } from '../../../packages/host/src/sandboxes/port.ts';
import type { RunnerConfig } from '../../../packages/runner/src/protocol.ts';
import { run } from '../../../packages/runner/src/run.ts';
import type { Exit, Fault, Kernel, Process } from '../machine/kernel.ts';
import type { Random } from '../machine/random.ts';
import { createHarness } from './harness.ts';
import { runHostile } from './hostile.ts';

const START_FAULTS: readonly Fault[] = ['unavailable', 'never ready', 'dies at its start', 'hostile'];

export interface Sandbox {
  readonly mark: string;
  readonly identity: string;
  readonly config: RunnerConfig;
  readonly process: Process;
  /** Its runner is not ours. */
  readonly hostile: boolean;
  /** The host process that watches it: it started it, or took it over. */
  watchedBy: Process;
  readonly exited: Promise<SandboxExit>;
}

export class Sandboxes {
  readonly #kernel: Kernel;
  readonly #random: Random;
  /** Every one that was ever started. */
  readonly all: Sandbox[] = [];
  /** By the monotonic clock. */
  downUntilMs = 0;
  /** Told before a sandbox begins to run. */
  onStart: (started: Sandbox, alive: readonly Sandbox[]) => void = () => undefined;
  onEnd: (ended: Sandbox) => void = () => undefined;

  constructor(kernel: Kernel, random: Random) {
    this.#kernel = kernel;
    this.#random = random;
  }

  get alive(): Sandbox[] {
    return this.all.filter(({ process }) => process.alive);
  }

  /** The runtime as one host process has it. */
  runtimeOf(host: Process): SandboxRuntime {
    const handle = (sandbox: Sandbox): RunningSandbox => ({
      mark: sandbox.mark,
      identity: sandbox.identity,
      exited: sandbox.exited,
      kill: () => kill(sandbox),
    });
    const kill = (sandbox: Sandbox): Promise<void> =>
      host.wait('kill a sandbox', () => sandbox.process.exit({ code: null, signal: 'SIGKILL' }));
    return {
      kind: 'none',
      warning: null,
      inside: (mount: SandboxMount) => mount.source,
      selfTest: async () => ({ ok: true }),
      start: async (spec) => {
        const fault = this.#fault('host: start a sandbox', START_FAULTS);
        if (fault === 'unavailable' || this.#kernel.monotonicMs < this.downUntilMs)
          throw new SandboxUnavailable('the engine is down', 'Start it.');
        await host.sleep(this.#random.between(1, 30));
        return host.wait('start a sandbox, now', () => handle(this.#start(spec, host, fault)));
      },
      adopt: async (mark, identity) => {
        const found = this.alive.find((one) => one.mark === mark && one.identity === identity);
        const isHalf = this.#fault('host: adopt a sandbox', ['half of it is gone']) !== null;
        if (!found || isHalf) return null;
        return host.wait('adopt a sandbox, now', () => {
          found.watchedBy = host;
          return handle(found);
        });
      },
      leftovers: async (): Promise<readonly Leftover[]> =>
        this.alive
          .filter(({ watchedBy }) => watchedBy !== host)
          .map((sandbox) => ({ mark: sandbox.mark, kill: () => kill(sandbox) })),
    };
  }

  #fault(point: string, possible: readonly Fault[]): Fault | null {
    const fault = this.#kernel.options.faults.at(point, possible);
    if (fault !== null) this.#kernel.trace(`FAULT ${fault} ${point}`);
    return fault;
  }

  #start(spec: SandboxSpec, host: Process, fault: Fault | null): Sandbox {
    const config = JSON.parse(spec.command.at(-1) ?? '{}') as RunnerConfig;
    const process = this.#kernel.spawn(
      'runner',
      `runner ${spec.mark.split(':').slice(2).join(':').slice(-8)}`,
    );
    const { promise, resolve } = Promise.withResolvers<SandboxExit>();
    const sandbox: Sandbox = {
      mark: spec.mark,
      identity: `${spec.mark} ${this.all.length}`,
      config,
      process,
      hostile: fault === 'hostile' && config.mode === 'run',
      watchedBy: host,
      exited: promise,
    };
    process.onExit((exit: Exit) => {
      this.onEnd(sandbox);
      this.#kernel.post(this.#random.between(0.1, 3), null, () =>
        resolve({ ...exit, why: null, output: '' }),
      );
    });
    this.onStart(sandbox, this.alive);
    this.all.push(sandbox);
    this.#kernel.trace(`${process.name} started (${config.mode})`);
    this.#kernel.post(this.#random.between(5, 60), process, () => void this.#live(sandbox, fault));
    return sandbox;
  }

  async #live({ process, config, identity, hostile }: Sandbox, fault: Fault | null): Promise<void> {
    const isRun = config.mode === 'run';
    if (isRun && fault === 'never ready') return;
    if (fault === 'dies at its start') return process.exit({ code: 1, signal: null });
    try {
      if (hostile) await runHostile(process, config, this.#random);
      else await run({ sim: () => createHarness(process) }, JSON.stringify(config));
      process.exit({ code: 0, signal: null });
    } catch (error) {
      // What the real program would end with: an error that nobody caught.
      if (process.alive) this.#kernel.trace(`${identity} threw ${String(error)}`);
      process.exit({ code: 1, signal: null });
    }
  }
}
