/**
 * A container engine with the base of our image on it.
 *
 *   an engine answers? --no--> install docker.io, start dockerd
 *   node:26-slim there? --no--> pull it; no registry --> make one: debootstrap, docker import
 *   build images/agent once, so that test files that run at the same time find its layers
 *
 * An engine that is started here is left running, and said to be: it is of use to the next run, as are the images. Debian
 * from debootstrap has no Node, which nobody misses: the runner brings its own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackages, works } from './install.ts';

const BASE = 'node:26-slim';
const SUITE = 'bookworm';
const MIRROR = 'http://deb.debian.org/debian';
const LOG = join(tmpdir(), 'bellhop-test-dockerd.log');
const START_PATIENCE_MS = 5 * 60_000;
const LOOK_MS = 200;
const HINT = 'Install Docker, see that `docker info` works for you, then: docker pull node:26-slim';

/** Null when it works now; else why not, and what to type. */
export function prepareDocker(root: string, say: (line: string) => void): string | null {
  const why = engine(say) ?? base(say) ?? layers(root);
  return why === null ? null : `${why}. ${HINT}`;
}

function engine(say: (line: string) => void): string | null {
  if (works('docker', 'version')) return null;
  if (!works('dockerd', '--version')) {
    const why = installPackages(['docker.io', 'iptables']);
    if (why !== null) return why;
  }
  // Its package may have started it.
  if (works('docker', 'version')) return null;
  if (process.getuid?.() !== 0) return 'its engine does not answer, and only root may start it';
  const log = openSync(LOG, 'w');
  const dockerd = spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] });
  dockerd.unref();
  const from = performance.now();
  while (performance.now() - from < START_PATIENCE_MS) {
    if (works('docker', 'version')) {
      say(`Started dockerd, which stays for the next run; to stop it: kill ${dockerd.pid}`);
      return null;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
  }
  return `dockerd does not get ready, see ${LOG}`;
}

function base(say: (line: string) => void): string | null {
  if (works('docker', 'image', 'inspect', BASE)) return null;
  say(`Getting ${BASE} …`);
  if (works('docker', 'pull', '--quiet', BASE)) return null;
  if (!works('debootstrap', '--version')) {
    const why = installPackages(['debootstrap']);
    if (why !== null) return `${BASE} cannot be pulled, and debootstrap, which could make one, is ${why}`;
  }
  say(`${BASE} cannot be pulled; making one from Debian packages, about half a minute …`);
  const folder = mkdtempSync(join(tmpdir(), 'bellhop-base-'));
  try {
    const made = ran('debootstrap', '--variant=minbase', SUITE, folder, MIRROR);
    if (made !== null) return made;
    return ran('sh', '-c', `tar -C "$1" -c . | docker import - "$2"`, 'sh', folder, BASE);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tag only keeps the layers from being pruned. */
function layers(root: string): string | null {
  return ran('docker', 'build', '--quiet', '--tag', 'bellhop-test-layers', join(root, 'images/agent'));
}

/** Null when it went well; else its last words. */
function ran(command: string, ...args: readonly string[]): string | null {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return null;
  return `${command} ${args[0]} failed (${`${stdout}${stderr}`.trim().split('\n').at(-1)})`;
}
