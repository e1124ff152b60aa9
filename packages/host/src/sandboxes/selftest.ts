/**
 * Does a sandbox hold on this machine? One real sandbox with a shell script that tries the doors from inside.
 *
 * Closed by default: the answer is yes only when the script reached its end and named no open door. One sandbox and
 * shell builtins, because `up` waits for it (0.5 s to ready; this takes about 20 ms).
 */

import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from './arguments.ts';
import {
  DEFAULT_LIMITS,
  type RunningSandbox,
  type SandboxSpec,
  SandboxUnavailable,
  type SelfTest,
} from './port.ts';
import { othersMayEnter } from './system.ts';

const CANARY = 'the host wrote this';

/** What the script says about an open door, and what it means. */
const DOORS: Readonly<Record<string, string>> = {
  read: 'a mount cannot be read inside',
  write: 'a writable mount cannot be written inside',
  readonly: 'a read-only mount can be written',
  root: 'the root of the sandbox can be written',
  usr: '/usr can be written',
  network: 'there is a network inside',
  capabilities: 'there are capabilities inside',
  privileges: 'programs inside may gain privileges (NoNewPrivs is 0)',
  user: 'the sandbox runs as root',
  calls: 'system calls are not filtered inside',
  namespaces: 'new user namespaces can be made inside',
};

const SCRIPT = `
open() { echo "open $1"; }
IFS= read -r line < /bellhop/read/canary; [ "$line" = '${CANARY}' ] || open read
(echo inside > /bellhop/write/probe) 2>/dev/null || open write
(: > /bellhop/read/probe) 2>/dev/null && open readonly
(: > /probe) 2>/dev/null && open root
(: > /usr/probe) 2>/dev/null && open usr
# Whose root has the rights of files in its way cannot tell by trying.
while read -r device at kind options rest; do
  [ "$at" = / ] && case ",$options," in *,ro,*) ;; *) open root ;; esac
done < /proc/self/mounts
while IFS=' :' read -r name rest; do
  case "$name" in Inter-*|face*|lo) ;; *) open network ;; esac
done < /proc/net/dev
while read -r key value rest; do
  case "$key" in
    CapEff:|CapPrm:|CapBnd:) [ "$value" = 0000000000000000 ] || open capabilities ;;
    NoNewPrivs:) [ "$value" = 1 ] || open privileges ;;
    Uid:) [ "$value" != 0 ] || open user ;;
    Seccomp:) [ "$value" = 2 ] && filtered=yes ;;
  esac
done < /proc/self/status
unshare -Ur true 2>/dev/null && open namespaces
[ "$filtered" = yes ] || open calls
bound() { # what, then the files of cgroup v2 and v1, whose first word is 'max', -1 or more than 2^60 when there is none
  what=$1; shift
  for file; do
    read -r value rest < "$file" || continue
    case "$value" in max|-1|??????????????????*) ;; *) return ;; esac
  done 2>/dev/null
  echo "unbounded $what"
}
cd /sys/fs/cgroup 2>/dev/null
bound memory memory.max memory/memory.limit_in_bytes
bound processes pids.max pids/pids.max
bound CPU cpu.max cpu/cpu.cfs_quota_us
echo end
`;

interface Ground {
  start(spec: SandboxSpec): Promise<RunningSandbox>;
  readonly dataDir: string;
  readonly owner: Owner;
  readonly hostIsRoot: boolean;
  /** What tests itself, for people. */
  readonly name: string;
  /** What to do when a door is open. */
  readonly install: string;
  /** It says that it bounds memory, processes and CPU. Where the machine cannot, that is a warning and no refusal. */
  readonly bounded: boolean;
}

export async function runSelfTest(ground: Ground): Promise<SelfTest> {
  try {
    if (ground.hostIsRoot && !(await othersMayEnter(ground.dataDir))) {
      const why = `the sandbox's user (${ground.owner.uid}) may not enter the data folder ${ground.dataDir}`;
      return { ok: false, why, install: `chmod 0711 ${ground.dataDir}` };
    }
    await mkdir(join(ground.dataDir, 'sandbox'), { recursive: true });
    const folder = await mkdtemp(join(ground.dataDir, 'sandbox', 'selftest-'));
    try {
      return await tryDoors(ground, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } catch (error) {
    if (error instanceof SandboxUnavailable)
      return { ok: false, why: error.message, install: error.hint, lacks: error.lacks };
    const why = `the self-test could not be run: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, why, install: `ls -ld ${ground.dataDir}; ls -l ${ground.dataDir}` };
  }
}

async function tryDoors(ground: Ground, folder: string): Promise<SelfTest> {
  const read = join(folder, 'read');
  const write = join(folder, 'write');
  await Promise.all([mkdir(read), mkdir(write)]);
  await writeFile(join(read, 'canary'), `${CANARY}\n`);
  await Promise.all([chmod(folder, 0o711), chmod(read, 0o755), chmod(join(read, 'canary'), 0o644)]);
  // Both, so that only the mount, and no permission bit, keeps the one from being written.
  const { uid, gid } = ground.owner;
  if (ground.hostIsRoot) await Promise.all([chown(read, uid, gid), chown(write, uid, gid)]);
  const sandbox = await ground.start({
    mark: `bellhop:selftest:${process.pid}.${performance.now()}`,
    mounts: [
      { source: read, target: '/bellhop/read', writable: false },
      { source: write, target: '/bellhop/write', writable: true },
    ],
    workDir: '/',
    env: {},
    command: ['/bin/sh', '-c', SCRIPT],
    limits: DEFAULT_LIMITS,
  });
  const { output } = await sandbox.exited;
  const written = await readFile(join(write, 'probe'), 'utf8').catch(() => '');
  return judge(ground, output, written === 'inside\n');
}

/** What the script printed, and whether what it wrote reached the host. */
export function judge(
  { name, install, bounded }: Pick<Ground, 'name' | 'install' | 'bounded'>,
  output: string,
  reachedHost: boolean,
): SelfTest {
  const lines = output.trim().split('\n');
  const open = lines.filter((line) => line.startsWith('open ')).map((line) => line.slice('open '.length));
  const [first] = open;
  if (first !== undefined) return { ok: false, why: `${name}: ${DOORS[first] ?? first}`, install };
  if (lines.at(-1) !== 'end')
    return { ok: false, why: `${name}: the self-test broke off: ${output}`, install };
  if (!reachedHost)
    return { ok: false, why: `${name}: what is written inside never reaches the host`, install };
  const unbounded = lines.filter((line) => line.startsWith('unbounded ')).map((line) => line.slice(10));
  if (!bounded || unbounded.length === 0) return { ok: true };
  const warning = `${name} cannot bound the ${unbounded.join(', ')} of a sandbox here: an agent may slow this machine down.`;
  return { ok: true, warnings: [warning] };
}
