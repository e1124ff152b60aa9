/**
 * What a sandbox needs of the operating system, installed by the one table of package managers that there is:
 * `system-packages.sh`, which tells its rules. Names of packages are Debian's.
 *
 * Installing is for `up`, which has a person in front of it; a host that runs only says what to type.
 */
import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const SCRIPT = join(import.meta.dirname, '../../../../system-packages.sh');
const SHELL = '/bin/sh';
/** What a terminal or a supervisor sends to end `up`. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type Installed =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: string; readonly install: string };

/** The installation was stopped by a signal, and has said so. */
export class InstallInterrupted extends Error {
  override readonly name = 'InstallInterrupted';
  readonly exitCode: number;
  constructor(exitCode: number) {
    super('the installation was interrupted');
    this.exitCode = exitCode;
  }
}

/** What a person types to install it here. Never rejects: it is asked when something else has failed already. */
export function installCommand(name: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(SHELL, [SCRIPT, 'command', name], (error, stdout) => {
      resolve(error ? `install ${name}` : stdout.trim());
    });
  });
}

/**
 * Installs it, as far as this user may and a person at the terminal agrees; `yes` agrees beforehand. Progress and the
 * question go to stderr. While it is at work, a signal that ends this process ends the installation first, which is then
 * whole or goes on at the next start. Throws InstallInterrupted.
 */
export async function installPackage(name: string, yes: boolean): Promise<Installed> {
  const child = spawn(SHELL, [SCRIPT, 'install', ...(yes ? ['--yes'] : []), name], {
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  const closed = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
  });
  // A terminal sends them to the shell as well, which minds only the first.
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of ENDING) process.on(signal, forward);
  try {
    const [words, code] = await Promise.all([text(child.stdout), closed]);
    if (code === 0) return { ok: true };
    if (code > 128) throw new InstallInterrupted(code);
    const [why = '', install = ''] = words.split('\n');
    return { ok: false, why, install };
  } finally {
    for (const signal of ENDING) process.off(signal, forward);
  }
}
