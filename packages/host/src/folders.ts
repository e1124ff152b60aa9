/**
 * Folders below the data folder, with the rights that each needs.
 *
 * A host that is not root runs its sandboxes as itself: everything is private (0700). A root host runs them as a fixed
 * user: the way to a shared folder can be walked but not listed (0711), `shared` folders can be read by that user's
 * group (2750), `owned` ones belong to it.
 */
import { constants } from 'node:fs';
import { chmod, chown, mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface SandboxUser {
  readonly uid: number;
  readonly gid: number;
}

export interface Folders {
  readonly dataDir: string;
  /** The user inside the sandbox when the host must hand things over to it; null when it is the host's own. */
  readonly user: SandboxUser | null;
}

/** The fixed user of a root host's sandboxes. */
export function sandboxUser(hostUid: number): SandboxUser | null {
  return hostUid === 0 ? { uid: 1000, gid: 1000 } : null;
}

/** Makes `dataDir/…segments` and every folder on the way; only the last one gets the rights. Returns its path. */
export async function makeFolder(
  folders: Folders,
  kind: 'private' | 'passage' | 'shared' | 'owned',
  ...segments: readonly string[]
): Promise<string> {
  const path = segments.reduce((parent, segment) => join(parent, segment), folders.dataDir);
  const parents = segments.slice(0, -1);
  if (parents.length > 0) await makeFolder(folders, kind === 'private' ? 'private' : 'passage', ...parents);
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (!folders.user || kind === 'private') return path;
  if (kind === 'passage') {
    // One that exists may be a shared folder, with rights of its own; one that is still private was made by a host
    // that died before it came to the next line.
    if (made !== undefined || ((await stat(path)).mode & 0o7777) === 0o700) await chmod(path, 0o711);
  } else if (kind === 'shared') {
    await chown(path, -1, folders.user.gid);
    await chmod(path, 0o2750);
  } else await handOver(path, folders.user);
  return path;
}

/** Through a descriptor: what is inside the parent may be the agent's, and must not be swapped in between. */
async function handOver(dir: string, user: SandboxUser): Promise<void> {
  const handle = await open(dir, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await handle.chown(user.uid, user.gid);
  } finally {
    await handle.close();
  }
}

/** Lets the sandbox's user read a file of the host. */
export async function shareFile(folders: Folders, path: string, mode: number): Promise<void> {
  if (!folders.user) return;
  await chown(path, -1, folders.user.gid);
  await chmod(path, mode);
}
