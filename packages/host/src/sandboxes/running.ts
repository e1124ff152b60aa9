/**
 * What every runtime hands out for a started child: the end is told once, and only when nothing runs any more.
 *
 *   running --child exits by itself--> ending --what it left behind is killed, verified--> exited
 *   running --kill()-----------------> ending
 *
 * `kill` only strikes the child; the rest follows the same road as an exit, so there is one place that verifies.
 * When something will not die, `exited` stays open (the session must not get a second sandbox) and `kill` rejects.
 */

import { type Child, within } from './child.ts';
import { endAll, KILL_PATIENCE_MS, SandboxNotGone } from './ending.ts';
import type { RunningSandbox, SandboxExit } from './port.ts';

export interface Watched<One> {
  readonly mark: string;
  readonly identity: string;
  readonly child: Child;
  /** What of this sandbox still runs, beside the child itself. */
  left(): Promise<readonly One[]>;
  strike(one: One): Promise<void>;
  /** What an operator types to see what will not go; by default a look at the processes. */
  readonly lookHint?: string;
  /** Called once, before `exited` resolves. Says which limit it was ended for, if it was. Must not reject. */
  gone(): Promise<string | null>;
}

export function watch<One>(sandbox: Watched<One>): RunningSandbox {
  const exited = end(sandbox);
  return {
    mark: sandbox.mark,
    identity: sandbox.identity,
    exited,
    async kill() {
      sandbox.child.kill();
      if ((await within(KILL_PATIENCE_MS, exited)) === null)
        throw new SandboxNotGone(sandbox.mark, sandbox.lookHint);
    },
  };
}

async function end<One>(sandbox: Watched<One>): Promise<SandboxExit> {
  const { code, signal } = await sandbox.child.ended;
  await endAll(sandbox.left, sandbox.strike);
  await sandbox.child.close();
  return { code, signal, output: sandbox.child.output.text(), why: await sandbox.gone() };
}
