/**
 * What a dead host left running: taken over, or verified gone before anything else is started, so that no session ever
 * has two sandboxes (W10).
 *
 *   open generation, runs whole under its mark -> goes on as it is
 *   everything else of this install            -> killed by its mark: half of a sandbox, one whose spawn was not
 *                                                 recorded, one of an older life, one of a quarantined session, a
 *                                                 throwaway one that rolled an outbox back
 *
 * A stopped (SIGSTOP) sandbox is whole, and is judged like one that was just started: not ready in time, it is killed
 * and charged. Not here: going on with what was taken over (lives.ts).
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Folders, makeFolder } from '../folders.ts';
import type { RunningSandbox, SandboxRuntime } from '../sandboxes/port.ts';
import { type Generation, markEnded, openGenerations } from '../store/generations.ts';
import type { Store } from '../store/port.ts';
import { sessionById } from '../store/sessions.ts';
import type { Clock, Log, Session } from '../types.ts';
import { linkName } from './link.ts';

export interface AdoptionDeps {
  readonly store: Store;
  readonly runtime: SandboxRuntime;
  readonly folders: Folders;
  readonly clock: Clock;
  readonly log: Log;
  /** Kills what runs of this install and was not taken over; resolves when it is verified gone. */
  readonly stopLeftovers: () => Promise<void>;
}

export interface Survivor {
  readonly session: Session;
  readonly generation: Generation;
  readonly sandbox: RunningSandbox;
}

export interface Inheritance {
  readonly survivors: readonly Survivor[];
  /** Ended, through no fault of their sessions unless the dead host had noted one. */
  readonly ended: readonly Generation[];
}

export async function takeInheritance(deps: AdoptionDeps): Promise<Inheritance> {
  const { store, clock, log } = deps;
  const open = await openGenerations(store.read);
  const tried = await Promise.all(open.map((generation) => survivorOf(deps, generation)));
  const survivors = tried.filter((one) => one !== null);
  await deps.stopLeftovers();
  await clearRunFolder(deps.folders, new Set(survivors.map(({ generation }) => linkName(generation))));
  const ended: Generation[] = [];
  for (const [index, g] of open.entries()) {
    if (tried[index]) continue;
    const end = { ready: false, costs: false, final: false, reason: 'the host stopped', atMs: clock.now() };
    if (g.state !== 'ended') await store.transaction((sql) => markEnded(sql, g, end));
    ended.push(g.state === 'ended' ? g : { ...g, ...end, state: 'ended' });
  }
  for (const { generation } of survivors)
    log.info('sandbox taken over', { session: generation.session, generation: generation.number });
  return { survivors, ended };
}

async function survivorOf(deps: AdoptionDeps, generation: Generation): Promise<Survivor | null> {
  if (generation.state !== 'running' || generation.identity === null) return null;
  const session = await sessionById(deps.store.read, generation.session);
  if (session?.state !== 'active') return null;
  const sandbox = await deps.runtime.adopt(generation.mark, generation.identity);
  return sandbox ? { session, generation, sandbox } : null;
}

/** The folder of a living sandbox stays the very same: it is mounted. All others have nobody to connect to them. */
async function clearRunFolder(folders: Folders, kept: ReadonlySet<string>): Promise<void> {
  const run = await makeFolder(folders, 'passage', 'run');
  for (const name of await readdir(run))
    if (!kept.has(name)) await rm(join(run, name), { recursive: true, force: true });
}
