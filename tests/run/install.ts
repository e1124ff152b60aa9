/** Programs as the tests need them: looked for, and installed where that is our place (Debian, as root). */
import { spawnSync } from 'node:child_process';

export function works(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Null when the packages are installed now; else why not. */
export function installPackages(packages: readonly string[], say: (line: string) => void): string | null {
  if (process.platform !== 'linux') return `${packages.join(', ')}: for Linux only`;
  if (process.getuid?.() !== 0) return 'not installed, and only root may install it';
  if (!works('apt-get', '--version')) return 'not installed, and this is no Debian';
  say(`Installing ${packages.join(', ')} (apt-get) …`);
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    // Somebody else may be installing something.
    const done = spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (done.status !== 0) {
      const last = `${done.stdout}${done.stderr}`.trim().split('\n').at(-1) ?? '';
      return `apt-get ${args[0]} failed (${last})`;
    }
  }
  return null;
}
