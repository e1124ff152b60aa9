/**
 * When Docker is tested, and that its verdict is honest. A client in front of the real one notes what is asked, and drops
 * or turns one word, so that no check can pass by not looking.
 */

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { SandboxUnavailable } from '../../src/sandboxes/index.ts';
import { dockerMissing, makeDocker, makeHouse, owner } from './house.ts';

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'bellhop-verdict-'));
  t.after(() => rm(made, { recursive: true, force: true }));
  await chmod(made, 0o711);
  return made;
}

interface Client {
  readonly program: string;
  /** The first words of what was asked since the last call. */
  asked(): Promise<string[]>;
  /** From now on `script` (sh) runs before the real client; it may change "$@". */
  before(script: string): Promise<void>;
}

async function client(t: TestContext, script = ''): Promise<Client> {
  const dir = await folder(t);
  const [program, log] = [join(dir, 'docker'), join(dir, 'log')];
  const before = async (words: string) => {
    await writeFile(program, `#!/bin/sh\necho "$1" >> '${log}'\n${words}\nexec docker "$@"\n`);
    await chmod(program, 0o755);
  };
  await before(script);
  return {
    program,
    before,
    async asked() {
      const lines = await readFile(log, 'utf8').catch(() => '');
      await rm(log, { force: true });
      return lines.split('\n').filter((line) => line !== '');
    },
  };
}

/** sh that drops the word `from` and what belongs to it, or says `to` in the place of both. */
function turning(from: string, words: number, ...to: readonly string[]): string {
  const said = to.map((word) => `'${word}'`).join(' ');
  return `n=$#; skip=0; while [ $n -gt 0 ]; do a=$1; shift; n=$((n-1))
    if [ $skip -gt 0 ]; then skip=$((skip-1)); continue; fi
    if [ "$a" = '${from}' ]; then skip=${words - 1}; set -- "$@" ${said}; else set -- "$@" "$a"; fi; done`;
}

