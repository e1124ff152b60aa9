/** Packages with a real engine: real names from Debian, and a base whose npm writes down what it was told. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PackageImages, PackageNames, SandboxRuntime, SelfTest } from '../../src/sandboxes/port.ts';
import { makeDocker, makeHouse, dockerMissing as skip } from '../sandboxes/house.ts';
import { tempFolder } from '../temp-folder.ts';

const docker = (...args: string[]) =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: 'pipe' }).trim();
const AGENT = 'agent-bell';

/** An install of its own on the engine, whose images of packages go with the test; the agent image's layers are the tests'. */
async function open(t: TestContext, base?: string) {
  const installId = crypto.randomUUID().slice(0, 8);
  const make = (dataDir: string): SandboxRuntime =>
    makeDocker(dataDir, { installId, ...(base ? { base } : {}) });
  const house = await makeHouse(t, make);
  t.after(() => {
    const ours = docker(
      'image',
      'ls',
      '--filter',
      `label=bellhop.install=${installId}`,
      '--format',
      '{{.Repository}}:{{.Tag}}',
    );
    for (const image of ours.split('\n').filter((name) => /^bellhop-/.test(name)))
      docker('image', 'rm', image);
  });
  const self = await house.runtime.selfTest();
  assert.ok(self.ok);
  const images = house.runtime.images as PackageImages;
  const label = ['--filter', `label=bellhop.install=${installId}`];
  /** What a build that failed left on the engine: its containers, its layers. */
  const rubbish = () =>
    docker('ps', '--all', '--quiet', ...label) +
    docker('image', 'ls', '-q', ...label, '--filter', 'dangling=true');
  const said: string[] = [];
  const build = async (names: PackageNames): Promise<{ image: string; result: SelfTest }> => {
    const image = await images.nameOf(AGENT, names);
    const signal = new AbortController().signal;
    const onLine = (line: string) => void said.push(line);
    return { image, result: await images.build({ agent: AGENT, names, image, onLine, signal }) };
  };
  const run = async (image: string | null, script: string) => {
    const sandbox = await house.runtime.start(house.shell(script, image === null ? {} : { image }));
    return (await sandbox.exited).output;
  };
  return { images, said, build, run, rubbish };
}

test('a Debian package is in the sandbox of its agent, in a root that is as closed as before, and in no other', {
  skip,
}, async (t) => {
  const { images, said, build, run } = await open(t);
  const { image, result } = await build({ apt: ['hello'], npm: [] });
  assert.deepEqual(result, { ok: true });
  // Two streams in one text: which of the two lines comes first is nobody's promise.
  const ran = await run(image, 'hello; : > /usr/probe');
  assert.match(ran, /Hello, world!/);
  assert.match(ran, /Read-only file system/i);
  assert.doesNotMatch(await run(null, 'hello'), /Hello/);
  assert.ok(said.some((line) => /Setting up hello/.test(line)));
  assert.equal(
    docker('image', 'inspect', '--format', '{{index .Config.Labels "bellhop.agent"}}', image),
    AGENT,
  );
  assert.equal((await build({ apt: ['hello'], npm: [] })).image, image);
  assert.deepEqual(await images.present([image, 'bellhop-packages:none']), [image]);
  await images.keepOnly([]);
  assert.deepEqual(await images.present([image]), []);
});

test('a package that does not exist fails in words of apt, and leaves no image', { skip }, async (t) => {
  const { images, build, rubbish } = await open(t);
  const { image, result } = await build({ apt: ['no-such-package-anywhere'], npm: [] });
  assert.match(result.ok ? '' : result.why, /Unable to locate package no-such-package-anywhere/);
  assert.deepEqual(await images.present([image]), []);
  assert.notEqual(rubbish(), '');
  await images.keepOnly([]);
  assert.equal(rubbish(), '');
});

test('names that got past the judge: no shell runs them, no option is taken, nothing is removed', {
  skip,
}, async (t) => {
  const { build, images, rubbish } = await open(t);
  const marked = (name: string) => build({ apt: [name], npm: [] });
  for (const name of ['; touch /broken', '$(touch /broken)', '--version', 'tini-']) {
    const { result } = await marked(name);
    assert.equal(result.ok, false, name);
  }
  await images.keepOnly([]);
  assert.equal(rubbish(), '');
});

test('npm gets its names behind the end of options, and runs no install script', { skip }, async (t) => {
  const folder = tempFolder(t);
  const npm = '#!/bin/sh\nfor word; do echo "$word"; done > /npm-was-told\n';
  writeFileSync(join(folder, 'npm'), npm);
  chmodSync(join(folder, 'npm'), 0o755);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM bellhop-test-layers\nCOPY npm /usr/local/bin/npm\n');
  const base = `bellhop-test-npm:${crypto.randomUUID().slice(0, 8)}`;
  docker('build', '--quiet', '--tag', base, folder);
  t.after(() => docker('image', 'rm', '--force', base));
  const { build, run } = await open(t, base);
  const { image, result } = await build({
    apt: [],
    npm: ['prettier@3.6.2', '$(touch /broken)', '--version'],
  });
  assert.deepEqual(result, { ok: true });
  const words = (await run(image, 'cat /npm-was-told; ls /')).split('\n');
  const end = words.indexOf('--');
  assert.ok(words.slice(0, end).includes('--ignore-scripts'));
  assert.deepEqual(words.slice(end + 1, end + 4), ['prettier@3.6.2', '$(touch /broken)', '--version']);
  assert.ok(!words.includes('broken'));
});
