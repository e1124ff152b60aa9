/**
 * Why no sandbox could be started, in words an operator can act on: facts in, a reason and a next step out.
 *
 * The rules are a table, the first that fits wins; what none of them knows is shown as bubblewrap said it.
 */

import { clip } from '@bellhop/mailbox';
import { findProgram, SYSTEM_PATH, sysctl } from './system.ts';
import { installCommand } from './system-packages.ts';

export interface Facts {
  /** What the attempt wrote before it ended, or the message of spawn's error. */
  readonly output: string;
  /** Code of spawn's error: ENOENT, EAGAIN … */
  readonly code: string | null;
  readonly hostIsRoot: boolean;
  readonly dataDir: string;
  readonly missing: readonly string[];
  /** What installs the first of them on this machine. */
  readonly installer: string;
  readonly sysctls: Readonly<Record<string, string | null>>;
}

export interface Reason {
  readonly why: string;
  /** What the operator types or installs next. */
  readonly install: string;
  /** The package of the system that is missing, and with which it may go. */
  readonly lacks?: string;
}

/** The value at which each of them forbids what bubblewrap needs, and the one that allows it. */
const FORBIDDING: readonly (readonly [name: string, forbids: string, allows: string])[] = [
  ['kernel.unprivileged_userns_clone', '0', '1'],
  ['user.max_user_namespaces', '0', '15000'],
  ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
];

const RESOURCES: Readonly<Record<string, string>> = {
  EAGAIN: 'too many processes run: raise the limit (ulimit -u) or stop some',
  ENOMEM: 'memory is short: stop something, or add memory',
  EMFILE: 'too many files are open in the host: raise the limit (ulimit -n)',
  ENFILE: 'too many files are open on this machine: raise the sysctl fs.file-max',
};

/** What a root host needs beside bubblewrap, and the package that each comes in. */
const CHAIN: ReadonlyMap<string, string> = new Map([
  ['unshare', 'util-linux'],
  ['mount', 'mount'],
  ['setpriv', 'util-linux'],
]);
const BUBBLEWRAP = 'bubblewrap';

const NAMESPACES = /new namespace|uid map|namespace failed|user namespace|No space left on device/i;

type Rule = (facts: Facts) => Reason | null;

const RULES: readonly Rule[] = [
  ({ output }) => {
    const own = /^bellhop: (.*)$/m.exec(output)?.[1];
    return own === undefined ? null : { why: own, install: 'read what it says; the sandbox itself stood' };
  },
  (facts) => {
    const [program] = facts.missing;
    if (program === undefined) return null;
    return { why: `the program ${program} is missing`, install: facts.installer, lacks: packageOf(program) };
  },
  ({ code }) => {
    const install = code === null ? undefined : RESOURCES[code];
    return install === undefined ? null : { why: `the machine could not start a process (${code})`, install };
  },
  (facts) =>
    /Unknown option/i.test(facts.output)
      ? {
          why: `bubblewrap is too old, 0.8.0 or newer is needed (${firstLine(facts.output)})`,
          install: 'install bubblewrap from a newer release of this system',
        }
      : null,
  (facts) => {
    if (!NAMESPACES.test(facts.output)) return null;
    const found = FORBIDDING.find(([name, forbids]) => facts.sysctls[name] === forbids);
    if (!found) return null;
    const [name, forbids, allows] = found;
    const install = `${facts.hostIsRoot ? '' : 'sudo '}sysctl -w ${name}=${allows}`;
    return { why: `the sysctl ${name} = ${forbids} forbids user namespaces`, install };
  },
  (facts) =>
    facts.hostIsRoot && /^unshare: |^mount: /m.test(facts.output)
      ? {
          why: `root is not allowed to mount here (${firstLine(facts.output)})`,
          install: 'run Bellhop as an ordinary user, or its container with --privileged',
        }
      : null,
  (facts) =>
    NAMESPACES.test(facts.output) || /mount proc/i.test(facts.output)
      ? {
          why: `this machine or container forbids what bubblewrap needs (${firstLine(facts.output)})`,
          install: 'run Bellhop outside a container, or its container with --privileged',
        }
      : null,
  (facts) =>
    facts.hostIsRoot && /Permission denied/.test(facts.output)
      ? {
          why: `the sandbox's user cannot walk to its folders (${firstLine(facts.output)})`,
          install: `chmod o+x ${facts.dataDir} and the folders below it that are mounted`,
        }
      : null,
];

export function explain(facts: Facts): Reason {
  for (const rule of RULES) {
    const reason = rule(facts);
    if (reason !== null) return reason;
  }
  const words = firstLine(facts.output) || 'it ended without a word';
  return {
    why: `bubblewrap failed: ${words}`,
    install: 'try it by hand: bwrap --unshare-all --ro-bind / / true',
  };
}

export type Attempt = Pick<Facts, 'output' | 'code' | 'hostIsRoot' | 'dataDir'> & {
  readonly bwrap: string;
  /** Where bubblewrap was looked up. */
  readonly path: string;
};

/** Looks at the machine only now that something failed. */
export async function gatherFacts({ bwrap, path, ...attempt }: Attempt): Promise<Facts> {
  const sysctls: Record<string, string | null> = {};
  for (const [name] of FORBIDDING) sysctls[name] = await sysctl(name);
  const missing: string[] = [];
  if ((await findProgram(bwrap, path)) === null) missing.push(bwrap);
  for (const program of attempt.hostIsRoot ? CHAIN.keys() : []) {
    if ((await findProgram(program, SYSTEM_PATH)) === null) missing.push(program);
  }
  const [first] = missing;
  const installer = first === undefined ? '' : await installCommand(packageOf(first));
  return { ...attempt, missing, sysctls, installer };
}

function packageOf(program: string): string {
  return CHAIN.get(program) ?? BUBBLEWRAP;
}

function firstLine(text: string): string {
  return clip(text.trim().split('\n')[0] ?? '', 300);
}
