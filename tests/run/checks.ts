/** The checks that read the code without running it. Side by side; each one's words are shown only when it fails. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

const CHECKS: readonly (readonly [name: string, bin: string, ...args: string[]])[] = [
  ['biome', '@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
  ['tsc', 'typescript/bin/tsc', '--noEmit', '-p', '.'],
  // Apart, so that the host cannot see the names of a browser.
  ['tsc of the page', 'typescript/bin/tsc', '--noEmit', '-p', 'packages/web'],
  ['knip', 'knip/bin/knip.js'],
];

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly output: string;
}

export function runChecks(root: string): Promise<CheckResult[]> {
  return Promise.all(CHECKS.map(([name, bin, ...args]) => runCheck(root, name, bin, args)));
}

async function runCheck(
  root: string,
  name: string,
  bin: string,
  args: readonly string[],
): Promise<CheckResult> {
  const started = performance.now();
  const child = spawn(process.execPath, [`${root}/node_modules/${bin}`, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = Promise.withResolvers<number | null>();
  child.once('error', closed.reject);
  child.once('close', closed.resolve);
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), closed.promise]);
  return { name, ok: code === 0, ms: performance.now() - started, output: `${out}${err}`.trim() };
}
