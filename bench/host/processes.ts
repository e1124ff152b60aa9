/** What /proc tells about a process of ours: its memory and the time it ran. Linux only, as bubblewrap is. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const KIB_PER_MIB = 1024;
/** USER_HZ: fixed by the kernel's interface on all machines we run on. */
const MS_PER_TICK = 10;

export function rssMib(pid: number): number {
  const kib = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no memory: it is gone`);
  return Number(kib) / KIB_PER_MIB;
}

/** User and system time of all its threads, in milliseconds, to the tick of 10 ms. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // `pid (comm) state …`: comm may hold anything, so count from its end. utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** The runner of this session: the Node process itself, not the shells and inits that carry its words as arguments. */
export function findRunner(session: string): number {
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const [program, ...rest] = commandLine(pid);
    if (program?.endsWith('/node') && rest.some((word) => word.includes(session))) return pid;
  }
  throw new Error(`no runner of session ${session} is there`);
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    // It went while we looked.
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      (error as NodeJS.ErrnoException).code === 'ESRCH'
    )
      return [];
    throw error;
  }
}

const MS_PER_MINUTE = 60_000;

/** Milliseconds of CPU time that each group of processes takes per minute, over one window in which nothing is asked. */
export async function cpuPerMinute(
  groups: readonly (readonly number[])[],
  windowMs: number,
): Promise<number[]> {
  const used = () => groups.map((pids) => pids.reduce((sum, pid) => sum + cpuMs(pid), 0));
  const before = used();
  const from = performance.now();
  await delay(windowMs);
  const minutes = (performance.now() - from) / MS_PER_MINUTE;
  return used().map((ms, n) => (ms - (before[n] ?? 0)) / minutes);
}
