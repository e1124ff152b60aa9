/** What is built into the data folder: once, whole or not at all. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type BuiltFolder, ensureBuilt, removeOldBuilds, runBuild } from '../../src/built-folder.ts';
import { tempFolder } from '../temp-folder.ts';

/** Counts its builds; `fails` breaks one off with half of its files there. */
function sample() {
  const seen = { builds: 0, fails: false };
  const built: BuiltFolder = {
    name: 'sample',
    kind: 'private',
    sources: ['channels/src'],
    marker: 'done.txt',
    async build(dir) {
      seen.builds += 1;
      writeFileSync(join(dir, 'half.txt'), '');
      if (seen.fails) throw new Error('broken off');
      writeFileSync(join(dir, 'done.txt'), '');
    },
  };
  return { seen, built };
}

test('it is built once, and its progress told only then', async (t) => {
  const folders = { dataDir: tempFolder(t), user: null };
  const { seen, built } = sample();
  const told: string[] = [];
  const first = await ensureBuilt(folders, built, () => told.push('building'));
  assert.equal(await ensureBuilt(folders, built, () => told.push('building')), first);
  assert.deepEqual([seen.builds, told], [1, ['building']]);
  assert.deepEqual(readdirSync(first).sort(), ['done.txt', 'half.txt']);
});

test('a build that was cut off is thrown away, also one of a version that named it before it was whole', async (t) => {
  const folders = { dataDir: tempFolder(t), user: null };
  const { seen, built } = sample();
  const whole = await ensureBuilt(folders, built, () => undefined);
  const root = join(folders.dataDir, 'sample');
  await removeOldBuilds(join(root, 'none'));
  seen.fails = true;
  await assert.rejects(
    ensureBuilt(folders, built, () => undefined),
    /broken off/,
  );
  assert.equal(existsSync(whole), false);
  mkdirSync(whole);
  writeFileSync(join(whole, 'stale.txt'), '');
  seen.fails = false;
  assert.deepEqual(readdirSync(await ensureBuilt(folders, built, () => undefined)).sort(), [
    'done.txt',
    'half.txt',
  ]);
  assert.equal(readdirSync(root).length, 1);
});

test('what other versions built is removed, what is in use stays', async (t) => {
  const folders = { dataDir: tempFolder(t), user: null };
  const current = await ensureBuilt(folders, sample().built, () => undefined);
  mkdirSync(join(folders.dataDir, 'sample/of-old'));
  await removeOldBuilds(current);
  assert.deepEqual(readdirSync(join(folders.dataDir, 'sample')), [current.split('/').at(-1)]);
});

test('a build program that fails is told with its last words', async (t) => {
  const program = join(tempFolder(t), 'build.ts');
  writeFileSync(program, 'console.error("no such loader"); process.exit(3);');
  await assert.rejects(runBuild(program, '/nowhere'), /exit code 3.*no such loader/s);
});
