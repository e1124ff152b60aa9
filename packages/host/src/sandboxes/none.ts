/**
 * No sandbox at all, for development: the command runs as a child of the host, with the host's rights and network.
 *
 * It keeps the port's promises about life and death as far as a process can: what inherits MARK_VARIABLE is found and
 * killed, daemons included; a process that empties its environment escapes. Without /proc (a Mac) only the child
 * itself is known. Every reply carries `warning`; nothing ever chooses this runtime but the person who names it.
 */

import { readIdentity, takeOver } from './adopted.ts';
import { checkedMark } from './arguments.ts';
import { launch } from './child.ts';
import { leftoversOf, type Marked, scanMarked } from './marks.ts';
import { type RunningSandbox, type SandboxRuntime, type SandboxSpec, SandboxUnavailable } from './port.ts';
import { bootId, environment, identify, type ProcessId, strike } from './processes.ts';
import { watch } from './running.ts';

/** Not bubblewrap's: its sandboxes must not look like ours. */
const MARK_VARIABLE = 'BELLHOP_UNSANDBOXED_MARK';

export interface NoneOptions {
  /** By default the host's own PATH. */
  readonly path?: string;
}

export function createNoneRuntime(options: NoneOptions = {}): SandboxRuntime {
  const path = options.path ?? process.env.PATH ?? '';
  const live = new Set<string>();

  async function start(spec: SandboxSpec): Promise<RunningSandbox> {
    const mark = checkedMark(spec.mark);
    if (live.has(mark)) throw new TypeError(`${mark} runs already`);
    const own = { PATH: path, LANG: 'C.UTF-8', ...spec.env, [MARK_VARIABLE]: mark };
    const child = await launch({
      command: spec.command,
      env: own,
      workDir: spec.workDir,
      heralded: false,
      sidePipes: 0,
      covered: [],
    }).catch((error: Error) => {
      throw new SandboxUnavailable(`start ${spec.command[0]}: ${error.message}`, 'Does this program exist?');
    });
    live.add(mark);
    // Not worth losing sight of a running child for: an identity without a process names nobody.
    const named = await identify(child.pid).catch(() => null);
    const identity = JSON.stringify({ boot: await bootId(), child: named });
    return watch({
      mark,
      identity,
      child,
      left: () => findMarked(mark),
      strike,
      gone: async () => {
        live.delete(mark);
        return null;
      },
    });
  }

  return {
    kind: 'none',
    warning: 'This agent runs outside a sandbox: it can read, change and send whatever the host can.',
    inside: (mount) => mount.source,
    selfTest: async () => ({ ok: true }),
    start,
    async adopt(mark, identity) {
      if (live.has(mark)) return null;
      const processes = await readIdentity(identity, ['child']);
      const [child] = processes ?? [];
      if (!processes || !child || !(await environment(child.pid)).includes(`${MARK_VARIABLE}=${mark}`))
        return null;
      live.add(mark);
      const left = () => findMarked(mark);
      return takeOver({
        mark,
        identity,
        processes,
        left,
        gone: async () => {
          live.delete(mark);
          return null;
        },
      });
    },
    async leftovers(installId) {
      const found = await scanMarks(`${checkedMark(`bellhop:${installId}`)}:`);
      return leftoversOf(
        found.filter(({ mark }) => !live.has(mark)),
        findMarked,
      );
    },
  };
}

async function findMarked(mark: string): Promise<ProcessId[]> {
  const found = await scanMarks(mark);
  return found.filter((each) => each.mark === mark).map(({ id }) => id);
}

function scanMarks(prefix: string): Promise<Marked[]> {
  const start = `${MARK_VARIABLE}=`;
  return scanMarked(async (pid) => {
    const entry = (await environment(pid)).find((each) => each.startsWith(start + prefix));
    return entry?.slice(start.length) ?? null;
  });
}
