/** What the engine's client is told, and what is made of its words, as tables: no engine is needed. */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { containerName, type DockerPlan, runArguments } from '../../src/sandboxes/docker/arguments.ts';
import { explainEngine } from '../../src/sandboxes/docker/explain.ts';
import { DEFAULT_LIMITS } from '../../src/sandboxes/port.ts';
import { createRing, drainAfterLine } from '../../src/sandboxes/ring.ts';

const plan: DockerPlan = {
  spec: {
    mark: 'bellhop:i:s:1',
    workDir: '/w',
    limits: DEFAULT_LIMITS,
    env: { A: 'b c' },
    command: ['prog', '--privileged'],
  },
  mounts: [
    { from: '/data/s/out', target: '/w/out', writable: true },
    { from: '/data/s/in', target: '/w/in', writable: false },
  ],
  etcFrom: '/data/etc',
  owner: { uid: 1000, gid: 1001 },
  timeZone: 'Europe/Zurich',
  image: 'bellhop-agent:x',
  limited: true,
};

/** The words for the engine; what follows the image is for tini. */
function options(change: Partial<DockerPlan> = {}): string[] {
  const argv = runArguments({ ...plan, ...change });
  return argv.slice(0, argv.indexOf(plan.image));
}

function has(argv: readonly string[], ...part: string[]): boolean {
  return argv.some((_, at) => part.every((word, offset) => argv[at + offset] === word));
}

describe('the arguments of a container', () => {
  test('shut every door by name', () => {
    for (const [flag, value] of [
      ['--network', 'none'],
      ['--ipc', 'none'],
      ['--cap-drop', 'ALL'],
      ['--security-opt', 'no-new-privileges'],
      ['--user', '1000:1001'],
      ['--pull', 'never'],
      ['--log-driver', 'none'],
      ['--pids-limit', '256'],
      ['--memory', '1073741824'],
      ['--memory-swap', '1073741824'],
      ['--cpus', '1'],
      ['--label', 'bellhop.install=i'],
      ['--label', 'bellhop.mark=bellhop:i:s:1'],
      ['--name', 'bellhop-i-s-1'],
    ] as const) {
      assert.ok(has(options(), flag, value), `${flag} ${value}`);
    }
    assert.ok(options().includes('--read-only') && options().includes('--sig-proxy=false'));
    for (const never of [
      '--privileged',
      '--cap-add',
      '--device',
      '--volume',
      '--pid',
      '--interactive',
      '--tty',
    ])
      assert.ok(!options().some((word) => word.split('=')[0] === never), never);
  });

  test('bind writable what the spec calls writable, and nothing else', () => {
    const binds = options().filter((word) => word.startsWith('type=bind'));
    assert.deepEqual(
      binds.filter((bind) => !bind.endsWith(',readonly')),
      ['type=bind,source=/data/s/out,target=/w/out'],
    );
  });

  test('attack: options hidden in the path of a folder, a command, a target or a mark', () => {
    const from = '/data/a,readonly=false,source=/etc/"x"';
    const mounts = [{ from, target: '/w', writable: false }];
    assert.ok(
      options({ mounts }).includes(
        'type=bind,"source=/data/a,readonly=false,source=/etc/""x""",target=/w,readonly',
      ),
    );
    assert.deepEqual(runArguments(plan).slice(-2), plan.spec.command);
    for (const target of ['/', 'w', '/w/../etc', '/w/']) {
      assert.throws(() => options({ mounts: [{ from: '/data', target, writable: true }] }), TypeError);
    }
    for (const mark of ['', 'bellhop:../x', 'bellhop:a b', '--privileged']) {
      assert.throws(() => options({ spec: { ...plan.spec, mark } }), TypeError);
      assert.throws(() => containerName(mark), TypeError);
    }
  });

  test('an engine without cgroups is not asked for limits', () => {
    const unlimited = options({ limited: false });
    for (const flag of ['--memory', '--memory-swap', '--pids-limit', '--cpus'])
      assert.ok(!unlimited.includes(flag), flag);
  });
});

describe('why the engine gives no sandbox', () => {
  const table: readonly (readonly [words: string, why: RegExp, install: RegExp])[] = [
    [
      'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
      /may not use/,
      /usermod -aG docker/,
    ],
    [
      'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?',
      /does not answer/,
      /systemctl/,
    ],
    ['info: no answer within 30 s', /does not answer/, /systemctl/],
    [
      "docker: Error response from daemon: No such image: bellhop-agent:x.\nSee 'docker run --help'.",
      /image is gone/,
      /up/,
    ],
    ['Error: write /x: no space left on device', /disk/, /system df/],
    ['Get "https://r/v2/": dial tcp: lookup r: no such host', /cannot be built/, /BELLHOP_BASE_IMAGE/],
    [
      'DEPRECATED: the legacy builder\n  Install the buildx component:\n  https://d/\n\nGet "http://r:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
      /cannot be built.*\(Get /,
      /BELLHOP_BASE_IMAGE/,
    ],
    ['error during connect: Get "http://d:1/v1.41/info": connection refused', /does not answer/, /systemctl/],
    ['WARNING: no swap\nbellhop: no program /x in the sandbox', /^no program \/x/, /./],
    [
      'DEPRECATED: the legacy builder\n\ndocker: Error response from daemon: something new.',
      /^the container engine failed: something new\.$/,
      /docker info/,
    ],
    ['', /without a word/, /./],
  ];
  for (const [words, why, install] of table) {
    test(words.slice(0, 70).replaceAll('\n', ' ') || 'silence', () => {
      const reason = explainEngine(words);
      assert.match(reason.why, why);
      assert.match(reason.install, install);
      assert.ok(!reason.why.includes('\n'));
    });
  }
});

describe('the line that announces a command', () => {
  test('is no part of its output, and what follows in the same chunk is', async () => {
    const [ring, pipe] = [createRing(64), new PassThrough()];
    const announced = drainAfterLine(ring, pipe);
    pipe.write('\nfirst words\n');
    assert.equal(await announced, true);
    pipe.end('last words\n');
    await new Promise((closed) => pipe.once('close', closed));
    assert.equal(ring.text(), 'first words\nlast words\n');
  });

  test('never comes when the client ends without it', async () => {
    const pipe = new PassThrough();
    const announced = drainAfterLine(createRing(64), pipe);
    pipe.end();
    pipe.destroy();
    assert.equal(await announced, false);
  });
});