describe('the verdict on Docker', { skip: dockerMissing }, () => {
  test('is made by running a container once, and after that by two questions', async (t) => {
    const [dataDir, { program, asked }] = [await folder(t), await client(t)];
    assert.deepEqual(await makeDocker(dataDir, { program }).selfTest(), { ok: true });
    assert.ok((await asked()).includes('run'));
    assert.deepEqual(await makeDocker(dataDir, { program }).selfTest(), { ok: true });
    assert.deepEqual((await asked()).toSorted(), ['image', 'info']);
  });

  for (const [what, script] of [
    [
      'the engine says other security options',
      `[ "$1" = info ] && { docker "$@"; echo seccomp=unconfined; exit; }`,
    ],
    ['the image has another content', `[ "$1" = image ] && { echo sha256:other; exit; }`],
    ['the engine does not tell what it is', '[ "$1" = info ] && exit 125'],
  ] as const) {
    test(`is made anew when ${what}`, async (t) => {
      const [dataDir, { program, asked, before }] = [await folder(t), await client(t)];
      await makeDocker(dataDir, { program }).selfTest();
      await asked();
      await before(script);
      assert.deepEqual(await makeDocker(dataDir, { program }).selfTest(), { ok: true });
      assert.ok((await asked()).includes('run'));
    });
  }

  test('attack: an engine that was good and is not any more is refused, not believed', async (t) => {
    const [dataDir, { program, before }] = [await folder(t), await client(t)];
    await makeDocker(dataDir, { program }).selfTest();
    await before(
      `[ "$1" = info ] && { echo unconfined; exit; }\n${turning('no-new-privileges', 1, 'seccomp=unconfined')}`,
    );
    const result = await makeDocker(dataDir, { program }).selfTest();
    assert.match(result.ok ? '' : result.why, /privileges/);
  });

  test('a refusal is remembered, until a person asks for Docker by its name', async (t) => {
    const [dataDir, { program, asked }] = [await folder(t), await client(t, '[ "$1" = build ] && exit 1')];
    const auto = { program, insisted: false, base: 'nothing:1' };
    for (const builds of [true, false]) {
      assert.equal((await makeDocker(dataDir, auto).selfTest()).ok, false);
      assert.equal((await asked()).includes('build'), builds);
    }
    assert.equal((await makeDocker(dataDir, { ...auto, insisted: true }).selfTest()).ok, false);
    assert.ok((await asked()).includes('build'));
  });

  const doors: readonly (readonly [door: RegExp, ...turned: Parameters<typeof turning>])[] = [
    [/network/, '--network', 2, '--network', 'host'],
    [/root of the sandbox can be written/, '--read-only', 1],
    [/capabilities/, '--cap-drop', 2],
    [/privileges/, '--security-opt', 2],
    // Root without its capabilities is not the owner of the mount either, and that shows first.
    [/writable mount cannot be written/, `${owner.uid}:${owner.gid}`, 1, '0:0'],
    [/image is gone/, '--pull', 2, '--pull', 'never', '--name', 'x', 'nothing:1'],
  ];
  for (const [door, ...words] of doors) {
    const [from, , ...to] = words;
    test(`a container with ${from} turned into ${to.join(' ') || 'nothing'} is refused`, async (t) => {
      const { program } = await client(t, turning(...words));
      const result = await makeDocker(await folder(t), { program }).selfTest();
      assert.match(result.ok ? 'it passed' : result.why, door);
      assert.ok(!result.ok && result.install !== '');
    });
  }

  test('an engine that cannot bound a sandbox is used, with a warning', async (t) => {
    const refusing =
      'case "$*" in *--memory*) echo "this engine has no cgroup for that" >&2; exit 125;; esac';
    const { program } = await client(t, refusing);
    const house = await makeHouse(t, (dataDir) => makeDocker(dataDir, { program }));
    const result = await house.runtime.selfTest();
    assert.ok(result.ok);
    assert.match(result.warnings?.join() ?? '', /cannot bound the memory, processes, CPU/);
    assert.equal((await (await house.runtime.start(house.shell('exit 4'))).exited).code, 4);
  });

  test('an engine that goes away in use is SandboxUnavailable, and its return is noticed', async (t) => {
    const { program, before } = await client(t);
    const house = await makeHouse(t, (dataDir) => makeDocker(dataDir, { program }));
    const run = async () => (await (await house.runtime.start(house.shell('exit 4'))).exited).code;
    assert.equal(await run(), 4);
    await before('echo "Cannot connect to the Docker daemon at unix:///x." >&2; exit 1');
    await assert.rejects(
      run,
      (error) => error instanceof SandboxUnavailable && /systemctl start docker/.test(error.hint),
    );
    await before('');
    assert.equal(await run(), 4);
  });

  test('a mount source that is gone is SandboxUnavailable and names it', async (t) => {
    const house = await makeHouse(t, makeDocker);
    const mounts = [{ source: join(house.dataDir, 'gone'), target: '/bellhop/gone', writable: false }];
    const started = house.runtime.start(house.shell('true', { mounts, workDir: '/' }));
    await assert.rejects(
      started,
      (error) => error instanceof SandboxUnavailable && /gone/.test(error.message),
    );
  });

  test('attack: reading the password of a proxy that the client hands to every container', async (t) => {
    const config = await folder(t);
    const proxy = 'http://user:secret-of-the-proxy@proxy:1';
    const proxies = {
      default: { httpProxy: proxy, httpsProxy: proxy, allProxy: proxy, noProxy: proxy, ftpProxy: proxy },
    };
    await writeFile(join(config, 'config.json'), JSON.stringify({ proxies }));
    const { program } = await client(t, `export DOCKER_CONFIG='${config}'`);
    const house = await makeHouse(t, (dataDir) => makeDocker(dataDir, { program }));
    const { output } = await (await house.runtime.start(house.shell('env; cat /proc/1/environ'))).exited;
    assert.match(output, /HTTP_PROXY=/);
    assert.ok(!output.includes('secret-of-the-proxy'), output);
  });
});

test('without a client there is nothing of Docker on this machine', async (t) => {
  const result = await makeDocker(await folder(t), { program: '/no/such/docker' }).selfTest();
  assert.ok(!result.ok && result.absent);
  assert.deepEqual(await makeDocker(await folder(t), { program: '/no/such/docker' }).leftovers('x'), []);
});
