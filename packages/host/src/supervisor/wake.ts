/**
 * Starting one generation: intent on disk, link, mailbox made ready, sandbox.
 *
 * The intent comes first and carries the mark by which a later host finds what this one left running.
 */
import { join } from 'node:path';
import { point } from '@bellhop/mailbox';
import type { RunnerConfig } from '@bellhop/runner/protocol';
import { EGRESS_SOCKET, type Egress, TRUST } from '../egress/port.ts';
import type { Folders } from '../folders.ts';
import type { AgentModel, Models } from '../model/port.ts';
import type { ExtraMounts } from '../mounts/port.ts';
import type { AgentImages } from '../packages/port.ts';
import type { RunningSandbox, SandboxMount, SandboxRuntime } from '../sandboxes/port.ts';
import type { Mailboxes } from '../sessions/port.ts';
import { limitsOf } from '../settings.ts';
import { type AgentSkills, type ShownSkill, SKILLS_INSIDE } from '../skills/port.ts';
import { agentById } from '../store/agents.ts';
import { type Generation, intendGeneration, markRunning } from '../store/generations.ts';
import type { Store } from '../store/port.ts';
import type { Agent, Clock, Log, Session, Settings } from '../types.ts';
import type { Awake } from './awake.ts';
import { type HeardFrame, openLink, SOCKET_NAME } from './link.ts';
import { trustVariables } from './trust.ts';

const MIB = 1024 * 1024;
const UPGRADE_MS_PER_MIB = 500;
/** A longer one is refused before it comes to this (host.ts). */
const MAX_UPGRADE_BYTES = 4 * 1024 * MIB;

export interface WakeDeps {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly runtime: SandboxRuntime;
  readonly egress: Egress;
  readonly models: Pick<Models, 'of'>;
  readonly extraMounts: Pick<ExtraMounts, 'of'>;
  readonly packages: AgentImages;
  readonly skills: AgentSkills;
  readonly log: Log;
  readonly folders: Folders;
  readonly clock: Clock;
  readonly settings: Settings;
  /** `bellhop:<install id>:`. */
  readonly markPrefix: string;
  /** The folder with `node` and the runner's bundles. */
  readonly runnerDir: string;
  /** IANA name, for TZ inside. */
  readonly zone: string;
}

export async function intend(deps: WakeDeps, session: Session): Promise<Generation> {
  return deps.store.transaction((sql) =>
    intendGeneration(sql, session.id, deps.markPrefix, deps.clock.now()),
  );
}

/** Fills `awake` and returns the sandbox once its process exists. Rejects with SandboxUnavailable. */
export async function startGeneration(
  deps: WakeDeps,
  session: Session,
  awake: Awake,
  onFrame: (frame: HeardFrame) => void,
): Promise<RunningSandbox> {
  const { generation } = awake;
  const agent = await agentOf(deps, session);
  const extra = await deps.extraMounts.of(agent.name);
  const skills = await deps.skills.of(agent.id);
  await deps.mailboxes.make(session);
  const { channel, chat, thread } = session;
  // Opening also rolls back what a dead host left half-written: nobody could read the file until then.
  await deps.mailboxes.inbound(session, (mailbox) =>
    mailbox.prepare({ channel, chat, thread }, [
      { name: 'here', displayName: null, type: 'channel', channel, chat, agentId: null },
    ]),
  );
  const link = await openLink(deps.folders, generation, onFrame);
  awake.attach(link);
  // Before the sandbox: who cannot be watched on its way out does not come in.
  const way = { dir: link.dir, using: await openDoor(deps, session, agent, awake, link.dir) };
  point('host.intended');
  const sandbox = await deps.runtime.start(
    toSpec(deps, session, agent, generation, 'run', way, extra, skills),
  );
  point('host.spawned');
  awake.started(sandbox);
  try {
    await deps.store.transaction((sql) => markRunning(sql, session.id, generation.number, sandbox.identity));
  } catch (error) {
    // It runs, and its intent is on disk under its mark: that is enough to find it again.
    deps.log.warn('generation not marked as running', { session: session.id, error: String(error) });
  }
  return sandbox;
}

/** The way out of a generation, which goes with it. Rejects with SandboxUnavailable. */
async function openDoor(
  deps: WakeDeps,
  session: Session,
  agent: Agent,
  awake: Awake,
  dir: string,
): Promise<AgentModel> {
  const using = deps.models.of(agent);
  const { number } = awake.generation;
  const door = { dir, session: session.id, agent: agent.id, generation: number, endpoint: using.endpoint };
  awake.attachDoor(await deps.egress.open(door));
  return using;
}

/** The same for a sandbox of a dead host, whose way out went with that host. Never rejects: without it, it is ended. */
export async function openDoorAgain(
  deps: WakeDeps,
  session: Session,
  awake: Awake,
  dir: string,
): Promise<void> {
  try {
    await openDoor(deps, session, await agentOf(deps, session), awake, dir);
  } catch (error) {
    deps.log.warn('no way out', { session: session.id, error: String(error) });
    awake.stop('its way out could not be opened again', false, 0);
  }
}

