/**
 * The command line of a bubblewrap sandbox, as pure functions: what is true inside is decided here and nowhere else.
 *
 * Promises (design.md §6): own user, pid, network, ipc and uts namespaces; no capabilities; no further user namespaces;
 * only known and harmless system calls (seccomp.ts); a root that is read-only; writable are only the spec's writable mounts, /tmp and /dev/shm, both bounded; an
 * environment that holds what the spec says and nothing of the host.
 *
 * Not here: `--die-with-parent` (a sandbox outlives a dead host, to be adopted or stopped by the next one) and
 * `--as-pid-1` (bubblewrap's own init reaps, and its death ends all that runs inside).
 *
 * Two marks make a sandbox findable. MARK_VARIABLE in the arguments finds the process outside. The one inside shows the
 * same arguments, but the agent may trace that process and rewrite them, so it is found by a mount whose target holds
 * the mark: a mount table cannot be changed without capabilities.
 */

import { isAbsolute, normalize } from 'node:path';
import type { SandboxLimits, SandboxSpec } from './port.ts';

export const MARK_VARIABLE = 'BELLHOP_MARK';
/** Directory of the mount that carries the mark. */
export const MARK_DIRECTORY = '/run/bellhop-mark';
/** Descriptors that the runtime opens: bubblewrap's own report, and the byte that says "the command comes next". */
export const STATUS_FD = 3;
export const GATE_FD = 4;
/** And the file with the filter of system calls; bubblewrap closes it when it has read it. */
export const FILTER_FD = 5;
/** Where a root host shows the data folder to bubblewrap, in a mount namespace of its own. */
export const DATA_VIEW = '/mnt';

const TMP_BYTES = 64 * 1024 * 1024;
const SHM_BYTES = 16 * 1024 * 1024;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Shell: the arguments begin with a number and as many files, into each of which "0" is written; they are shifted away. */
const ENTER = 'n=$1; shift; while [ $n -gt 0 ]; do echo 0 >"$1" || exit; shift; n=$((n - 1)); done';

/** The same for pairs of folders: the first is shown at the second. */
const SHOW =
  'n=$1; shift; while [ $n -gt 0 ]; do mount --rbind "$1" "$2" || exit; shift 2; n=$((n - 1)); done';

