/**
 * Sandboxes with Docker, or what takes the same words: podman, nerdctl.
 *
 *   spawn -> client (attached: `docker run`) ~~~ engine -> tini, pid 1 inside -> gate -> the command
 *
 * One client process lives as long as its container and carries its last words; it is the only thing that a dead host
 * loses: the container itself goes on, and the next host takes it over with a client that waits for its end. The engine is
 * asked at start and end only.
 *
 * Guarantees: `start` resolves after the sandbox stands and the command was found in it, so every fault of the engine is
 * a SandboxUnavailable and costs no try; an end is believed when the engine has no container with that mark any more;
 * it is found by label, which nothing inside can change.
 */

import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { readTimeZone } from '../../time-zone.ts';
import { checkedMark } from '../arguments.ts';
import { sandboxOwner } from '../bwrap.ts';
import { type Child, launch, within } from '../child.ts';
import { inheritedDescriptors } from '../descriptors.ts';
import { ENGINE_PATIENCE_MS, endAll, SandboxNotGone } from '../ending.ts';
import { type RunningSandbox, type SandboxRuntime, type SandboxSpec, SandboxUnavailable } from '../port.ts';
import { watch } from '../running.ts';
import { findProgram, pathInside, SYSTEM_PATH, writeEtc } from '../system.ts';
import { containerName, MARK_LABEL, runArguments } from './arguments.ts';
import { findContainers, killContainer, leftoverContainers } from './containers.ts';
import { type AskEngine, askWith, EngineError } from './engine.ts';
import { examine, testSandboxes } from './examine.ts';
import { explainEngine } from './explain.ts';
import { type AgentImage, agentImage } from './image.ts';
import { createPackageImages } from './package-images.ts';

/** From the spawn of the client to the first line from inside; a busy machine may take seconds. */
const RISE_PATIENCE_MS = 60_000;

export interface DockerOptions {
  /** Absolute. Every mount source lies inside. */
  readonly dataDir: string;
  readonly hostUid: number;
  readonly hostGid: number;
  /** Whose image it is. */
  readonly installId: string;
  /** A person asked for Docker by name: what failed before is tried again. */
  readonly insisted: boolean;
  /** Name or path of the client; by default `docker`. */
  readonly program?: string | undefined;
  /** Where it is looked up; by default the host's own PATH. */
  readonly path?: string;
  /** What the image is built from. */
  readonly base?: string | undefined;
  readonly timeZone?: string;
  /** Progress of a build. */
  readonly say: (line: string) => void;
}

/** What does not change between two starts. */
interface Ground {
  readonly dataDir: string;
  readonly etcFrom: string;
  readonly client: string;
  readonly image: AgentImage;
  readonly covered: readonly number[];
}

