/**
 * Sandboxes with bubblewrap: one process chain, no daemon, no image.
 *
 *   spawn -> (root: private mounts, then an ordinary user) -> bwrap -> its init, pid 1 inside -> the command
 *            '---------------- outer: one pid ----------------'        '- inner -'
 *
 * Guarantees: `start` resolves after the sandbox stands and the command was found in it, so every fault of the runtime
 * is a SandboxUnavailable and costs no try; killing the inner ends everything inside, daemons and stopped processes
 * too (the kernel does that at the end of a pid namespace), whereas the outer alone would leave it alive; nobody is
 * killed by pid without his start time.
 *
 * Its limits are bounds.ts's; where the machine cannot hold one, the self-test says so.
 */

import { realpath } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { readTimeZone } from '../time-zone.ts';
import { readIdentity, takeOver } from './adopted.ts';
import {
  asOrdinaryUser,
  type BwrapPlan,
  bwrapArguments,
  checkedMark,
  DATA_VIEW,
  enterGroups,
  type Owner,
} from './arguments.ts';
import { createBounds } from './bounds.ts';
import { findMarked, markOf, scanMarks } from './bwrap-marks.ts';
import { type Child, launch, within } from './child.ts';
import { inheritedDescriptors } from './descriptors.ts';
import { endAll, KILL_PATIENCE_MS, SandboxNotGone } from './ending.ts';
import { explain, gatherFacts } from './explain.ts';
import { leftoversOf } from './marks.ts';
import { type RunningSandbox, type SandboxRuntime, type SandboxSpec, SandboxUnavailable } from './port.ts';
import { bootId, isRunning, type ProcessId, strike } from './processes.ts';
import { rise } from './rise.ts';
import { watch } from './running.ts';
import { runSelfTest } from './selftest.ts';
import {
  findProgram,
  makeStage,
  pathInside,
  readLayout,
  SYSTEM_PATH,
  writeEtc,
  writeFilter,
} from './system.ts';

/** Who a sandbox is when the host is root. */
const FIXED_ID = 1000;
/** How long the outer process may take to follow its inner one; a stopped one never does. */
const FOLLOW_MS = 100;

export interface BwrapOptions {
  /** Absolute; mode 0711 when the host is root. Every mount source lies inside. */
  readonly dataDir: string;
  readonly hostUid: number;
  readonly hostGid: number;
  /** Where bubblewrap is looked up; by default the host's own PATH. */
  readonly path?: string;
  /** Name or path of bubblewrap; by default `bwrap`. */
  readonly bwrap?: string;
  /** Where control groups are mounted; by default the system's place. */
  readonly cgroupRoot?: string;
  /** Zone that the sandbox's clock shows; by default the host's. */
  readonly timeZone?: string;
}

/** Who owns what a sandbox writes: the host's own user, or a fixed one when the host is root. */
export function sandboxOwner(host: { readonly hostUid: number; readonly hostGid: number }): Owner {
  return host.hostUid === 0 ? { uid: FIXED_ID, gid: FIXED_ID } : { uid: host.hostUid, gid: host.hostGid };
}

/** For the self-test. */
const WORDS = {
  name: 'bubblewrap',
  install: 'use another bubblewrap (0.8.0 or newer, as the system ships it)',
  bounded: false,
};

/**
 * The inner one is reaped by its own parent then. Orphaned it would wait for the machine's pid 1, which in a container may
 * never reap; on older kernels a dead process that nobody has reaped keeps its control group from being removed.
 */
async function killInsideOut(child: Child, inner: ProcessId): Promise<void> {
  // One that cannot be killed now is struck again by whoever waits for its end.
  await strike(inner).catch(() => undefined);
  if ((await within(FOLLOW_MS, child.ended)) === null) child.kill();
}

/** What does not change between two starts. */
interface Ground extends Pick<BwrapPlan, 'system' | 'etcFrom'> {
  readonly dataDir: string;
  readonly bwrap: string;
  readonly covered: readonly number[];
  readonly filter: string;
}

