/**
 * Holds the layers: imports point one way, folders know each other's ports only, nothing lives at module level. The
 * rules are in layers/rules.ts; the samples below show that each of them can fail.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { violations } from './layers/rules.ts';

const ROOT = join(import.meta.dirname, '..');

test('the layers hold in every package', () => {
  const paths = globSync('packages/*/src/**/*.{ts,tsx}', { cwd: ROOT });
  assert.ok(paths.length > 50, `only ${paths.length} files were found`);
  const files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));
  const found = violations(files).map(({ file, rule }) => `${file}: ${rule}`);
  assert.deepEqual(found, [], `\n${found.join('\n')}\n`);
});

/** [what it is, file, text, the rule that must speak; null = allowed] */
const SAMPLES: readonly (readonly [string, string, string, RegExp | null])[] = [
  ['the mailbox with Node alone', 'packages/mailbox/src/a.ts', "import 'node:fs'; import './b.ts';", null],
  [
    'the mailbox with a library',
    'packages/mailbox/src/a.ts',
    "import { z } from 'zod';",
    /may not import zod/,
  ],
  [
    'the mailbox knowing the host',
    'packages/mailbox/src/a.ts',
    "import type { X } from '@bellhop/host/api';",
    /may not/,
  ],
  [
    'the runner on its side',
    'packages/runner/src/a.ts',
    "import { x } from '@bellhop/mailbox/runner';",
    null,
  ],
  [
    'the light harness with a library',
    'packages/runner/src/harnesses/light/a.ts',
    "import { z } from 'zod';",
    null,
  ],
  [
    'the loop with a library',
    'packages/runner/src/loop.ts',
    "import { z } from 'zod';",
    /may not import zod/,
  ],
  [
    'the runner on the host side',
    'packages/runner/src/a.ts',
    "export * from '@bellhop/mailbox/host';",
    /may not import/,
  ],
  [
    'the host on the runner side',
    'packages/host/src/a/b.ts',
    "import { x } from '@bellhop/mailbox/runner';",
    /may not/,
  ],
  [
    'the host inside the runner',
    'packages/host/src/a/b.ts',
    "import { x } from '@bellhop/runner';",
    /may not import/,
  ],
  ['the host with its libraries', 'packages/host/src/a/b.ts', "import { Hono } from 'hono';", null],
  [
    'a channel knowing the mailbox',
    'packages/channels/src/a.ts',
    "import '@bellhop/mailbox';",
    /may not import/,
  ],
  ['the CLI with types', 'packages/cli/src/a.ts', "import type { Status } from '@bellhop/host/api';", null],
  [
    'the CLI with inline types',
    'packages/cli/src/a.ts',
    "import { type Status } from '@bellhop/host/api';",
    null,
  ],
  ['the CLI with values', 'packages/cli/src/a.ts', "import { x } from '@bellhop/host/api';", /only types/],
  [
    'a way round by path',
    'packages/cli/src/a.ts',
    "import type { X } from '../../host/src/types.ts';",
    /another package/,
  ],
  ['the page with Node', 'packages/web/src/a.ts', "import 'node:fs';", /runs in a browser/],
  ['the page splitting its bundle', 'packages/web/src/main.ts', "const x = import('./x.ts'); x;", null],
  ['the page splitting it elsewhere', 'packages/web/src/a.ts', "const x = import('./x.ts'); x;", /dynamic/],
  ['a package nobody listed', 'packages/extra/src/a.ts', "import 'node:fs';", /not in the table/],
  [
    'a port of another folder',
    'packages/host/src/a/b.ts',
    "import type { X } from '../router/port.ts';",
    null,
  ],
  [
    'the inside of another folder',
    'packages/host/src/a/b.ts',
    "import { x } from '../router/engage.ts';",
    /is inside/,
  ],
  [
    'its type, re-exported',
    'packages/host/src/a/b.ts',
    "export type { X } from '../router/engage.ts';",
    /is inside/,
  ],
  [
    'a port deeper inside',
    'packages/host/src/a/b.ts',
    "import { x } from '../router/deep/port.ts';",
    /is inside/,
  ],
  ['main.ts constructing', 'packages/host/src/main.ts', "import { x } from './router/engage.ts';", null],
  ['main.ts being imported', 'packages/host/src/a/b.ts', "import { x } from '../main.ts';", /nobody imports/],
  ['a dynamic import', 'packages/host/src/a/b.ts', "const x = await import('node:fs'); x;", /dynamic/],
  ['a dynamic import in a type', 'packages/host/src/a/b.ts', "type X = import('node:fs').Stats;", /dynamic/],
  [
    'the word in a string',
    'packages/host/src/a/b.ts',
    "const x = \"import('y')\"; // let z; import('z')",
    null,
  ],
  ['a top-level let', 'packages/host/src/a/b.ts', 'let count = 0;', /top-level let/],
  ['an exported let', 'packages/host/src/a/b.ts', 'export let count = 0;', /top-level let/],
  ['a let in a function', 'packages/host/src/a/b.ts', 'export function f() { let x = 0; return x++; }', null],
  ['a folder without a name', 'packages/host/src/utils/b.ts', '', /says nothing/],
];

for (const [what, file, text, expected] of SAMPLES) {
  test(`the check ${expected ? 'stops' : 'lets through'} ${what}`, () => {
    const rules = violations({ [file]: text }).map((violation) => violation.rule);
    if (expected === null) assert.deepEqual(rules, []);
    else assert.match(rules.join('\n'), expected);
  });
}

test('W15: the host may not import the side of the mailbox that writes an outbox, not even its types', () => {
  const file = 'packages/host/src/supervisor/a.ts';
  for (const text of [
    "import { OutboundMailbox } from '@bellhop/mailbox/runner';",
    "import type { X } from '@bellhop/mailbox/runner';",
  ])
    assert.match(violations({ [file]: text })[0]?.rule ?? '', /may not import @bellhop\/mailbox\/runner/);
});

test('the check stops an import cycle, also one of types alone, and names its way', () => {
  const cycle = violations({
    'packages/host/src/a/a.ts': "import { b } from './b.ts';",
    'packages/host/src/a/b.ts': "import './c.ts';",
    'packages/host/src/a/c.ts': "import type { A } from './a.ts';",
  });
  assert.equal(cycle.length, 1);
  assert.match(cycle[0]?.rule ?? '', /a\.ts -> .*b\.ts -> .*c\.ts -> .*a\.ts/);
  const shared = "import { b } from './b.ts'; import { c } from './c.ts';";
  const diamond = { a: shared, b: "import './d.ts';", c: "import './d.ts';", d: '' };
  const files = Object.entries(diamond).map(([name, text]) => [`packages/host/src/a/${name}.ts`, text]);
  assert.deepEqual(violations(Object.fromEntries(files)), []);
});

test('H8: the host waits for no other process with all else standing still', () => {
  const paths = globSync('packages/{host,channels,mailbox}/src/**/*.ts', { cwd: ROOT });
  assert.ok(paths.length > 100);
  const waits = paths.filter((path) =>
    /\b(exec|execFile|spawn)Sync\b/.test(readFileSync(join(ROOT, path), 'utf8')),
  );
  assert.deepEqual(waits, []);
});
