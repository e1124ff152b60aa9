/**
 * Who runs: processes as /proc shows them.
 *
 * A pid alone names nobody, since the kernel gives it away again; pid and start time (field 22 of /proc/PID/stat, in
 * ticks since boot) name one process of one boot. A zombie counts as gone: it runs nothing, and where the machine's
 * pid 1 does not reap, it would stay for ever. The init of a pid namespace turns into a zombie only after the kernel
 * has ended everything in its namespace, so its end is the end of the sandbox.
 *
 * Between the look at a start time and the signal lies a gap that only a pidfd would close, which Node does not offer;
 * the kernel would have to hand out all other pids in that moment.
 */

import { readdir, readFile } from 'node:fs/promises';

export interface ProcessId {
  readonly pid: number;
  /** Ticks since boot, as /proc writes it. */
  readonly startTime: string;
}

/** How many processes are looked at at once: each holds a descriptor. */
const SCAN_WIDTH = 32;

/** `pid (comm) state ppid …`: comm may hold spaces and parentheses, so count from the last one. */
export function parseStat(
  text: string,
): { readonly state: string; readonly parent: number; readonly startTime: string } | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTime = fields[19];
  return state && startTime ? { state, parent: Number(fields[1]), startTime } : null;
}

/** The process that has this pid now, or null when none does or only its zombie is left. */
export async function identify(pid: number): Promise<ProcessId | null> {
  const stat = parseStat((await readProc(pid, 'stat')) ?? '');
  return stat === null || stat.state === 'Z' || stat.state === 'X'
    ? null
    : { pid, startTime: stat.startTime };
}

export async function isRunning(id: ProcessId): Promise<boolean> {
  return (await identify(id.pid))?.startTime === id.startTime;
}

/** SIGKILL, if it is still the same process. It ends stopped ones too. */
export async function strike(id: ProcessId): Promise<void> {
  if (!(await isRunning(id))) return;
  try {
    process.kill(id.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ESRCH: it went by itself.
  }
}

export async function commandLine(pid: number): Promise<readonly string[]> {
  return ((await readProc(pid, 'cmdline')) ?? '').split('\0');
}

/** `NAME=value` strings of the process's first environment; empty when they are not ours to read. */
export async function environment(pid: number): Promise<readonly string[]> {
  return ((await readProc(pid, 'environ')) ?? '').split('\0');
}

/** Its pids, from our pid namespace inwards: one entry for a process beside us, more for one inside a sandbox. */
export async function namespacePids(pid: number): Promise<readonly number[]> {
  const line = /^NSpid:\s*(.*)$/m.exec((await readProc(pid, 'status')) ?? '')?.[1];
  return line ? line.trim().split(/\s+/).map(Number) : [];
}

/** All answers that are not null, one question per process. Without /proc (a Mac) there are none. */
export async function scan<Found>(look: (pid: number) => Promise<Found | null>): Promise<Found[]> {
  const names = await readdir('/proc').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const pids = names.map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const found: Found[] = [];
  for (let from = 0; from < pids.length; from += SCAN_WIDTH) {
    const answers = await Promise.all(pids.slice(from, from + SCAN_WIDTH).map(look));
    for (const answer of answers) if (answer !== null) found.push(answer);
  }
  return found;
}

export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown')).trim();
}

/** null: the process is gone, or it is somebody else's and none of our business. */
async function readProc(pid: number, file: string): Promise<string | null> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(code)) return null;
    throw error;
  }
}
