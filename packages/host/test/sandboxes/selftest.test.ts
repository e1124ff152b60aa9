/**
 * The self-test, and what is said when no sandbox can be had. Each door of the self-test is opened once, by a bubblewrap
 * that drops or turns one option, so that no check can pass by not looking.
 */

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createBwrapRuntime } from '../../src/sandboxes/bwrap.ts';
import {
  chooseRuntime,
  createNoneRuntime,
  type SandboxRuntime,
  SandboxUnavailable,
} from '../../src/sandboxes/index.ts';
import { judge } from '../../src/sandboxes/selftest.ts';
import { bwrapMissing, host, hostIsRoot, makeHouse, owner } from './house.ts';

const make = (dataDir: string, bwrap?: string): SandboxRuntime =>
  createBwrapRuntime({ dataDir, ...host, ...(bwrap === undefined ? {} : { bwrap }) });

/** A folder that both the host and the sandbox's user can enter. */
async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'bellhop-selftest-'));
  t.after(() => rm(made, { recursive: true, force: true }));
  await chmod(made, 0o711);
  return made;
}

/** A bubblewrap that drops the option `from`, or says `to` in its place; then the next pair. */
async function turned(t: TestContext, ...pairs: readonly (string | undefined)[]): Promise<string> {
  const file = join(await folder(t), 'bwrap');
  const turns = Array.from({ length: Math.ceil(pairs.length / 2) }, (_, n) => {
    const keep = pairs[2 * n + 1] === undefined ? ':' : `set -- "$@" '${pairs[2 * n + 1]}'`;
    return `n=$#; while [ $n -gt 0 ]; do a=$1; shift; n=$((n-1))
    if [ "$a" = '${pairs[2 * n]}' ]; then ${keep}; else set -- "$@" "$a"; fi; done`;
  });
  const script = `${turns.join('\n')}; exec bwrap "$@"`;
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

describe('self-test of bubblewrap', { skip: bwrapMissing }, () => {
  test('a sandbox that holds passes, and nothing is left in the data folder', async (t) => {
    const dataDir = await folder(t);
    assert.deepEqual(await make(dataDir).selfTest(), { ok: true });
    assert.deepEqual(await readdir(join(dataDir, 'sandbox')), ['etc', 'seccomp.bpf']);
  });

  // bubblewrap without our filter: it only keeps the descriptor open.
  const unfiltered = ['--seccomp', '--sync-fd'] as const;
  const doors: readonly (readonly [door: RegExp, from: string, to?: string, ...more: readonly string[]])[] = [
    [/network/, '--unshare-net'],
    [/system calls are not filtered/, ...unfiltered],
    // Either of two walls would hold alone.
    [/user namespaces can be made/, '--disable-userns', undefined, ...unfiltered],
    [/read-only mount can be written/, '--ro-bind', '--bind'],
    [/writable mount cannot be written/, '--bind', '--ro-bind'],
    [/root of the sandbox can be written/, '--remount-ro', '--dir'],
    [/capabilities/, '--cap-drop', '--cap-add'],
    [/runs as root/, `${owner.uid}`, '0'],
    [/too old/, '--disable-userns', '--no-such-option'],
    [/self-test broke off|mount cannot be read/, '/bellhop/read', '/bellhop/elsewhere'],
  ];
  for (const [door, from, to, ...more] of doors) {
    test(`a sandbox with ${from} ${to === undefined ? 'dropped' : `turned into ${to}`} is refused`, async (t) => {
      const result = await make(await folder(t), await turned(t, from, to, ...more)).selfTest();
      assert.ok(!result.ok);
      assert.match(result.why, door);
      assert.notEqual(result.install, '');
    });
  }

  test('a root host whose data folder is closed to the sandbox says what to type', {
    skip: hostIsRoot ? false : 'only a root host has this fault',
  }, async (t) => {
    const dataDir = await folder(t);
    await chmod(dataDir, 0o700);
    const result = await make(dataDir).selfTest();
    assert.ok(!result.ok);
    assert.equal(result.install, `chmod 0711 ${dataDir}`);
  });

  test('bubblewrap vanishing while in use is SandboxUnavailable, and its return is noticed', async (t) => {
    const bwrap = await turned(t, '--nothing');
    const house = await makeHouse(t, (dataDir) => make(dataDir, bwrap));
    const run = async () => (await (await house.runtime.start(house.shell('exit 4'))).exited).code;
    assert.equal(await run(), 4);
    await chmod(bwrap, 0o600);
    await assert.rejects(
      run,
      (error) => error instanceof SandboxUnavailable && /bubblewrap/.test(error.hint),
    );
    await chmod(bwrap, 0o755);
    assert.equal(await run(), 4);
  });

  test('a mount source that is gone is SandboxUnavailable and names it', async (t) => {
    const house = await makeHouse(t, make);
    const mounts = [{ source: join(house.dataDir, 'gone'), target: '/bellhop/gone', writable: false }];
    const started = house.runtime.start(house.shell('true', { mounts, workDir: '/' }));
    await assert.rejects(
      started,
      (error) => error instanceof SandboxUnavailable && /gone/.test(error.message),
    );
  });
});

test('without bubblewrap the self-test names the package to install', async (t) => {
  const result = await make(await folder(t), '/no/such/bwrap').selfTest();
  assert.ok(!result.ok);
  assert.match(result.why, /\/no\/such\/bwrap is missing/);
  assert.match(result.install, /bubblewrap$/);
});

test('a self-test that does not reach its end, or whose writing never arrives, is a no', () => {
  const words = { name: 'x', install: 'y', bounded: false };
  assert.deepEqual(judge(words, 'unbounded CPU\nend\n', true), { ok: true });
  const bounded = judge({ ...words, bounded: true }, 'unbounded memory\nunbounded CPU\nend\n', true);
  assert.ok(bounded.ok);
  assert.match(bounded.warnings?.join() ?? '', /x cannot bound the memory, CPU/);
  for (const [output, reached] of [
    ['', true],
    ['end\n', false],
    ['en', true],
    ['open network\nend\n', true],
  ] as const) {
    assert.equal(judge(words, output, reached).ok, false, output);
  }
});

describe('choosing a sandbox', () => {
  const none = createNoneRuntime();
  const fake = (why: string | null, absent?: true): SandboxRuntime => ({
    ...none,
    kind: 'bwrap',
    selfTest: async () =>
      why === null ? { ok: true } : { ok: false, why, install: 'install it', ...(absent ? { absent } : {}) },
  });

  test('auto takes a real sandbox that passes', async () => {
    const good = fake(null);
    const choice = await chooseRuntime('auto', [none, fake('broken'), good, fake(null)]);
    assert.ok(choice.ok);
    assert.equal(choice.runtime, good);
    assert.deepEqual(choice.passedOver, [{ ok: false, why: 'broken', install: 'install it' }]);
  });

  test('auto says nothing of what is not on this machine, and names what can be installed when nothing is', async () => {
    const good = fake(null);
    const choice = await chooseRuntime('auto', [fake('no engine', true), good]);
    assert.deepEqual(choice.ok && choice.passedOver, []);
    const none = await chooseRuntime('auto', [fake('no engine', true), fake('no bubblewrap')]);
    assert.equal(!none.ok && none.why, 'no bubblewrap');
    const absent = await chooseRuntime('auto', [fake('no engine', true), fake('no bubblewrap', true)]);
    assert.equal(!absent.ok && absent.why, 'no bubblewrap');
  });

  test('auto never falls to no sandbox: it says why and what to install', async () => {
    const refused = { ok: false, why: 'broken', install: 'install it' };
    assert.deepEqual(await chooseRuntime('auto', [none, fake('broken'), fake('also broken')]), refused);
    assert.deepEqual(await chooseRuntime('bwrap', [none, fake('broken')]), refused);
    assert.equal((await chooseRuntime('auto', [none])).ok, false);
  });

  test('no sandbox is chosen by its name only', async () => {
    const choice = await chooseRuntime('none', [fake(null), none]);
    assert.equal(choice.ok && choice.runtime, none);
  });
});