export function createDockerRuntime(options: DockerOptions): SandboxRuntime {
  const owner = sandboxOwner(options);
  const program = options.program ?? 'docker';
  const path = options.path ?? process.env.PATH ?? SYSTEM_PATH;
  const timeZone = options.timeZone ?? readTimeZone(process.env).name;
  const live = new Set<string>();
  // Looked at once; again after a failed start, since what it found may be gone.
  let ground: Promise<Ground> | null = null;
  /** As the self-test found out. */
  let isLimited = true;

  async function client(): Promise<string> {
    const found = await findProgram(program, path);
    if (found === null) throw new SandboxUnavailable(`there is no ${program} in ${path}`, 'install Docker');
    return found;
  }

  async function readGround(): Promise<Ground> {
    const dataDir = await realpath(options.dataDir);
    const [etcFrom, found, image, covered] = await Promise.all([
      writeEtc(dataDir, owner),
      client(),
      agentImage(options.installId, options.base),
      inheritedDescriptors(),
    ]);
    return { dataDir, etcFrom, client: found, image, covered };
  }

  async function spawn(spec: SandboxSpec, limited: boolean): Promise<Child> {
    try {
      ground ??= readGround();
      const { dataDir, etcFrom, client, image, covered } = await ground;
      const mounts = await Promise.all(
        spec.mounts.map(async ({ source, target, writable, folder }) => {
          if (folder !== undefined) return { from: source, target, writable, folder };
          return { from: join(dataDir, await pathInside(dataDir, source)), target, writable };
        }),
      );
      const plan = { spec, mounts, etcFrom, owner, timeZone, image: spec.image ?? image.tag, limited };
      const command = [client, ...runArguments(plan)];
      // The client's environment, not the container's: it says where the engine is.
      const env = process.env as Record<string, string>;
      return await launch({ command, env, workDir: '/', heralded: true, sidePipes: 0, covered });
    } catch (error) {
      // A spec against the contract is a fault of the caller; no machine can be repaired for it.
      if (error instanceof TypeError || error instanceof SandboxUnavailable) throw error;
      ground = null;
      const why = `the sandbox could not be prepared: ${(error as Error).message}`;
      throw new SandboxUnavailable(why, `ls -l ${options.dataDir}; ulimit -a`);
    }
  }

  function unavailable(words: string): SandboxUnavailable {
    ground = null;
    const { why, install } = explainEngine(words);
    return new SandboxUnavailable(why, install);
  }

  async function stand(spec: SandboxSpec, limited: boolean): Promise<RunningSandbox> {
    const { mark } = spec;
    const child = await spawn(spec, limited);
    const ask = askWith(await client());
    const left = () => findContainers(ask, mark);
    const strike = (id: string) => killContainer(ask, id);
    if ((await within(RISE_PATIENCE_MS, child.heralded)) !== true) {
      child.kill();
      await child.close();
      const words = child.output.text();
      // An engine that does not answer has not started anything, or is found by `leftovers` later.
      if (await mayHaveLeft(left)) {
        if (!(await endAll(left, strike, ENGINE_PATIENCE_MS))) throw new SandboxNotGone(mark, lookHint(mark));
      }
      throw unavailable(words || `no answer within ${RISE_PATIENCE_MS / 1000} s`);
    }
    return watch({
      mark,
      identity: await identify(ask, mark),
      child,
      left,
      strike,
      gone: async () => {
        live.delete(mark);
        return null;
      },
      lookHint: lookHint(mark),
    });
  }

  async function start(spec: SandboxSpec, limited: boolean): Promise<RunningSandbox> {
    if (live.has(spec.mark)) throw new TypeError(`${spec.mark} runs already`);
    live.add(spec.mark);
    try {
      return await stand(spec, limited);
    } catch (error) {
      live.delete(spec.mark);
      throw error;
    }
  }

  /** A client that waits for its end stands in for the one that died with its host. */
  async function takeOver(
    found: string,
    ask: AskEngine,
    mark: string,
    identity: string,
  ): Promise<RunningSandbox> {
    const command = [found, 'wait', containerName(mark)];
    const env = process.env as Record<string, string>;
    const covered = await inheritedDescriptors();
    const child = await launch({ command, env, workDir: '/', heralded: false, sidePipes: 0, covered });
    const sandbox = watch({
      mark,
      identity,
      child,
      left: () => findContainers(ask, mark),
      strike: (id) => killContainer(ask, id),
      gone: async () => {
        live.delete(mark);
        return null;
      },
      lookHint: lookHint(mark),
    });
    // What the waiting client says is not what the sandbox said.
    return {
      ...sandbox,
      exited: sandbox.exited.then(() => ({ code: null, signal: null, output: '', why: null })),
    };
  }

  const images = createPackageImages({
    dataDir: options.dataDir,
    ask: async () => askWith(await client()),
    base: () => agentImage(options.installId, options.base),
    test: (image) => testSandboxes({ ...options, owner }, (spec) => start({ ...spec, image }, isLimited)),
  });

  return {
    kind: 'docker',
    images,
    warning: null,
    inside: (mount) => mount.target,
    async selfTest() {
      const found = await findProgram(program, path);
      if (found === null) {
        return {
          ok: false,
          why: `the program ${program} is missing`,
          install: 'install Docker',
          absent: true,
        };
      }
      const image = await agentImage(options.installId, options.base);

      const verdict = await examine({ ...options, owner, ask: askWith(found), image, start });
      isLimited = verdict.limited;
      return verdict.result;
    },
    start: (spec) => start(spec, isLimited),
    async adopt(mark, identity) {
      if (live.has(mark)) return null;
      const found = await findProgram(program, path);
      if (found === null) return null;
      const ask = askWith(found);
      // The label is not asked for: the name is made from the mark, and the id says that it is the very same.
      if (!(await isRunning(ask, mark, identity))) return null;
      live.add(mark);
      return takeOver(found, ask, mark, identity).catch(() => {
        // Without a client there is nobody to tell its end: it is left to `leftovers`.
        live.delete(mark);
        return null;
      });
    },
    async leftovers(installId) {
      checkedMark(`bellhop:${installId}`);
      const found = await findProgram(program, path);
      // Without a client there is no asking; nor was there for whoever could have left something.
      if (found === null) return [];
      const left = await leftoverContainers(askWith(found), installId);
      return left.filter(({ mark }) => !live.has(mark));
    },
  };
}

/** Who that is: full id and the moment it was started. A command that was over before we looked has only its name. */
async function identify(ask: AskEngine, mark: string): Promise<string> {
  const format = '{"id":{{json .Id}},"startedAt":{{json .State.StartedAt}}}';
  const name = containerName(mark);
  return ask(['inspect', '--format', format, name]).catch(() => JSON.stringify({ name }));
}

/** An engine that does not answer cannot tell, so it is not. */
async function isRunning(ask: AskEngine, mark: string, identity: string): Promise<boolean> {
  if (!identity.includes('"startedAt"') || (await identify(ask, mark)) !== identity) return false;
  const state = await ask(['inspect', '--format', '{{.State.Running}}', containerName(mark)]).catch(() => '');
  return state.trim() === 'true';
}

async function mayHaveLeft(left: () => Promise<readonly string[]>): Promise<boolean> {
  try {
    return (await left()).length > 0;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}

function lookHint(mark: string): string {
  return `docker ps --all --filter label=${MARK_LABEL}=${mark}`;
}
