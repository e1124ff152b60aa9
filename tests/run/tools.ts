/**
 * What the tests need of the machine. Missing things are installed where that is our place (Debian, as root); otherwise
 * the tests that need them are skipped, and the run says so.
 */
import { spawnSync } from 'node:child_process';

interface Tool {
  readonly name: string;
  /** Proves that it works, not only that it is there. */
  readonly probe: readonly string[];
  readonly debian: string;
  readonly hint: string;
}

const TOOLS: readonly Tool[] = [
  {
    name: 'bwrap',
    probe: ['bwrap', '--version'],
    debian: 'bubblewrap',
    hint: 'Debian, Ubuntu: sudo apt-get install -y bubblewrap; Fedora: sudo dnf install -y bubblewrap',
  },
  {
    name: 'chromium',
    probe: ['chromium', '--version'],
    debian: 'chromium',
    hint: 'Debian: sudo apt-get install -y chromium; Fedora: sudo dnf install -y chromium',
  },
];

export interface MissingTool {
  readonly name: string;
  readonly why: string;
}

export function missingTools(say: (line: string) => void): MissingTool[] {
  return TOOLS.flatMap((tool) => {
    if (works(tool.probe)) return [];
    const why = install(tool, say);
    return why === null ? [] : [{ name: tool.name, why }];
  });
}

function works(probe: readonly string[]): boolean {
  const [command, ...args] = probe;
  return spawnSync(command ?? '', args, { stdio: 'ignore' }).status === 0;
}

/** Null when it works now; else why not, and what to type. */
function install(tool: Tool, say: (line: string) => void): string | null {
  if (process.platform !== 'linux') return `${tool.debian} is for Linux only`;
  if (process.getuid?.() !== 0) return `not installed, and only root may install it. ${tool.hint}`;
  if (!works(['apt-get', '--version'])) return `not installed, and this is no Debian. ${tool.hint}`;
  say(`Installing ${tool.debian} (apt-get) …`);
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', tool.debian]]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const done = spawnSync('apt-get', ['-qq', ...args], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (done.status !== 0) {
      const last = `${done.stdout}${done.stderr}`.trim().split('\n').at(-1) ?? '';
      return `apt-get ${args[0]} failed (${last}). ${tool.hint}`;
    }
  }
  return works(tool.probe) ? null : `installed, but ${tool.probe.join(' ')} fails. ${tool.hint}`;
}
