/**
 * A sandbox that an earlier host process started and this one goes on with. It is not our child: the kernel tells us
 * neither its end nor its exit code, and its pipes broke with its parent. So its processes are looked at in /proc, two
 * reads per look.
 *
 *   whole --one of its processes is gone--> ending --what is left is killed, verified--> exited
 *   whole --kill()------------------------> ending
 *
 * Not here: whether it may be taken over at all; that is the runtime's question, asked with `readIdentity`.
 */

import { within } from './child.ts';
import { endAll, KILL_PATIENCE_MS, SandboxNotGone } from './ending.ts';
import type { RunningSandbox, SandboxExit } from './port.ts';
import { bootId, isRunning, type ProcessId, strike } from './processes.ts';

/** How late an end is seen. Fifty sandboxes cost 200 reads of /proc a second, a quarter of a percent of a core. */
const LOOK_MS = 500;

export interface Survivor {
  readonly mark: string;
  readonly identity: string;
  /** All of them must run for the sandbox to be whole. */
  readonly processes: readonly ProcessId[];
  /** What runs under its mark. */
  left(): Promise<readonly ProcessId[]>;
  /** Called once, before `exited` resolves. Says which limit it was ended for, if it was. Must not reject. */
  gone(): Promise<string | null>;
}

export function takeOver(survivor: Survivor): RunningSandbox {
  const { mark, identity } = survivor;
  const killed = Promise.withResolvers<true>();
  const exited = end(survivor, killed.promise);
  return {
    mark,
    identity,
    exited,
    async kill() {
      killed.resolve(true);
      if ((await within(KILL_PATIENCE_MS, exited)) === null) throw new SandboxNotGone(mark);
    },
  };
}

async function end(survivor: Survivor, killed: Promise<true>): Promise<SandboxExit> {
  while ((await areRunning(survivor.processes)) && !(await within(LOOK_MS, killed)));
  await endAll(() => stillThere(survivor), strike);
  return { code: null, signal: null, output: '', why: await survivor.gone() };
}

/**
 * Its known processes until they are gone, then whoever else has the mark. A dying init shows no mark any more and is no
 * zombie yet, while the kernel still ends what is inside: the mark alone would call that gone.
 */
async function stillThere({ processes, left }: Survivor): Promise<readonly ProcessId[]> {
  const running = await Promise.all(processes.map(isRunning));
  const known = processes.filter((_, index) => running[index]);
  return known.length > 0 ? known : left();
}

/** A look that fails is no end: the next one tells. */
async function areRunning(processes: readonly ProcessId[]): Promise<boolean> {
  const running = await Promise.all(processes.map((id) => isRunning(id).catch(() => true)));
  return !running.includes(false);
}

/**
 * The processes that an identity names under these keys, if all of them still run on this boot; else null. An identity
 * comes back from the store: what is not one of ours names nobody.
 */
export async function readIdentity(identity: string, keys: readonly string[]): Promise<ProcessId[] | null> {
  const named = parse(identity);
  const processes = keys.map((key) => named[key]).filter(isProcessId);
  if (processes.length !== keys.length || named.boot !== (await bootId())) return null;
  return (await areRunning(processes)) ? processes : null;
}

function parse(identity: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(identity) ?? {}) as Record<string, unknown>;
  } catch (notOurs) {
    if (notOurs instanceof SyntaxError) return {};
    throw notOurs;
  }
}

function isProcessId(value: unknown): value is ProcessId {
  const id = value as Partial<ProcessId> | null | undefined;
  return Number.isInteger(id?.pid) && typeof id?.startTime === 'string';
}
