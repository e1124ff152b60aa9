/**
 * What both runtimes hand out for a started child: the end is told once, and only when nothing runs any more.
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
import type { ProcessId } from './processes.ts';

export interface Watched {
  readonly mark: string;
  readonly identity: string;
  readonly child: Child;
  /** What of this sandbox still runs, beside the child itself. */
  left(): Promise<readonly ProcessId[]>;
  /** Called once, before `exited` resolves. */
  gone(): void;
}

export function watch(sandbox: Watched): RunningSandbox {
  const exited = end(sandbox);
  return {
    mark: sandbox.mark,
    identity: sandbox.identity,
    exited,
    async kill() {
      sandbox.child.kill();
      if ((await within(KILL_PATIENCE_MS, exited)) === null) throw new SandboxNotGone(sandbox.mark);
    },
  };
}

async function end(sandbox: Watched): Promise<SandboxExit> {
  const { code, signal } = await sandbox.child.ended;
  await endAll(sandbox.left);
  await sandbox.child.close();
  sandbox.gone();
  return { code, signal, output: sandbox.child.output.text() };
}
