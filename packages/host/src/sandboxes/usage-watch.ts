/**
 * The bound on memory where no control group can be written: a look, and a kill.
 *
 * A look at all processes costs milliseconds, so it is made only when the machine's free memory has fallen by STEP_BYTES
 * since the last one, or after SLOW_MS; the free memory itself is one small file, read every LOOK_MS. A sandbox may so be
 * over its bound by what can be allocated in LOOK_MS. Memory that no process shows (a memory file that is not mapped) is
 * not seen: only a control group bounds that.
 */

import { readFile } from 'node:fs/promises';
import { type ProcessId, parseStat, scan } from './processes.ts';

const LOOK_MS = 200;
const SLOW_MS = 5_000;
const STEP_BYTES = 64 * 1024 * 1024;

export interface WatchedUse {
  /** pid 1 of the sandbox, under which all of it lives. */
  readonly inner: ProcessId;
  readonly memoryBytes: number;
  /** Called once. */
  over(usedBytes: number): void;
}

export interface UsageWatch {
  /** From now on, until the returned function is called. */
  add(watched: WatchedUse): () => void;
}

export function createUsageWatch(): UsageWatch {
  const all = new Set<WatchedUse>();
  const last = { freeBytes: 0, atMs: Number.NEGATIVE_INFINITY };
  let timer: NodeJS.Timeout | null = null;

  async function look(): Promise<void> {
    const freeBytes = await availableMemory();
    const nowMs = performance.now();
    if (freeBytes > last.freeBytes - STEP_BYTES && nowMs - last.atMs < SLOW_MS) return;
    Object.assign(last, { freeBytes, atMs: nowMs });
    const children = await childrenOfAll();
    for (const watched of [...all]) {
      const usedBytes = await usedBelow(watched.inner.pid, children);
      if (usedBytes > watched.memoryBytes && all.delete(watched)) watched.over(usedBytes);
    }
  }

  function again(): void {
    timer = setTimeout(() => {
      // A look that fails has seen nothing; the next one comes.
      void look()
        .catch(() => undefined)
        .finally(() => {
          if (all.size > 0) again();
          else timer = null;
        });
    }, LOOK_MS);
    timer.unref();
  }

  return {
    add(watched) {
      all.add(watched);
      if (timer === null) again();
      return () => void all.delete(watched);
    },
  };
}

async function availableMemory(): Promise<number> {
  return inBytes(await readFile('/proc/meminfo', 'utf8'), 'MemAvailable');
}

/** Parent to children. An orphan inside hangs below its sandbox's pid 1, so nobody leaves by losing his parent. */
async function childrenOfAll(): Promise<ReadonlyMap<number, readonly number[]>> {
  const found = await scan(async (pid) => {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const parent = parseStat(text)?.parent;
    return parent === undefined ? null : { pid, parent };
  });
  const children = new Map<number, number[]>();
  for (const { pid, parent } of found) {
    const known = children.get(parent);
    if (known) known.push(pid);
    else children.set(parent, [pid]);
  }
  return children;
}

async function usedBelow(top: number, children: ReadonlyMap<number, readonly number[]>): Promise<number> {
  const queue = [top];
  let usedBytes = 0;
  for (const pid of queue) {
    queue.push(...(children.get(pid) ?? []));
    usedBytes += ownMemory(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''));
  }
  return usedBytes;
}

/** What a process has for itself, as /proc/PID/status tells: programs and files that are mapped are not counted. */
export function ownMemory(status: string): number {
  return inBytes(status, 'RssAnon') + inBytes(status, 'RssShmem') + inBytes(status, 'VmSwap');
}

function inBytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
}
