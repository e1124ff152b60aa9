/**
 * A sandbox runtime whose sandboxes live in the test's process: the real loop of the runner on the session's real
 * mailbox and sockets, with a harness of the test's. No container and no process is started, so one costs a few
 * milliseconds; what a real sandbox keeps out is not tested here.
 */
import { OutboundMailbox, upgradeOutbound } from '@bellhop/mailbox/runner';
import type { Leftover, RunningSandbox, SandboxRuntime } from '../../packages/host/src/sandboxes/port.ts';
import { Bell } from '../../packages/runner/src/bell.ts';
import { Cancel } from '../../packages/runner/src/cancel.ts';
import type { Harness } from '../../packages/runner/src/harness.ts';
import { HostLink } from '../../packages/runner/src/host-link.ts';
import { runLoop } from '../../packages/runner/src/loop.ts';
import type { HostFrame, RunnerConfig } from '../../packages/runner/src/protocol.ts';
import { openRelay, wayOut } from '../../packages/runner/src/relay.ts';

export interface LocalSandbox extends RunningSandbox {
  readonly config: RunnerConfig;
  readonly isAlive: boolean;
}

export class LocalSandboxes implements SandboxRuntime {
  readonly kind = 'none';
  readonly warning = null;
  /** Every one that was ever started, but for throwaway ones. */
  readonly all: LocalSandbox[] = [];
  readonly #harnessOf: (config: RunnerConfig) => Harness;
  readonly #now: () => number;

  /** @param harnessOf what thinks in a sandbox of this configuration. */
  constructor(harnessOf: (config: RunnerConfig) => Harness, now: () => number) {
    this.#harnessOf = harnessOf;
    this.#now = now;
  }

  get alive(): LocalSandbox[] {
    return this.all.filter(({ isAlive }) => isAlive);
  }

  inside: SandboxRuntime['inside'] = (mount) => mount.source;
  selfTest: SandboxRuntime['selfTest'] = async () => ({ ok: true });
  adopt: SandboxRuntime['adopt'] = async () => null;

  start: SandboxRuntime['start'] = async ({ mark, command }) => {
    const config = JSON.parse(command.at(-1) ?? '{}') as RunnerConfig;
    const life = new Life(mark, config, this.#harnessOf(config), this.#now);
    if (config.mode === 'run') this.all.push(life);
    setImmediate(() => void life.run());
    return life;
  };

  async leftovers(installId: string): Promise<readonly Leftover[]> {
    return this.alive.filter(({ mark }) => mark.startsWith(`bellhop:${installId}:`));
  }
}

class Life implements LocalSandbox {
  readonly mark: string;
  readonly identity: string;
  readonly config: RunnerConfig;
  readonly exited: RunningSandbox['exited'];
  isAlive = true;
  readonly #harness: Harness;
  readonly #now: () => number;
  readonly #exit = Promise.withResolvers<Awaited<RunningSandbox['exited']>>();
  readonly #killed = Promise.withResolvers<never>();
  readonly #open: (() => unknown)[] = [];

  constructor(mark: string, config: RunnerConfig, harness: Harness, now: () => number) {
    this.mark = mark;
    this.identity = `local:${mark}`;
    this.config = config;
    this.exited = this.#exit.promise;
    this.#harness = harness;
    this.#now = now;
    // Nobody may be waiting for it.
    this.#killed.promise.catch(() => undefined);
  }

  /** Never rejects: what the program would have died of is its output. */
  async run(): Promise<void> {
    try {
      await this.#live();
      await this.#end(0, '');
    } catch (error) {
      await this.#end(1, String(error));
    }
  }

  /** As kill -9 does it: what it has claimed stays claimed, and its harness is never heard again. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    this.#killed.reject(new Error('it was killed'));
    await this.#end(null, '', 'SIGKILL');
  }

  async #end(code: number | null, output: string, signal: string | null = null): Promise<void> {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const close of this.#open.reverse()) await close();
    this.#exit.resolve({ code, signal, output, why: null });
  }

  /** Closed at its end; at once when it was killed while this was being opened. */
  async #holds(close: () => unknown): Promise<void> {
    if (this.isAlive) this.#open.push(close);
    else await close();
  }

  async #live(): Promise<void> {
    const { config } = this;
    upgradeOutbound(config.outDir, config.inDir);
    const outbound = OutboundMailbox.open(config.outDir, config.generation);
    await this.#holds(() => outbound.close());
    if (config.mode === 'recover') return outbound.recover(this.#now());
    outbound.setTool(null, this.#now());
    const relay = config.egressSocketPath === '' ? null : await openRelay(config.egressSocketPath);
    if (relay) await this.#holds(() => relay.close());
    const { modelUrl, variables } = wayOut(relay?.port ?? null);
    this.#harness.start({ ...config, modelUrl, env: { ...process.env, ...variables }, now: this.#now });
    const bell = new Bell();
    const cancel = new Cancel();
    const onFrame: Readonly<Record<HostFrame['t'], () => void>> = {
      bell: () => bell.ring(),
      stop: () => bell.close(),
      cancel: () => cancel.ring(),
    };
    const ready = { t: 'ready', generation: config.generation } as const;
    const link = new HostLink(config.socketPath, ready, (frame) => onFrame[frame.t]?.());
    link.open();
    await this.#holds(() => link.close());
    await this.#holds(() => bell.close());
    await link.connectedOnce();
    const harness: Harness = {
      name: this.#harness.name,
      start: () => undefined,
      run: (input, tools) => Promise.race([this.#harness.run(input, tools), this.#killed.promise]),
    };
    const emit = link.send.bind(link);
    await runLoop({ config, outbound, harness, bell, cancel, emit, now: this.#now });
  }
}
