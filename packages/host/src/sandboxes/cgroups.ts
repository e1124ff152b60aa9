/**
 * Bounds on memory, processes and CPU for a sandbox that no engine bounds: one control group per sandbox and controller,
 * beside the host in the tree, so that what bounds the host bounds its sandboxes too.
 *
 * Version 1 has a tree per controller; version 2 has one, in which a group with processes of its own can hand no controller
 * down: there the host's own group, the one above it, and the root are tried. Where nothing can be written (an ordinary user
 * without a delegated group) there is nothing here, and a watch takes over (usage-watch.ts). Version 2 was written from its
 * documentation and tried on a tree of plain files only.
 *
 * A group is named after its sandbox's mark. The kernel removes none: the end of a sandbox does, and `removeLeft` for what a
 * dead host left.
 */

import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { checkedMark } from './arguments.ts';
import type { SandboxLimits } from './port.ts';

export type Bound = 'memory' | 'pids' | 'cpu';

const BOUNDS: readonly Bound[] = ['memory', 'pids', 'cpu'];
const PERIOD_US = 100_000;
/** The kernel may need a moment to let go of what has ended. */
const REMOVE_TRIES = 20;
const REMOVE_PAUSE_MS = 5;

/** File, value, and whether a kernel may lack it (swap that is not accounted). */
type Setting = readonly [file: string, value: string, optional?: 'optional'];

const SETTINGS: Readonly<
  Record<1 | 2, (limits: SandboxLimits) => Readonly<Record<Bound, readonly Setting[]>>>
> = {
  1: ({ memoryBytes, pids, cpus }) => ({
    memory: [
      ['memory.limit_in_bytes', `${memoryBytes}`],
      ['memory.memsw.limit_in_bytes', `${memoryBytes}`, 'optional'],
    ],
    pids: [['pids.max', `${pids}`]],
    cpu: [
      ['cpu.cfs_period_us', `${PERIOD_US}`],
      ['cpu.cfs_quota_us', `${Math.floor(cpus * PERIOD_US)}`],
    ],
  }),
  2: ({ memoryBytes, pids, cpus }) => ({
    memory: [
      ['memory.max', `${memoryBytes}`],
      ['memory.swap.max', '0', 'optional'],
      ['memory.oom.group', '1', 'optional'],
    ],
    pids: [['pids.max', `${pids}`]],
    cpu: [['cpu.max', `${Math.round(cpus * PERIOD_US)} ${PERIOD_US}`]],
  }),
};

/** Where the kernel counts the processes that it ended for want of memory. */
const OOM_FILE: Readonly<Record<1 | 2, string>> = { 1: 'memory.oom_control', 2: 'memory.events' };

interface Home {
  readonly version: 1 | 2;
  readonly dir: string;
  readonly bounds: readonly Bound[];
}

export interface Cgroups {
  /** What is bounded here; the rest is for somebody else. */
  readonly bounds: ReadonlySet<Bound>;
  /** Makes the groups of a sandbox. A process that writes "0" into each of these files is in them, with all it starts. */
  make(mark: string, limits: SandboxLimits): Promise<readonly string[]>;
  /** Removes them; tells how many processes the kernel ended for want of memory. Never rejects. */
  remove(mark: string): Promise<number>;
  /** Removes those that are empty, of marks that begin so. Never rejects. */
  removeLeft(prefix: string): Promise<void>;
}

