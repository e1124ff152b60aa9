/** Extra mounts of agents: what settings.json asks for, looked at, judged, and named so that nothing can be put in its place. */
import { type SandboxMount, SandboxUnavailable } from '../sandboxes/port.ts';
import type { Settings, ShownFolder } from '../types.ts';
import { judgeFolder } from './judge.ts';
import { lookThrough, MAX_ENTRIES, mountPoints, realOrNull } from './look.ts';
import { EXTRA_DIR, type ExtraMounts } from './port.ts';

/** @param own what is Bellhop's: no agent sees it, in part or whole. */
export function createExtraMounts(
  settings: Pick<Settings, 'mountRoots' | 'agentMounts'>,
  own: readonly string[],
): ExtraMounts {
  async function examine(name: string, wanted: ShownFolder): Promise<SandboxMount | string> {
    try {
      const path = await realOrNull(wanted.path);
      if (path === null) return 'it is not there';
      const roots = await Promise.all(settings.mountRoots.map((root) => realRoot(root)));
      const ours = await Promise.all(own.map(realOrNull));
      const facts = { roots: roots.filter((root) => root !== null), own: ours.filter((at) => at !== null) };
      const { writable } = wanted;
      const against = judgeFolder({ ...facts, path, writable, mountPoints: await mountPoints() });
      if (against !== null) return against;
      const { folder, forbidden } = await lookThrough(path, MAX_ENTRIES);
      return forbidden ?? { source: path, target: `${EXTRA_DIR}/${name}`, writable, folder };
    } catch (error) {
      return `it cannot be looked through: ${(error as Error).message}`;
    }
  }

  async function look(agentName: string): Promise<{ mounts: SandboxMount[]; refusals: string[] }> {
    // Own names only: an agent may be called like something that every object has.
    const wanted = Object.hasOwn(settings.agentMounts, agentName) ? settings.agentMounts[agentName] : {};
    const mounts: SandboxMount[] = [];
    const refusals: string[] = [];
    for (const [name, one] of Object.entries(wanted ?? {})) {
      const found = await examine(name, one);
      if (typeof found !== 'string') mounts.push(found);
      else refusals.push(`the folder ${one.path} is not shown to ${agentName}: ${found}`);
    }
    return { mounts, refusals };
  }

  return {
    async of(agentName) {
      const { mounts, refusals } = await look(agentName);
      if (refusals.length === 0) return mounts;
      throw new SandboxUnavailable(
        refusals.join('; '),
        'mend the folder, or change agentMounts or mountRoots in settings.json and restart',
      );
    },
    async refusals() {
      const looks = await Promise.all(Object.keys(settings.agentMounts).map(look));
      return looks.flatMap(({ refusals }) => refusals);
    },
  };
}

async function realRoot(root: ShownFolder): Promise<ShownFolder | null> {
  const path = await realOrNull(root.path);
  return path === null ? null : { ...root, path };
}
