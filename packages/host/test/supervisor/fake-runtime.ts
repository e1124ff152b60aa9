/** A sandbox runtime whose sandboxes live in the test's process (life.ts) and do what the test scripted. */
import { OutboundMailbox, upgradeOutbound } from '@bellhop/mailbox/runner';
import type {
  Leftover,
  RunningSandbox,
  SandboxMount,
  SandboxRuntime,
  SandboxSpec,
} from '../../src/sandboxes/port.ts';
import type { Clock } from '../../src/types.ts';
import { answering, type Behaviour } from './behaviours.ts';
import { Life } from './life.ts';

export class FakeRuntime implements SandboxRuntime {
  readonly kind = 'none';
  readonly warning = null;
  readonly #clock: Clock;
  readonly lives: Life[] = [];
  readonly recoveries: Life[] = [];
  /** Whether a throwaway sandbox gets its file whole again. */
  recovers = true;
  /** Whether it takes for ever. */
  recoversForEver = false;
  /** Taken over by a later host. */
  readonly adopted: Life[] = [];
  /** What the next sandboxes do; `always` when there is none. */
  next: Behaviour[] = [];
  always: Behaviour = answering;
  /** Thrown by the start instead of starting. */
  refusal: Error | null = null;
  refused = 0;
  /** A start waits for this. */
  gate: Promise<void> = Promise.resolve();
  /** The most that ran at once. */
  most = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  inside(mount: SandboxMount): string {
    return mount.source;
  }

  async selfTest(): Promise<{ readonly ok: true }> {
    return { ok: true };
  }

  async start(spec: SandboxSpec): Promise<RunningSandbox> {
    await this.gate;
    if (this.refusal) {
      this.refused += 1;
      throw this.refusal;
    }
    const life = new Life(spec);
    if (life.config.mode === 'recover') {
      this.recoveries.push(life);
      if (this.recoversForEver) return life.sandbox;
      if (!this.recovers) {
        life.exit(1);
        return life.sandbox;
      }
      upgradeOutbound(life.config.outDir, life.config.inDir);
      const outbound = OutboundMailbox.open(life.config.outDir, life.config.generation);
      outbound.recover(this.#clock.now());
      outbound.close();
      life.exit(0);
      return life.sandbox;
    }
    this.lives.push(life);
    this.most = Math.max(this.most, this.running.length);
    const behaviour = this.next.shift() ?? this.always;
    // After the start has returned, as a real process would be.
    setImmediate(() => void behaviour(life, this.#clock));
    return life.sandbox;
  }

  async adopt(mark: string, identity: string): Promise<RunningSandbox | null> {
    const life = this.running.find(({ sandbox }) => sandbox.mark === mark && sandbox.identity === identity);
    if (!life?.whole) return null;
    this.adopted.push(life);
    return life.sandbox;
  }

  /** What nobody took over; as a new host's runtime sees it. */
  async leftovers(): Promise<readonly Leftover[]> {
    return this.running.filter((life) => !this.adopted.includes(life)).map(({ sandbox }) => sandbox);
  }

  get running(): Life[] {
    return this.lives.filter((life) => !life.ended);
  }

  get last(): Life {
    const life = this.lives.at(-1);
    if (!life) throw new Error('no sandbox was started');
    return life;
  }
}
