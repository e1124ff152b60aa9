/** docs/SECURITY.md as data: its rows, whether a test of their title is there, and which files run it. */
import assert from 'node:assert/strict';
import type { Shown } from './broken-guard.ts';

export interface Row extends Shown {
  readonly guard: string;
}

export function rowsOf(document: string): Row[] {
  const lines = document.split('\n').filter((line) => /^\| (\d|–)/.test(line));
  return lines.map((line) => {
    const [, guard, file, title] = /^\| (?:\d+|–) \|.*\| `(.+)` \| `(.+)`: (.+) \|$/.exec(line) ?? [];
    assert.ok(guard && file && title, `not a row of this table: ${line}`);
    return { guard, file, title };
  });
}

/** Titles stand in a call of `test` or in a table of attacks. @param text of the test file. */
export function hasTest(text: string, title: string): boolean {
  const titles = [...text.matchAll(/(?:\btest\(\s*|title:\s*)(['"`])(.*?)\1,/gs)];
  return titles.some(([, , words]) => words?.includes(title));
}

const SANDBOXES = [
  'packages/host/test/sandboxes/bwrap.test.ts',
  'packages/host/test/sandboxes/docker.test.ts',
];
const twice = (name: string, withDocker: string) =>
  [name, withDocker].map((file) => `tests/e2e/${file}.test.ts`);

/** Tables of attacks, and the test files that run them. */
const RUN_BY: Readonly<Record<string, readonly string[]>> = {
  'packages/host/test/sandboxes/attacks.ts': SANDBOXES,
  'packages/host/test/sandboxes/calls.ts': SANDBOXES,
  'packages/host/test/sandboxes/conformance.ts': SANDBOXES,
  'packages/host/test/sandboxes/limits.ts': SANDBOXES,
  'packages/host/test/sandboxes/survivors.ts': SANDBOXES,
  'packages/host/test/hostile/attacks.ts': [
    'packages/host/test/hostile/bwrap.test.ts',
    'packages/host/test/hostile/docker.test.ts',
  ],
  'packages/host/test/skills/attacks.ts': [
    'packages/host/test/skills/bwrap.test.ts',
    'packages/host/test/skills/docker.test.ts',
  ],
  'tests/e2e/suites/approvals.ts': twice('approvals', 'docker-attacks'),
  'tests/e2e/suites/disk.ts': twice('disk', 'docker-attacks'),
  'tests/e2e/suites/mounts.ts': twice('mounts', 'docker-attacks'),
  'tests/e2e/suites/secrets.ts': twice('secrets', 'docker-secrets'),
  'tests/e2e/suites/way-out.ts': twice('way-out', 'docker-way-out'),
};

/** The test files that run a file's tests: itself, unless it is a table. */
export function runBy(file: string): readonly string[] {
  return RUN_BY[file] ?? [file];
}
