/**
 * What bubblewrap needs to know about this machine and the data folder: facts, and the two files' worth of effects.
 *
 * Sources of mounts must lie inside the data folder, also after links are followed: an agent that could plant a link in
 * the place of a source would otherwise have the host mount /etc for it.
 */

import {
  access,
  chmod,
  constants,
  lstat,
  mkdir,
  readFile,
  readlink,
  realpath,
  writeFile,
} from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { etcFiles, type Owner, type SystemLayout } from './arguments.ts';
import { seccompFilter } from './seccomp.ts';

/** Where util-linux lives; the only PATH that bubblewrap's own processes get. */
export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Links into /usr on a merged system, directories on others. */
const TOP = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** Programs inside need these to run and to check certificates. Keys (/etc/ssl/private) are not among them. */
const ETC = [
  ...['/etc/ld.so.cache', '/etc/alternatives', '/etc/localtime', '/etc/ssl/certs', '/etc/ssl/openssl.cnf'],
  ...['/etc/pki/tls/certs', '/etc/pki/ca-trust/extracted', '/etc/ca-certificates/extracted'],
];

export async function readLayout(): Promise<SystemLayout> {
  const links: { path: string; to: string }[] = [];
  const shown: string[] = [];
  for (const path of TOP) {
    const found = await lstat(path).catch(() => null);
    if (found?.isSymbolicLink()) links.push({ path, to: await readlink(path) });
    else if (found?.isDirectory()) shown.push(path);
  }
  for (const path of ETC) if (await exists(path)) shown.push(path);
  return { links, shown };
}

/** Writes the sandbox's own /etc files below the data folder, readable for the sandbox's user. Returns the folder. */
export async function writeEtc(dataDir: string, owner: Owner): Promise<string> {
  const folder = join(dataDir, 'sandbox', 'etc');
  await mkdir(folder, { recursive: true });
  // Whatever the umask was.
  await Promise.all([chmod(dirname(folder), 0o711), chmod(folder, 0o755)]);
  for (const [name, text] of Object.entries(etcFiles(owner))) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o644);
  }
  return folder;
}

/** Writes the filter of system calls below the data folder. Returns the file. */
export async function writeFilter(dataDir: string, arch: string): Promise<string> {
  const filter = seccompFilter(arch);
  if (filter === null) throw new Error(`there is no filter of system calls for ${arch}`);
  const file = join(dataDir, 'sandbox', 'seccomp.bpf');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, filter);
  return file;
}

/** An empty folder that the sandbox's user can walk to; another one is mounted over it. */
export async function makeStage(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await Promise.all([chmod(dirname(path), 0o711), chmod(path, 0o755)]);
}

/** The path of a mount source below the data folder, links followed. `dataDir` is a real path already. */
export async function pathInside(dataDir: string, source: string): Promise<string> {
  const path = relative(dataDir, await realpath(source));
  if (path === '' || path === '..' || path.startsWith(`..${sep}`)) {
    throw new TypeError(`mount ${source}: not inside the data folder ${dataDir}`);
  }
  return path;
}

/** Whether another user may walk into this folder. */
export async function othersMayEnter(folder: string): Promise<boolean> {
  return ((await lstat(folder)).mode & 0o001) !== 0;
}

/** Where PATH leads for this program, or null. */
export async function findProgram(program: string, path: string): Promise<string | null> {
  const places = program.includes('/')
    ? [program]
    : path.split(delimiter).map((folder) => join(folder, program));
  for (const place of places) if (isAbsolute(place) && (await exists(place, constants.X_OK))) return place;
  return null;
}

/** The value of a sysctl, or null where this kernel has none of that name. */
export async function sysctl(name: string): Promise<string | null> {
  const text = await readFile(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').catch(() => null);
  return text?.trim() ?? null;
}

async function exists(path: string, mode?: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
