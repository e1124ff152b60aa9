/**
 * Descriptors that a child would inherit by accident.
 *
 * Node opens everything close-on-exec, and at its start marks the low descriptors so that it was born with, but stops
 * at the first gap above 15. A pipe or directory further up (a shell's, a supervisor's) goes on to every child, and
 * bubblewrap hands it to the command: a directory's descriptor is a way out of any sandbox. So the runtime covers those
 * numbers with /dev/null.
 */

import { readdir, readFile } from 'node:fs/promises';

const O_CLOEXEC = 0o2000000;

/** Numbers from 3 on that are not close-on-exec. Ask once: the host is born with them, later ones are Node's. */
export async function inheritedDescriptors(): Promise<readonly number[]> {
  const names = await readdir('/proc/self/fdinfo').catch(() => []);
  const flags = await Promise.all(
    names.map((name) => readFile(`/proc/self/fdinfo/${name}`, 'utf8').catch(() => '')),
  );
  return names.map(Number).filter((descriptor, at) => descriptor >= 3 && isInherited(flags[at] ?? ''));
}

/** The text of /proc/PID/fdinfo/N has a line `flags:` in octal; without it the descriptor was gone already. */
export function isInherited(fdinfo: string): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(fdinfo)?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
}
