/**
 * Who of an install's sandboxes runs, as /proc tells it. Shares no code with the host, which is what it judges.
 *
 * Every process is asked for its arguments, its mounts and its environment: inside a sandbox the mark is a mount, around
 * it an argument, and without a sandbox a variable. A zombie runs nothing and does not count.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { containersOf } from './engine.ts';

export interface MarkedProcess {
  readonly pid: number;
  /** Ticks since boot: together with the pid, one process. */
  readonly startTime: string;
  /** `bellhop:<install id>:<session>:<generation>`. */
  readonly mark: string;
}

export function markedProcesses(installId: string): MarkedProcess[] {
  const pattern = new RegExp(`bellhop:${installId}:[\\w-]+:\\d+`);
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const startTime = startOf(pid);
    const mark = pattern.exec(['cmdline', 'mountinfo', 'environ'].map((file) => read(pid, file)).join('\n'));
    return startTime !== null && mark ? [{ pid, startTime, mark: mark[0] }] : [];
  });
}

/** The same for containers: who runs in one is told by his cgroup, whose path holds the container's id. */
export function containedProcesses(installId: string): MarkedProcess[] {
  const containers = containersOf(installId);
  if (containers.length === 0) return [];
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    const cgroup = read(pid, 'cgroup');
    const container = containers.find(({ id }) => cgroup.includes(id));
    const startTime = startOf(pid);
    return startTime !== null && container ? [{ pid, startTime, mark: container.mark }] : [];
  });
}

export function stillRun(processes: readonly MarkedProcess[]): MarkedProcess[] {
  return processes.filter(({ pid, startTime }) => startOf(pid) === startTime);
}

/** Null when it is gone, or only its zombie is left. */
function startOf(pid: number): string | null {
  const stat = read(pid, 'stat');
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === '' || state === 'Z' || state === 'X' ? null : (rest[18] ?? null);
}

/** '' for a process that is gone, or not ours to look at. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL'].includes(code)) return '';
    throw error;
  }
}
