/**
 * What the tests need of the machine. Missing things are installed where that is our place (Debian, as root); otherwise
 * the tests that need them are skipped, and the run says so.
 */
import { prepareDocker } from './docker.ts';
import { installPackages, works } from './install.ts';

interface Tool {
  readonly name: string;
  /** Only for test files whose path contains this: setting it up takes long. */
  readonly only?: string;
  /** Null when it works now, and is proven to, not only to be there; else why not, and what to type. */
  prepare(root: string, say: (line: string) => void): string | null;
}

/** The first is Chromium without what only a screen needs: a page is open in a third of the time. */
export const CHROMIUMS = ['chromium-headless-shell', 'chromium'] as const;

const TOOLS: readonly Tool[] = [
  { name: 'bwrap', prepare: packaged(['bwrap'], 'bubblewrap') },
  { name: 'chromium', only: 'browser', prepare: packaged(CHROMIUMS, CHROMIUMS[0]) },
  { name: 'strace', only: 'syscalls', prepare: packaged(['strace'], 'strace', ['-o', '/dev/null', 'true']) },
  { name: 'docker', only: 'docker', prepare: prepareDocker },
];

export interface MissingTool {
  readonly name: string;
  readonly why: string;
}

/** @param files paths of the test files that will run. */
export function missingTools(
  root: string,
  files: readonly string[],
  say: (line: string) => void,
): MissingTool[] {
  const wanted = TOOLS.filter(({ only = '' }) => files.some((file) => file.includes(only)));
  return wanted.flatMap(({ name, prepare }) => {
    const why = prepare(root, say);
    return why === null ? [] : [{ name, why }];
  });
}

/** @param programs any of them does. @param probe arguments with which it does what it is for, and ends well. */
function packaged(programs: readonly string[], name: string, probe = ['--version']): Tool['prepare'] {
  const hint = `Debian, Ubuntu: sudo apt-get install -y ${name}; elsewhere the package with ${programs.join(' or ')}`;
  const anyWorks = () => programs.some((program) => works(program, ...probe));
  return (_root) => {
    if (anyWorks()) return null;
    const why = installPackages([name]);
    if (why !== null) return `${why}. ${hint}`;
    return anyWorks() ? null : `installed, but ${programs[0]} ${probe.join(' ')} fails. ${hint}`;
  };
}