/**
 * Rolls a dead runner's half-written commit back, in a throwaway sandbox: no process with the host's rights opens an
 * agent-written file for writing (M11). Resolves when it is over, whatever came of it.
 */
export async function recoverOutbound(
  deps: WakeDeps,
  session: Session,
  generation: Generation,
  stopping: AbortSignal,
): Promise<void> {
  const agent = await agentOf(deps, session);
  const limitMs = deps.settings.readyTimeoutMs + upgradeMs(await deps.mailboxes.outboundBytes(session));
  const sandbox = await deps.runtime.start(toSpec(deps, session, agent, generation, 'recover', null, [], []));
  // One that cannot be killed now is killed by its mark at the next start; until then its end is waited for.
  const kill = () => void sandbox.kill().catch(() => undefined);
  const cancel = deps.clock.after(limitMs, kill);
  // What is cut off is begun anew: a host that stops does not wait minutes for an old outbox.
  stopping.addEventListener('abort', kill);
  if (stopping.aborted) kill();
  await sandbox.exited;
  stopping.removeEventListener('abort', kill);
  cancel();
}

/** For an outbox of NanoClaw's, which may be long: measured at 5 to 40 ms for each MiB. */
function upgradeMs(bytes: number): number {
  return Math.ceil(Math.min(bytes, MAX_UPGRADE_BYTES) / MIB) * UPGRADE_MS_PER_MIB;
}

/** What this session's sandbox can write to, and how much it may all hold. */
export async function diskAllowance(
  deps: WakeDeps,
  session: Session,
): Promise<{ readonly folders: readonly string[]; readonly maxBytes: number }> {
  const { outDir, workDir, memoryDir } = deps.mailboxes.paths(session);
  const agent = await agentOf(deps, session);
  return { folders: [outDir, workDir, memoryDir], maxBytes: limitsOf(deps.settings, agent.name).diskBytes };
}

async function agentOf(deps: WakeDeps, session: Session): Promise<Agent> {
  const agent = await agentById(deps.store.read, session.agentId);
  if (!agent) throw new Error(`session ${session.id} belongs to an agent that is not there`);
  return agent;
}

function toSpec(
  deps: WakeDeps,
  session: Session,
  agent: Agent,
  generation: Generation,
  mode: RunnerConfig['mode'],
  way: { readonly dir: string; readonly using: AgentModel } | null,
  extra: readonly SandboxMount[],
  skills: readonly ShownSkill[],
): Parameters<SandboxRuntime['start']>[0] {
  const { inDir, outDir, workDir, memoryDir, homeDir } = deps.mailboxes.paths(session);
  const mounts: SandboxMount[] = [];
  const mount = (source: string, target: string, writable: boolean): string => {
    const added = { source, target, writable };
    mounts.push(added);
    return deps.runtime.inside(added);
  };
  const program = mount(deps.runnerDir, '/bellhop', false);
  const runDir = way && mount(way.dir, '/run/bellhop', false);
  // Written by the egress process before it is ready, and so before any door was opened.
  const trusted = way && mount(join(deps.folders.dataDir, TRUST), '/run/bellhop-trust', false);
  const inside = {
    inDir: mount(inDir, '/workspace/in', false),
    outDir: mount(outDir, '/workspace/out', true),
    workDir: mount(workDir, '/workspace/agent', true),
    memoryDir: mount(memoryDir, '/workspace/memory', true),
    // The folder, not AGENT.md itself: an editor that saves by renaming would leave the old file mounted.
    homeDir: mount(homeDir, '/workspace/home', false),
    socketPath: runDir === null ? '' : `${runDir}/${SOCKET_NAME}`,
    egressSocketPath: runDir === null ? '' : `${runDir}/${EGRESS_SOCKET}`,
  };
  mounts.push(...extra);
  const config: RunnerConfig = {
    ...inside,
    extraDirs: extra.map((one) => ({ path: deps.runtime.inside(one), writable: one.writable })),
    skills: skills.map(({ name, description, folder }) => ({
      name,
      description,
      path: mount(folder, `${SKILLS_INSIDE}/${name}`, false),
    })),
    session: session.id,
    generation: generation.number,
    harness: way?.using.harness ?? agent.harness,
    model: way?.using.config ?? null,
    agentName: agent.name,
    batchSize: deps.settings.batchSize,
    contextRows: deps.settings.contextRows,
    maxFileBytes: deps.settings.maxFileBytes,
    mode,
  };
  const bundle = config.mode === 'run' && config.harness === 'light' ? 'runner-light.mjs' : 'runner.mjs';
  // A throwaway sandbox runs nothing of the agent's.
  const image = config.mode === 'run' ? deps.packages.imageOf(agent.id) : null;
  return {
    ...(image === null ? {} : { image }),
    mark: generation.mark,
    mounts,
    workDir: inside.workDir,
    env: { TZ: deps.zone, ...(trusted === null ? {} : trustVariables(trusted)) },
    limits: limitsOf(deps.settings, agent.name),
    command: [`${program}/node`, '--max-semi-space-size=1', `${program}/${bundle}`, JSON.stringify(config)],
  };
}
