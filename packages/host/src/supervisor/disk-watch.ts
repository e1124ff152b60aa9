/**
 * Bounds on disk, which no sandbox runtime has: what a session's and its agent's writable folders hold together, and a
 * reserve of free space that the host needs for its own commits.
 *
 *   nothing wakes below the reserve, or while the folders are known to hold too much
 *   below the reserve all that runs is stopped, at no cost to anybody
 *   a sandbox whose folders hold too much is stopped, and charged
 *
 * Adding up folders costs a look at every file. So the free space is asked for every LOOK_MS, which costs nothing, and the
 * folders are added up when it has fallen by STEP_BYTES, or after SLOW_MS. A session may so be over its limit by STEP_BYTES
 * and what it writes in LOOK_MS and while its files are counted.
 */
import type { Disk } from '../disk.ts';
import { SandboxUnavailable } from '../sandboxes/port.ts';
import type { Clock, Log, Session, SessionId, Settings } from '../types.ts';
import type { Awake } from './awake.ts';

const LOOK_MS = 1_000;
const SLOW_MS = 60_000;
const STEP_BYTES = 64 * 1024 * 1024;

export interface DiskWatchDeps {
  readonly disk: Disk;
  readonly settings: Pick<Settings, 'minFreeDiskBytes'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The folders that its sandbox can write to, and how much they may hold. */
  allowance(session: Session): Promise<{ readonly folders: readonly string[]; readonly maxBytes: number }>;
}

export class DiskWatch {
  readonly #deps: DiskWatchDeps;
  readonly #awake = new Set<Awake>();
  /** Sessions that were stopped for it: before they wake, their folders are looked at. */
  readonly #full = new Set<SessionId>();
  #lastFreeBytes = 0;
  #nextSlowMs = 0;
  #timer: (() => void) | null = null;

  constructor(deps: DiskWatchDeps) {
    this.#deps = deps;
  }

  /** Rejects with SandboxUnavailable when this session may not wake now. */
  async admit(session: Session): Promise<void> {
    const { disk, settings } = this.#deps;
    const freeBytes = await disk.freeBytes();
    if (freeBytes < settings.minFreeDiskBytes) {
      const why = `the disk is almost full (${inMebibytes(freeBytes)} free)`;
      throw new SandboxUnavailable(why, 'free some space, or set minFreeDiskBytes in settings.json');
    }
    if (!this.#full.has(session.id)) return;
    const over = await this.#over(session);
    if (over !== null) throw new SandboxUnavailable(over.why, over.hint);
    this.#full.delete(session.id);
  }

  /** From now on, until `release`. */
  hold(awake: Awake): void {
    this.#awake.add(awake);
    this.#again();
  }

  release(awake: Awake): void {
    this.#awake.delete(awake);
    if (this.#awake.size > 0) return;
    this.#timer?.();
    this.#timer = null;
  }

  #again(): void {
    this.#timer ??= this.#deps.clock.after(LOOK_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    try {
      await this.#judge(await this.#deps.disk.freeBytes());
    } catch (error) {
      // A look that fails has seen nothing; the next one comes.
      this.#deps.log.warn('disk not looked at', { error: String(error) });
    }
    this.#timer = null;
    if (this.#awake.size > 0) this.#again();
  }

  async #judge(freeBytes: number): Promise<void> {
    const { settings, clock } = this.#deps;
    if (freeBytes < settings.minFreeDiskBytes) {
      for (const awake of this.#awake) awake.stop('the disk was almost full', false, 0);
      return;
    }
    const startMs = clock.now();
    if (freeBytes > this.#lastFreeBytes - STEP_BYTES && startMs < this.#nextSlowMs) {
      // Space that came free is no reason to look later.
      this.#lastFreeBytes = Math.max(this.#lastFreeBytes, freeBytes);
      return;
    }
    this.#lastFreeBytes = freeBytes;
    for (const awake of [...this.#awake]) {
      const over = await this.#over(awake.session);
      if (over === null) continue;
      this.#full.add(awake.session.id);
      awake.stop(over.why, true, 0);
    }
    this.#nextSlowMs = clock.now() + SLOW_MS;
  }

  async #over(session: Session): Promise<{ readonly why: string; readonly hint: string } | null> {
    const { folders, maxBytes } = await this.#deps.allowance(session);
    const heldBytes = await this.#deps.disk.heldBytes(folders, maxBytes);
    if (heldBytes <= maxBytes) return null;
    return {
      why: `its files take more than ${inMebibytes(maxBytes)} of disk`,
      hint: `remove some in ${folders.join(', ')}, or set diskBytes in settings.json`,
    };
  }
}

function inMebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 ** 2)} MiB`;
}
