/**
 * The command line of a Docker sandbox, as pure functions: what is true inside is decided here and nowhere else.
 *
 * Promises (design.md §6): no network; no capabilities, no new privileges, the engine's own seccomp filter; a root that
 * is read-only; writable are only the spec's writable mounts, /tmp and /dev/shm, both bounded; an ordinary user; bounds
 * on memory, processes, CPU and the length of a file; an environment that holds what the spec says and nothing of the host.
 *
 * Only flags that podman and nerdctl know too. Not here: a user namespace. The uid inside is the uid outside, without
 * capabilities in either; whoever wants them apart runs a rootless engine, or bubblewrap.
 */

import {
  checkedMark,
  checkedTarget,
  gated,
  type Owner,
  type PlannedMount,
  sandboxEnvironment,
} from '../arguments.ts';
import type { SandboxLimits, SandboxSpec } from '../port.ts';

export const INSTALL_LABEL = 'bellhop.install';
export const MARK_LABEL = 'bellhop.mark';

const MIB = 1024 * 1024;
const TMP_BYTES = 64 * MIB;
const SHM_BYTES = 16 * MIB;

/** The client adds these from ~/.docker/config.json, passwords included, unless they are set to something. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY'];

export interface DockerPlan {
  readonly spec: Pick<SandboxSpec, 'mark' | 'workDir' | 'env' | 'command' | 'limits'>;
  readonly mounts: readonly PlannedMount[];
  /** Folder with `passwd` and `group`, so that the user inside has a name. */
  readonly etcFrom: string;
  readonly owner: Owner;
  readonly timeZone: string;
  readonly image: string;
  /** False where the engine has no cgroups for it; a warning says so then. */
  readonly limited: boolean;
}

/** `bellhop:<install>:<session>:<generation>`, in characters that a container's name may hold. */
export function containerName(mark: string): string {
  return checkedMark(mark).replaceAll(':', '-');
}

/** Everything after `docker`. */
export function runArguments(plan: DockerPlan): string[] {
  const { mark, workDir, env, command, limits } = plan.spec;
  const [, installId = ''] = checkedMark(mark).split(':');
  const { uid, gid } = plan.owner;
  // Attached, so that the client's end is the container's end; removed by the engine, also when the host is dead then.
  const argv = ['run', '--rm', '--pull', 'never', '--sig-proxy=false', '--name', containerName(mark)];
  argv.push('--label', `${INSTALL_LABEL}=${installId}`, '--label', `${MARK_LABEL}=${mark}`);
  argv.push('--network', 'none', '--ipc', 'none', '--hostname', 'bellhop');
  argv.push('--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', `${uid}:${gid}`);
  // Output goes to whoever is attached: kept by the engine it would fill the disk.
  argv.push('--log-driver', 'none', ...(plan.limited ? groupLimits(limits) : []));
  argv.push('--ulimit', `fsize=${limits.fileBytes}`, '--ulimit', 'core=0');

  argv.push('--read-only', '--tmpfs', `/tmp:rw,exec,nosuid,nodev,mode=1777,size=${TMP_BYTES}`);
  argv.push('--tmpfs', `/dev/shm:rw,noexec,nosuid,nodev,mode=1777,size=${SHM_BYTES}`);
  // Message queues would be one more place to write to.
  argv.push('--tmpfs', '/dev/mqueue:ro,noexec,nosuid,nodev,mode=0555,size=4096');
  for (const name of ['passwd', 'group']) {
    argv.push('--mount', bind({ from: `${plan.etcFrom}/${name}`, target: `/etc/${name}`, writable: false }));
  }
  for (const mount of plan.mounts) argv.push('--mount', bind(mount));

  for (const name of PROXIES) argv.push('--env', `${name}=`, '--env', `${name.toLowerCase()}=`);
  for (const [name, value] of Object.entries(sandboxEnvironment(env, plan.timeZone))) {
    argv.push('--env', `${name}=${value}`);
  }
  argv.push('--workdir', workDir, '--entrypoint', '/usr/bin/tini', plan.image, '--');
  // An empty line on stdout says that all of it stands and that the command exists; the command's own words follow it.
  return [...argv, ...gated(plan.mounts, command, 'echo; exec "$@"')];
}

/** Swap is not on top of the memory; what lies in /tmp and /dev/shm counts as memory. */
function groupLimits({ memoryBytes, pids, cpus }: SandboxLimits): string[] {
  const memory = `${memoryBytes}`;
  return ['--memory', memory, '--memory-swap', memory, '--pids-limit', `${pids}`, '--cpus', `${cpus}`];
}

/** The value is one line of CSV, so a path with a comma would otherwise add options of its own. */
function bind({ from, target, writable }: PlannedMount): string {
  const fields = ['type=bind', `source=${from}`, `target=${checkedTarget(target)}`];
  if (!writable) fields.push('readonly');
  return fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join();
}
