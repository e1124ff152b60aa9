/**
 * How a bubblewrap sandbox shows its mark to whoever looks from outside (arguments.ts says why there are two).
 *
 * Only the two processes that hold a sandbox up are asked: the outer one, which lives where we live, and the init
 * inside. The agent's own processes may write into their arguments what they like, another session's mark included;
 * they end with their init.
 */

import { readFile } from 'node:fs/promises';
import { MARK_DIRECTORY, MARK_VARIABLE } from './arguments.ts';
import { type Marked, scanMarked } from './marks.ts';
import { commandLine, namespacePids, type ProcessId } from './processes.ts';

export async function findMarked(mark: string): Promise<ProcessId[]> {
  const found = await scanMarks(mark);
  return found.filter((each) => each.mark === mark).map(({ id }) => id);
}

/** The outer and inner processes of all sandboxes whose mark begins so. */
export function scanMarks(prefix: string): Promise<Marked[]> {
  return scanMarked(async (pid) => {
    const mark = await markOf(pid);
    return mark?.startsWith(prefix) ? mark : null;
  });
}

/** The mark that this process shows; null when it is none of the two. */
export async function markOf(pid: number): Promise<string | null> {
  const pids = await namespacePids(pid);
  const isInside = pids.length === 2 && pids[1] === 1;
  if (pids.length !== 1 && !isInside) return null;
  // The arguments speak for an init, too, as long as its mounts are not made: nothing of the agent runs before that.
  const inMounts = isInside
    ? markInMounts(await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => ''))
    : null;
  return inMounts ?? markInArguments(await commandLine(pid));
}

/** `… --setenv BELLHOP_MARK <mark> …`, the first of that name. */
export function markInArguments(argv: readonly string[]): string | null {
  const at = argv.indexOf(MARK_VARIABLE);
  return at > 0 && argv[at - 1] === '--setenv' ? (argv[at + 1] ?? null) : null;
}

/** The fifth field of a line of mountinfo is where it is mounted. */
export function markInMounts(mountinfo: string): string | null {
  return new RegExp(`^(?:\\S+ ){4}${MARK_DIRECTORY}/(\\S+) `, 'm').exec(mountinfo)?.[1] ?? null;
}