/** @param root where the trees are mounted. @param self what /proc/self/cgroup says. */
export async function findCgroups(root: string, self: string): Promise<Cgroups> {
  const homes = await findHomes(root, self);
  return {
    bounds: new Set(homes.flatMap(({ bounds }) => bounds)),
    async make(mark, limits) {
      const name = groupName(mark);
      const entrances: string[] = [];
      for (const { version, dir, bounds } of homes) {
        await mkdir(join(dir, name), { recursive: true });
        // Version 1 refuses a group more CPU than one above it has (EINVAL); version 2 takes it and holds the lesser.
        const cpus = version === 1 ? Math.min(limits.cpus, await cpusAbove(dir)) : limits.cpus;
        const settings = SETTINGS[version]({ ...limits, cpus });
        for (const setting of bounds.flatMap((bound) => settings[bound])) await set(join(dir, name), setting);
        entrances.push(join(dir, name, 'cgroup.procs'));
      }
      return entrances;
    },
    async remove(mark) {
      const counts = await Promise.all(homes.map((home) => removeGroup(home, groupName(mark))));
      return Math.max(0, ...counts);
    },
    async removeLeft(prefix) {
      for (const { dir } of homes) {
        const names = await readdir(dir).catch(() => []);
        const own = names.filter((name) => name.startsWith(groupName(prefix)));
        // One that still has processes cannot be removed: it is in use.
        await Promise.all(own.map((name) => rmdir(join(dir, name)).catch(() => undefined)));
      }
    },
  };
}

function groupName(mark: string): string {
  return `${checkedMark(mark).replaceAll(':', '-')}`;
}

async function set(group: string, [file, value, optional]: Setting): Promise<void> {
  // Only what the kernel made: a plain file of that name would bound nothing.
  await writeFile(join(group, file), value, { flag: 'r+' }).catch((error: Error) => {
    if (optional === undefined) throw error;
  });
}

/** The least CPU of this group of version 1 and of those above it; Infinity where none is bounded. */
async function cpusAbove(dir: string): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let at = dir; ; at = dirname(at)) {
    const read = (file: string) => readFile(join(at, file), 'utf8').then(Number, () => Number.NaN);
    const [quota, period] = [await read('cpu.cfs_quota_us'), await read('cpu.cfs_period_us')];
    if (quota > 0 && period > 0) least = Math.min(least, quota / period);
    if (at === dirname(at)) return least;
  }
}

async function removeGroup({ version, dir }: Home, name: string): Promise<number> {
  const text = await readFile(join(dir, name, OOM_FILE[version]), 'utf8').catch(() => '');
  for (let left = REMOVE_TRIES; left > 0; left -= 1) {
    const code = await rmdir(join(dir, name)).then(
      () => '',
      (error: NodeJS.ErrnoException) => error.code,
    );
    if (code !== 'EBUSY') break;
    await pause(REMOVE_PAUSE_MS);
  }
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function findHomes(root: string, self: string): Promise<Home[]> {
  const homes: Home[] = [];
  const lines = self
    .trim()
    .split('\n')
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  for (const bound of BOUNDS) {
    const line = lines.find((each) => each?.[1]?.split(',').includes(bound));
    if (!line?.[1] || !line[2]) continue;
    const dir = await firstWritable([join(root, line[1], line[2]), join(root, bound, line[2])]);
    if (dir !== null) homes.push({ version: 1, dir, bounds: [bound] });
  }
  const unified = lines.find((each) => each?.[1] === '')?.[2];
  if (homes.length > 0 || unified === undefined) return homes;
  for (const path of new Set([unified, dirname(unified), '/'])) {
    const dir = join(root, path);
    const bounds = await handedDown(dir);
    if (bounds.length > 0) return [{ version: 2, dir, bounds }];
  }
  return [];
}

/** What a group of version 2 hands down to groups that we may make in it. */
async function handedDown(dir: string): Promise<Bound[]> {
  if ((await firstWritable([dir])) === null) return [];
  const control = join(dir, 'cgroup.subtree_control');
  const active = async () => (await readFile(control, 'utf8').catch(() => '')).trim().split(/\s+/);
  const before = await active();
  for (const bound of BOUNDS.filter((each) => !before.includes(each))) {
    // Refused where it holds processes of its own, or lacks the controller.
    await writeFile(control, `+${bound}`, { flag: 'r+' }).catch(() => undefined);
  }
  const after = await active();
  return BOUNDS.filter((bound) => after.includes(bound));
}

async function firstWritable(dirs: readonly string[]): Promise<string | null> {
  for (const dir of dirs) {
    const may = await access(dir, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (may) return dir;
  }
  return null;
}
