/**
 * `./bellhop test [PATTERN …]`: everything that must hold, with one line per check and file and a last line that counts.
 *
 * With a pattern only the test files whose path contains it run, and no checks. What the machine lacks is told to the
 * tests in BELLHOP_TEST_MISSING (comma list), so that they skip with a reason; with CI=true that is a failure.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce } from './run/built.ts';
import { type CheckResult, runChecks } from './run/checks.ts';
import { type FileResult, runFiles, seconds } from './run/files.ts';
import { type MissingTool, missingTools } from './run/tools.ts';

const ROOT = join(import.meta.dirname, '..');
const SLOWEST = 10;
const say = (line: string): void => console.log(line);

async function main(patterns: readonly string[]): Promise<number> {
  const all = globSync(['packages/*/test/**/*.test.ts', 'tests/**/*.test.ts'], { cwd: ROOT }).sort();
  const chosen = all.filter(
    (path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)),
  );
  if (chosen.length === 0) {
    console.error(
      `No test file's path contains ${patterns.join(' or ')}.\n  There are ${all.length}, as ${all[0]}`,
    );
    return 2;
  }
  const missing = missingTools(ROOT, chosen, say);
  for (const { name, why } of missing) say(`skipping what needs ${name}: ${why}`);
  process.env.BELLHOP_TEST_MISSING = missing.map((tool) => tool.name).join(',');
  // The tests make data folders of their own; the user's must be out of their reach.
  delete process.env.BELLHOP_DATA;
  const [checks, removeBuilt] = await Promise.all([
    patterns.length === 0 ? runChecks(ROOT) : [],
    chosen.some((path) => /^tests\/(e2e|browser|proofs)/.test(path)) ? buildOnce() : () => undefined,
  ]);
  for (const check of checks) {
    say(`${check.ok ? 'ok  ' : 'FAIL'} ${seconds(check.ms)}  ${check.name}`);
    if (!check.ok) say(check.output);
  }
  const files = await runFiles(
    ROOT,
    chosen.map((path) => join(ROOT, path)),
    say,
  );
  removeBuilt();
  return summary(missing, checks, files);
}

function summary(
  missing: readonly MissingTool[],
  checks: readonly CheckResult[],
  files: readonly FileResult[],
): number {
  const slowest = files.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST);
  say('\nslowest:');
  for (const file of slowest) say(`     ${seconds(file.ms)}  ${file.path}`);
  const failing = [
    ...checks.filter((check) => !check.ok).map((check) => check.name),
    ...files.filter((file) => file.failed > 0).map((file) => file.path),
  ];
  if (failing.length > 0) say(`failed: ${failing.join(', ')}`);
  const inCi = process.env.CI === 'true' ? missing.length : 0;
  if (inCi > 0)
    say(`CI=true, so what is missing counts as failed: ${missing.map((tool) => tool.name).join(', ')}`);
  const sum = (of: (file: FileResult) => number): number =>
    files.reduce((total, file) => total + of(file), 0);
  const passed = checks.filter((check) => check.ok).length + sum((file) => file.passed);
  const failed = checks.filter((check) => !check.ok).length + sum((file) => file.failed) + inCi;
  say(`${passed} passed, ${failed} failed, ${sum((file) => file.skipped)} skipped`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
