/** Programs as the tests need them: looked for, and installed by the one table that the launcher and `up` use, too. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, '../../system-packages.sh');

export function works(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Null when the packages are installed now; else why not, and what to type. @param packages Debian's names. */
export function installPackages(packages: readonly string[]): string | null {
  if (process.platform !== 'linux') return `${packages.join(', ')}: for Linux only`;
  const { status, stdout } = spawnSync('/bin/sh', [SCRIPT, 'install', ...packages], {
    encoding: 'utf8',
    // Its progress is told at once; a terminal is asked before sudo is used.
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  const [why = 'not installed', hint = ''] = stdout.trim().split('\n');
  return status === 0 ? null : `${why}. ${hint}`;
}