/** What the host's own system looks like, as far as the sandbox shows it. */
export interface SystemLayout {
  /** /bin, /lib … where they are links into /usr. */
  readonly links: readonly { readonly path: string; readonly to: string }[];
  /** The same where they are directories, and those files below /etc that exist. */
  readonly shown: readonly string[];
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface PlannedMount {
  /** As the runtime's own programs see it. */
  readonly from: string;
  readonly target: string;
  readonly writable: boolean;
  /** As in SandboxMount. */
  readonly folder?: string | undefined;
}

export interface BwrapPlan {
  readonly spec: Pick<SandboxSpec, 'mark' | 'workDir' | 'env' | 'command' | 'limits'>;
  readonly mounts: readonly PlannedMount[];
  readonly system: SystemLayout;
  /** Folder with the few files below /etc that are ours (ETC_FILES), as bubblewrap sees it. */
  readonly etcFrom: string;
  /** This kernel counts a user's processes in each user namespace by itself. */
  readonly countsInside: boolean;
  /** Who the sandbox is, inside and outside. */
  readonly owner: Owner;
  readonly timeZone: string;
}

/** The files below /etc that every sandbox gets; the host's own would tell who lives on this machine. */
export function etcFiles(owner: Owner): Readonly<Record<string, string>> {
  return {
    passwd: `root:x:0:0:root:/:/bin/false\nagent:x:${owner.uid}:${owner.gid}:agent:/tmp:/bin/sh\n`,
    group: `root:x:0:\nagent:x:${owner.gid}:\n`,
    hosts: '127.0.0.1 localhost\n::1 localhost\n',
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
  };
}

export function sandboxEnvironment(
  env: Readonly<Record<string, string>>,
  timeZone: string,
): Readonly<Record<string, string>> {
  return { PATH, HOME: '/tmp', LANG: 'C.UTF-8', TZ: timeZone, ...env };
}

/** Everything after `bwrap`. */
export function bwrapArguments(plan: BwrapPlan): string[] {
  const { mark, workDir, env, command, limits } = plan.spec;
  // First, so that nothing in a spec can pass for it.
  const argv = ['--clearenv', '--setenv', MARK_VARIABLE, checkedMark(mark)];
  for (const [name, value] of Object.entries(sandboxEnvironment(env, plan.timeZone))) {
    argv.push('--setenv', name, value);
  }
  argv.push('--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts');
  argv.push('--unshare-cgroup-try', '--disable-userns', '--new-session', '--cap-drop', 'ALL');
  argv.push('--uid', `${plan.owner.uid}`, '--gid', `${plan.owner.gid}`, '--hostname', 'bellhop');

  argv.push('--ro-bind', '/usr', '/usr');
  for (const { path, to } of plan.system.links) argv.push('--symlink', to, path);
  for (const path of plan.system.shown) argv.push('--ro-bind', path, path);
  for (const name of Object.keys(etcFiles(plan.owner))) {
    argv.push('--ro-bind', `${plan.etcFrom}/${name}`, `/etc/${name}`);
  }
  argv.push('--ro-bind', `${plan.etcFrom}/hosts`, `${MARK_DIRECTORY}/${mark}`);
  argv.push('--proc', '/proc', '--dev', '/dev', ...boundedTmpfs('/dev/shm', SHM_BYTES));
  // bubblewrap's /dev is a tmpfs of its own: left writable it would be one without a limit.
  argv.push('--remount-ro', '/dev', ...boundedTmpfs('/tmp', TMP_BYTES));

  for (const mount of parentsFirst(plan.mounts)) {
    argv.push(mount.writable ? '--bind' : '--ro-bind', mount.from, checkedTarget(mount.target));
  }
  argv.push('--remount-ro', '/', '--chdir', workDir, '--json-status-fd', `${STATUS_FD}`);
  argv.push('--seccomp', `${FILTER_FD}`, '--');
  return [
    ...argv,
    ...gated(
      plan.mounts,
      command,
      `${ceilings(limits, plan.countsInside)}; echo >&${GATE_FD}; exec "$@" ${GATE_FD}>&-`,
    ),
  ];
}

/**
 * How a root host becomes the sandbox's user. `bwrap --uid 1000` alone would stay host uid 0 and so own every host file
 * that shines through. And uid 1000 may not walk into a data folder below /root (0700), so the folder is first shown at
 * /mnt, in a mount namespace that only this chain has. All of it is one process: each step executes the next. The same
 * shell enters the control groups, which the ordinary user may not, and shows folders of the owner's inside the data
 * folder: theirs may lie below /root, or in /mnt.
 */
export function asOrdinaryUser(
  dataDir: string,
  owner: Owner,
  entrances: readonly string[],
  command: readonly string[],
  shown: readonly (readonly [from: string, at: string])[] = [],
): string[] {
  const view = `${ENTER}; ${SHOW}; mount --rbind "$1" ${DATA_VIEW} && shift && exec "$@"`;
  const groups = [`${entrances.length}`, ...entrances, `${shown.length}`, ...shown.flat()];
  return [
    ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', view, 'sh', ...groups, dataDir],
    ...['setpriv', '--reuid', `${owner.uid}`, '--regid', `${owner.gid}`, '--clear-groups'],
    ...['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs', ...command],
  ];
}

/**
 * bubblewrap reports the child's pid before it sets the mounts up, so a report is no proof of a sandbox; an engine knows
 * only of its own init. This shell is the first of ours that runs inside: what it says in `go` says that all of it stands
 * and that the command exists (+0.7 ms).
 */
export function gated(mounts: readonly PlannedMount[], command: readonly string[], go: string): string[] {
  const named = mounts.filter(({ folder }) => folder !== undefined);
  const missing = `{ echo "bellhop: no program $1 in the sandbox" >&2; exit 127; }`;
  const script = `${SAME_FOLDER.repeat(named.length)}command -v "$1" >/dev/null || ${missing}; ${go}`;
  const folders = named.flatMap(({ target, folder = '' }) => [target, folder]);
  return ['/bin/sh', '-c', script, 'sh', ...folders, ...command];
}

/** Here and no earlier: what was checked outside may have been swapped before it was mounted; a mount stays what it is. */
const SAME_FOLDER = `[ "$(stat -c %d:%i "$1")" = "$2" ] || { echo "bellhop: $1 is not the folder that was checked" >&2; exit 126; }
shift 2
`;

/**
 * Limits that a process carries itself, and cannot raise: in words of every shell, where blocks have 512 bytes, and the
 * option for processes is -u or -p. Never one on addresses (RLIMIT_AS): V8 reserves far more than it uses.
 */
function ceilings({ fileBytes, pids }: SandboxLimits, countsInside: boolean): string {
  const files = `ulimit -f ${Math.ceil(fileBytes / 512)}; ulimit -c 0`;
  return countsInside ? `${files}; ulimit -u ${pids} 2>/dev/null || ulimit -p ${pids}` : files;
}

/**
 * A chain whose first process puts itself into these control groups (cgroups.ts), for a host that needs no shell for
 * anything else.
 */
export function enterGroups(entrances: readonly string[], command: readonly string[]): readonly string[] {
  if (entrances.length === 0) return command;
  return ['sh', '-c', `${ENTER}; exec "$@"`, 'sh', `${entrances.length}`, ...entrances, ...command];
}

function boundedTmpfs(path: string, bytes: number): string[] {
  return ['--perms', '1777', '--size', `${bytes}`, '--tmpfs', path];
}

/** A mount inside another one's target must come after it, or it would be covered. */
function parentsFirst<Mount extends { readonly target: string }>(mounts: readonly Mount[]): Mount[] {
  return mounts.toSorted((a, b) => (a.target < b.target ? -1 : a.target > b.target ? 1 : 0));
}

/** A mark is part of a path and of a mount table, where other characters would be escaped. */
export function checkedMark(mark: string): string {
  if (!/^bellhop:[A-Za-z0-9:._-]{1,200}$/.test(mark)) throw new TypeError(`not a sandbox mark: ${mark}`);
  return mark;
}

export function checkedTarget(target: string): string {
  if (!isAbsolute(target) || normalize(target) !== target || target.endsWith('/')) {
    throw new TypeError(`not a mount target: ${target}`);
  }
  return target;
}
