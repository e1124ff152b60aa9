/** This checkout and this machine, as an end-to-end test sees them: what to start, in which environment, what is missing. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../..');
/** The pinned Node, which the launcher would run. */
export const NODE = join(ROOT, 'node_modules/.bin/node');
export const HOST_PROGRAM = join(ROOT, 'packages/host/src/main.ts');
export const CLI_PROGRAM = join(ROOT, 'packages/cli/src/main.ts');
export const LAUNCHER = join(ROOT, 'bellhop');

/** A reason to skip, or false. */
export const bwrapMissing: string | false = (process.env.BELLHOP_TEST_MISSING ?? '').includes('bwrap')
  ? 'bubblewrap is missing on this machine'
  : false;

/** The real sandboxes that a house can have. */
export type SandboxKind = 'bwrap' | 'docker';

/** For each a reason to skip, or false. */
export const missing: Readonly<Record<SandboxKind, string | false>> = {
  bwrap: bwrapMissing,
  docker: (process.env.BELLHOP_TEST_MISSING ?? '').includes('docker')
    ? 'no container engine can be used on this machine'
    : false,
};

export const hostIsRoot = process.getuid?.() === 0;

/** A reason to skip, or false: the launcher would install before it starts anything. */
export function launcherWouldInstall(): string | false {
  const read = (path: string): string | null => {
    try {
      return readFileSync(join(ROOT, path), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  };
  const wanted = read('package-lock.json');
  const stamps = ['full', 'core'].map((kind) => read(`node_modules/.bellhop-${kind}.json`));
  return stamps.includes(wanted) ? false : 'this checkout was installed by hand, so ./bellhop would install';
}

const NODE_STARTS = 60;
const LEAST_S = 3;
const MOST_S = 20;

/**
 * Seconds for a limit of the product's that a test shortens, so that what hangs is soon found out: as long as 60 starts
 * of Node take here and now. What does not hang stays far within it on a slow or busy machine, too.
 */
export function shortLimitS(): number {
  const starts = [1, 2, 3].map(() => {
    const startedMs = performance.now();
    spawnSync(NODE, ['-e', '']);
    return performance.now() - startedMs;
  });
  const seconds = Math.ceil((NODE_STARTS * Math.max(...starts)) / 1_000);
  return Math.min(MOST_S, Math.max(LEAST_S, seconds));
}

const PROVIDER_KEYS = /^(ANTHROPIC|OPENAI|GEMINI|OPENROUTER)_API_KEY$|^BELLHOP_KEY$/;
/** Nobody listens there: an Ollama on this machine is none of a test's business. */
const NO_OLLAMA = '127.0.0.1:9';

/** Nothing of the person who runs the tests, and nothing of the test runner, reaches what a test starts. */
export function environment(home: string, extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { BELLHOP_DATA, BELLHOP_HARNESS, BELLHOP_PAGE, NODE_OPTIONS, NODE_TEST_CONTEXT, ...rest } =
    process.env;
  const kept = Object.entries(rest).filter(([name]) => !PROVIDER_KEYS.test(name));
  return { ...Object.fromEntries(kept), HOME: home, OLLAMA_HOST: NO_OLLAMA, ...extra };
}
