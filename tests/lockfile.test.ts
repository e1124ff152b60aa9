import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import {
  completed,
  disagreements,
  type LockEntry,
  type Lockfile,
  missingEntries,
} from './lockfile/complete.ts';

const ROOT = join(import.meta.dirname, '..');
const json = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

test('the lockfile agrees with every package.json', () => {
  const folders = ['', ...globSync('packages/*/package.json', { cwd: ROOT }).map((path) => dirname(path))];
  const manifests = Object.fromEntries(
    folders.map((folder) => [folder, json(join(folder, 'package.json')) as LockEntry]),
  );
  assert.ok(folders.length > 3);
  assert.deepEqual(
    disagreements(json('package-lock.json') as Lockfile, manifests),
    [],
    'type: npm install, then ./node_modules/.bin/node tests/lockfile/fix.ts',
  );
});

test('the lockfile has the binaries of every platform, not only of the one it was made on', () => {
  assert.deepEqual(
    Object.keys(missingEntries(json('package-lock.json') as Lockfile)),
    [],
    'type: ./node_modules/.bin/node tests/lockfile/fix.ts',
  );
});

const HALF: Lockfile = {
  packages: {
    '': { dependencies: { tool: '1.2.3' } },
    'node_modules/tool': {
      version: '1.2.3',
      dev: true,
      optionalDependencies: { '@tool/linux-x64-musl': '1.2.3', '@tool/darwin-arm64': '1.2.3' },
    },
    'node_modules/@tool/darwin-arm64': { version: '1.2.3' },
  },
};

test('a binary that the lockfile lacks is found and described by its name', () => {
  const entry = { version: '1.2.3', cpu: ['x64'], dev: true, libc: ['musl'], optional: true, os: ['linux'] };
  assert.deepEqual(missingEntries(HALF), { 'node_modules/@tool/linux-x64-musl': entry });
  assert.deepEqual(missingEntries(completed(HALF)), {});
});

test('a dependency that only one of the two files knows is named', () => {
  assert.deepEqual(disagreements(HALF, { '': { dependencies: { tool: '1.2.4' } }, 'packages/new': {} }), [
    '.: tool is 1.2.4, locked 1.2.3',
    'packages/new is not in package-lock.json',
  ]);
});