export function createBwrapRuntime(options: BwrapOptions): SandboxRuntime {
  const owner = sandboxOwner(options);
  const hostIsRoot = options.hostUid === 0;
  const wanted = options.bwrap ?? 'bwrap';
  const path = options.path ?? process.env.PATH ?? SYSTEM_PATH;
  const timeZone = options.timeZone ?? readTimeZone(process.env).name;
  const live = new Set<string>();
  const bounds = createBounds(options.cgroupRoot ?? '/sys/fs/cgroup');
  const countsInside = countsProcessesInside(release());
  // Looked at once; again after a failed start, since what it found may be gone.
  let ground: Promise<Ground> | null = null;

  const view = (dataDir: string, inside: string) => join(hostIsRoot ? DATA_VIEW : dataDir, inside);

  async function readGround(): Promise<Ground> {
    const dataDir = await realpath(options.dataDir);
    const etc = await writeEtc(dataDir, owner);
    const [system, covered, filter, bwrap] = await Promise.all([
      readLayout(),
      inheritedDescriptors(),
      writeFilter(dataDir, process.arch),
      findProgram(wanted, path),
    ]);
    const etcFrom = view(dataDir, await pathInside(dataDir, etc));
    // Not left to spawn: it would look in SYSTEM_PATH, which is not where the operator said.
    if (bwrap === null) throw new Error(`there is no ${wanted} in ${path}`);
    return { dataDir, system, covered, filter, etcFrom, bwrap };
  }

  async function unavailable(output: string, code: string | null): Promise<SandboxUnavailable> {
    ground = null;
    const attempt = { output, code, hostIsRoot, dataDir: options.dataDir, bwrap: wanted, path };
    const { why, install, lacks } = explain(await gatherFacts(attempt));
    return new SandboxUnavailable(why, install, lacks);
  }

  async function commandFor(
    spec: SandboxSpec,
    { dataDir, system, etcFrom, bwrap }: Ground,
  ): Promise<readonly string[]> {
    const shown: (readonly [from: string, at: string])[] = [];
    const shownAt = async (source: string): Promise<string> => {
      if (!hostIsRoot) return source;
      const inside = join('sandbox', 'shown', `${shown.length}`);
      shown.push([source, join(dataDir, inside)]);
      await makeStage(join(dataDir, inside));
      return view(dataDir, inside);
    };
    const mounts = await Promise.all(
      spec.mounts.map(async ({ source, target, writable, folder }) => {
        if (folder !== undefined) return { from: await shownAt(source), target, writable, folder };
        return { from: view(dataDir, await pathInside(dataDir, source)), target, writable };
      }),
    );
    const plan = { spec, mounts, system, etcFrom, owner, timeZone, countsInside };
    const argv = [bwrap, ...bwrapArguments(plan)];
    const entrances = await bounds.prepare(spec.mark, spec.limits);
    return hostIsRoot ? asOrdinaryUser(dataDir, owner, entrances, argv, shown) : enterGroups(entrances, argv);
  }

  async function spawn(spec: SandboxSpec): Promise<Child> {
    try {
      ground ??= readGround();
      const known = await ground;
      const command = await commandFor(spec, known);
      // PATH alone: bubblewrap's init keeps this environment, and inside anybody can read /proc/1/environ.
      const env = { PATH: SYSTEM_PATH };
      return await launch({
        command,
        env,
        workDir: '/',
        heralded: false,
        sidePipes: 2,
        files: [known.filter],
        covered: known.covered,
      });
    } catch (error) {
      // A spec against the contract is a fault of the caller; no machine can be repaired for it.
      if (error instanceof TypeError) throw error;
      throw await unavailable(String(error), (error as NodeJS.ErrnoException).code ?? null);
    }
  }

  async function stand(spec: SandboxSpec): Promise<RunningSandbox> {
    const { mark } = spec;
    const child = await spawn(spec);
    const risen = await rise(child);
    if (typeof risen === 'string') {
      child.kill();
      if (!(await endAll(() => findMarked(mark), strike, KILL_PATIENCE_MS))) throw new SandboxNotGone(mark);
      await child.close();
      throw await unavailable(child.output.text() || risen, null);
    }
    const { outer, inner } = risen;
    const { memoryBytes } = spec.limits;
    if (inner !== null) await bounds.hold(mark, inner, memoryBytes);
    return watch({
      mark,
      identity: JSON.stringify({ memoryBytes, boot: await bootId(), outer, inner }),
      child: inner === null ? child : { ...child, kill: () => void killInsideOut(child, inner) },
      // A command that was over before we looked has left no inner to name: then only the mark can tell.
      left: inner === null ? () => findMarked(mark) : async () => ((await isRunning(inner)) ? [inner] : []),
      strike,
      gone: () => gone(mark),
    });
  }

  async function gone(mark: string): Promise<string | null> {
    const why = await bounds.release(mark);
    live.delete(mark);
    return why;
  }

  async function start(spec: SandboxSpec): Promise<RunningSandbox> {
    if (live.has(spec.mark)) throw new TypeError(`${spec.mark} runs already`);
    live.add(spec.mark);
    try {
      return await stand(spec);
    } catch (error) {
      // While something of it runs, its groups stay: they cannot be removed, and still hold it.
      await gone(spec.mark);
      throw error;
    }
  }

  return {
    kind: 'bwrap',
    warning: null,
    inside: (mount) => mount.target,
    async selfTest() {
      const result = await runSelfTest({ start, dataDir: options.dataDir, owner, hostIsRoot, ...WORDS });
      const warnings = await bounds.warnings();
      return result.ok && warnings.length > 0 ? { ok: true, warnings } : result;
    },
    start,
    async adopt(mark, identity) {
      if (live.has(mark)) return null;
      // Both: without its outer process nobody reaps what ends inside, without its inner one there is no inside.
      const processes = await readIdentity(identity, ['outer', 'inner']);
      const marks = await Promise.all((processes ?? []).map(({ pid }) => markOf(pid)));
      if (processes === null || marks.some((shown) => shown !== mark)) return null;
      live.add(mark);
      const left = () => findMarked(mark);
      const [, inner] = processes;
      const memoryBytes = Number((JSON.parse(identity) as { memoryBytes?: unknown }).memoryBytes);
      if (inner && memoryBytes > 0) await bounds.hold(mark, inner, memoryBytes);
      return takeOver({ mark, identity, processes, left, gone: () => gone(mark) });
    },
    async leftovers(installId) {
      const prefix = `${checkedMark(`bellhop:${installId}`)}:`;
      const found = await scanMarks(prefix);
      await bounds.releaseLeft(prefix);
      const foreign = found.filter(({ mark }) => !live.has(mark));
      return leftoversOf(foreign, findMarked).map(({ mark, kill }) => ({
        mark,
        kill: async () => {
          await kill();
          await bounds.release(mark);
        },
      }));
    },
  };
}

/** From Linux 5.14 on; an older kernel counts all that the user has on the machine, the host's other sandboxes too. */
export function countsProcessesInside(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  return major > 5 || (major === 5 && minor >= 14);
}
