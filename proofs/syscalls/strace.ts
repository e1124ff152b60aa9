/** One run of a step under strace: to see which calls it makes, or to die at the n-th of one kind. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NODE } from '../../tests/e2e/house/machine.ts';

/** Everything by which a process can change a file or make a change durable, and the names that a platform may lack. */
export const CALLS = [
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  'pwritev2',
  'copy_file_range',
  'sendfile',
  'ftruncate',
  'fallocate',
  'fsync',
  'fdatasync',
  'msync',
  'unlink',
  'unlinkat',
  'rename',
  'renameat',
  'renameat2',
  'link',
  'linkat',
  'mkdir',
  'mkdirat',
  'chmod',
  'fchmod',
  'fchmodat',
] as const;

/** Longer than any step takes; only so that a hang has a name. */
const TIMEOUT_MS = 60_000;
const ACT = join(import.meta.dirname, 'act.ts');

export interface Ran {
  readonly signal: NodeJS.Signals | null;
  readonly status: number | null;
  readonly stderr: string;
}

/**
 * The kinds of calls that the step makes on files below its folder, each with how many one thread makes at most, on
 * whatever: the walk's numbers are a thread's.
 */
export function callsOf(operation: string, dir: string): ReadonlyMap<string, number> {
  const log = `${dir}.trace`;
  const ran = strace(['-y', '-o', log, '-e', `trace=${CALLS.join(',')}`], operation, dir);
  if (ran.status !== 0) throw new Error(`${operation} fails without being killed: ${ran.stderr}`);
  const calls = readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, thread = '', call = ''] = /^(\d+)\s+(\w+)\(/.exec(line) ?? [];
      return call === '' ? [] : [{ thread, call, isOurs: line.includes(dir) }];
    });
  const kinds = new Set(calls.filter(({ isOurs }) => isOurs).map(({ call }) => call));
  const most = (kind: string) => {
    const byThread = Map.groupBy(
      calls.filter(({ call }) => call === kind),
      ({ thread }) => thread,
    );
    return Math.max(...[...byThread.values()].map((all) => all.length));
  };
  return new Map([...kinds].map((kind) => [kind, most(kind)]));
}

/** Runs the step once, unseen and unharmed: what Node compiles it keeps beside the folder, and writes no more in later runs. */
export function warmUp(operation: string, dir: string): void {
  const { status, stderr } = spawnSync(NODE, [ACT, operation, dir], {
    env: environment(dir),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${operation} fails without being watched: ${stderr}`);
}

/** Kills it as it enters the n-th call of this kind, in whichever thread that comes first. */
export function dieAt(call: string, n: number, operation: string, dir: string): Ran {
  const inject = `inject=${call}:signal=KILL:when=${n}`;
  return strace(['-o', '/dev/null', '-e', `trace=${call}`, '-e', inject], operation, dir);
}

function strace(args: readonly string[], operation: string, dir: string): Ran {
  // Not --seccomp-bpf, which is faster: with it strace 6.1 injects nothing.
  const all = ['-f', '-qq', ...args, NODE, ACT, operation, dir];
  const options = { env: environment(dir), encoding: 'utf8', timeout: TIMEOUT_MS } as const;
  const { signal, status, stderr } = spawnSync('strace', all, options);
  return { signal, status, stderr };
}

function environment(dir: string): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  return { ...env, NODE_COMPILE_CACHE: join(dirname(dir), 'compiled') };
}
