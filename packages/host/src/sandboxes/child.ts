/**
 * A child process as every runtime starts it: own session (Ctrl-C in the host's terminal does not reach it), stdin from
 * /dev/null, stdout and stderr into one bounded ring, and read-only side pipes from descriptor 3 on.
 *
 * It is not tied to the host's life: when the host dies its pipes break, and `leftovers` finds what runs on.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { PassThrough, type Readable } from 'node:stream';
import { createRing, drainAfterLine, drainInto, type Ring } from './ring.ts';

/** W18: what an operator sees of a sandbox's last words. */
export const OUTPUT_BYTES = 16 * 1024;

/** After the last process is gone its pipes close at once, unless somebody else was handed a copy of one. */
const CLOSE_PATIENCE_MS = 200;

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Child {
  readonly pid: number;
  readonly output: Ring;
  /** The pipes from descriptor 3 on, in order. */
  readonly side: readonly Readable[];
  /** stdout's first line has come; false when it closed without one. True at once when none was awaited. */
  readonly heralded: Promise<boolean>;
  /** The child itself has ended and was reaped; its descendants may live on. */
  readonly ended: Promise<ChildEnd>;
  /** SIGKILL to the child itself; nothing once it was reaped, so its pid cannot be somebody else's. */
  kill(): void;
  /** Call when nothing of it runs any more: reads what is left in the pipes, then lets go of them. */
  close(): Promise<void>;
}

export interface ChildPlan {
  readonly command: readonly string[];
  /** The whole environment: nothing of the host's own is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly workDir: string;
  /** The first line on stdout is ours: it announces the command, and does not count as output. */
  readonly heralded: boolean;
  readonly sidePipes: number;
  /** Files that the child finds open for reading on the descriptors after its pipes. */
  readonly files?: readonly string[];
  /** Descriptors that the child would inherit and must not: it gets /dev/null in their place. */
  readonly covered: readonly number[];
}

/** Resolves when the process exists; rejects with the error of spawn (ENOENT, EAGAIN, ENOMEM, EMFILE, …). */
export async function launch(plan: ChildPlan): Promise<Child> {
  const [file = '', ...rest] = plan.command;
  const nothing = await open('/dev/null', 'r+');
  const handles = [nothing];
  try {
    const pipes = Array.from({ length: 2 + plan.sidePipes }, () => 'pipe' as const);
    // Opened for each child anew: a descriptor is read to its end once.
    for (const file of plan.files ?? []) handles.push(await open(file));
    const own = [...pipes, ...handles.slice(1).map(({ fd }) => fd)];
    const top = Math.max(own.length, ...plan.covered);
    const above = Array.from({ length: top - own.length }, (_, index) =>
      plan.covered.includes(own.length + 1 + index) ? nothing.fd : ('ignore' as const),
    );
    const stdio = ['ignore' as const, ...own, ...above];
    return await attach(
      spawn(file, rest, { cwd: plan.workDir, env: { ...plan.env }, detached: true, stdio }),
      plan,
    );
  } finally {
    for (const handle of handles) await handle.close();
  }
}

async function attach(spawned: ChildProcess, { sidePipes, heralded }: ChildPlan): Promise<Child> {
  const ended = new Promise<ChildEnd>((resolve) => {
    spawned.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const closed = new Promise<void>((resolve) => {
    spawned.once('close', () => resolve());
  });
  const pid = await new Promise<number>((resolve, reject) => {
    spawned.once('spawn', () => resolve(spawned.pid ?? -1));
    spawned.once('error', reject);
  });
  // Later errors are a refused signal; whoever sent it finds the process still there.
  spawned.on('error', () => {});

  const output = createRing(OUTPUT_BYTES);
  const [stdout, stderr, ...side] = readablesOf(spawned).slice(0, 2 + sidePipes);
  if (stderr) drainInto(output, stderr);
  const herald = heralded && stdout ? drainAfterLine(output, stdout) : Promise.resolve(true);
  if (stdout && !heralded) drainInto(output, stdout);
  return {
    pid,
    output,
    side: side.map(kept),
    heralded: herald,
    ended,
    kill: () => void spawned.kill('SIGKILL'),
    close: async () => {
      await within(CLOSE_PATIENCE_MS, closed);
      for (const pipe of readablesOf(spawned)) pipe.destroy();
    },
  };
}

/**
 * What comes on a pipe before anybody reads it. Node throws away what is unread when the child exits, and a short command
 * on a busy machine is over before we come to listen.
 */
function kept(pipe: Readable): Readable {
  const through = pipe.on('error', () => pipe.destroy()).pipe(new PassThrough());
  pipe.once('close', () => through.end());
  return through;
}

function readablesOf(spawned: ChildProcess): Readable[] {
  return spawned.stdio.slice(1).filter((pipe): pipe is Readable => pipe !== null && pipe !== undefined);
}

/** The promise's value, or null after that time. The promise must not reject. */
export async function within<Value>(limitMs: number, promise: Promise<Value>): Promise<Value | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(late.resolve, limitMs, null);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
