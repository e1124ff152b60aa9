/** The parts of the sandbox runtimes that decide without looking at the machine, as tables. */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { asOrdinaryUser, type BwrapPlan, bwrapArguments } from '../../src/sandboxes/arguments.ts';
import { sandboxOwner } from '../../src/sandboxes/bwrap.ts';
import { markInArguments, markInMounts } from '../../src/sandboxes/bwrap-marks.ts';
import { isInherited } from '../../src/sandboxes/descriptors.ts';
import { explain, type Facts } from '../../src/sandboxes/explain.ts';
import { DEFAULT_LIMITS } from '../../src/sandboxes/port.ts';
import { parseStat } from '../../src/sandboxes/processes.ts';
import { createRing, drainInto } from '../../src/sandboxes/ring.ts';
import { pidIn } from '../../src/sandboxes/rise.ts';

const plan: BwrapPlan = {
  spec: {
    mark: 'bellhop:i:s:1',
    workDir: '/w',
    limits: DEFAULT_LIMITS,
    env: { A: 'b c' },
    command: ['prog', '--bind', '/', '/'],
  },
  mounts: [
    { from: '/data/s/out', target: '/w/out', writable: true },
    { from: '/data/s', target: '/w', writable: false },
  ],
  system: { links: [{ path: '/bin', to: 'usr/bin' }], shown: ['/lib'] },
  etcFrom: '/data/etc',
  owner: { uid: 1000, gid: 1001 },
  countsInside: true,
  timeZone: 'Europe/Zurich',
};

function has(argv: readonly string[], ...part: string[]): boolean {
  return argv.some((_, at) => part.every((word, offset) => argv[at + offset] === word));
}

describe('the arguments of bubblewrap', () => {
  const argv = bwrapArguments(plan);

  test('shut every door by name', () => {
    const doors = ['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts'];
    for (const door of [...doors, '--disable-userns', '--new-session', '--clearenv'])
      assert.ok(argv.includes(door), door);
    assert.ok(has(argv, '--cap-drop', 'ALL') && has(argv, '--uid', '1000', '--gid', '1001'));
    for (const never of ['--die-with-parent', '--as-pid-1', '--share-net', '--dev-bind', '--cap-add']) {
      assert.ok(!argv.includes(never), never);
    }
  });

  test('mount parents before children, and the root read-only after all of them', () => {
    const at = (...part: string[]) =>
      argv.findIndex((_, from) => has(argv.slice(from, from + part.length), ...part));
    const parent = at('--ro-bind', '/data/s', '/w');
    const child = at('--bind', '/data/s/out', '/w/out');
    assert.ok(parent > 0 && child > parent && at('--remount-ro', '/') > child);
  });

  test('bind writable what the spec calls writable, and nothing else', () => {
    const options = argv.slice(0, argv.indexOf('--'));
    assert.equal(options.filter((word) => word === '--bind').length, 1);
  });

  test('hold the mark first and the environment of the spec', () => {
    assert.deepEqual(argv.slice(0, 4), ['--clearenv', '--setenv', 'BELLHOP_MARK', 'bellhop:i:s:1']);
    assert.ok(has(argv, '--setenv', 'A', 'b c') && has(argv, '--setenv', 'TZ', 'Europe/Zurich'));
    const own = bwrapArguments({ ...plan, spec: { ...plan.spec, env: { HOME: '/w', TZ: 'UTC' } } });
    assert.ok(has(own, '--setenv', 'HOME', '/w') && !own.includes('Europe/Zurich'));
  });

  test('attack: options hidden in a command, an environment or a mark', () => {
    assert.deepEqual(argv.slice(-4), plan.spec.command, 'the command comes last, after --');
    const env = { BELLHOP_MARK: 'bellhop:other:s:1', X: '--share-net' };
    assert.equal(markInArguments(bwrapArguments({ ...plan, spec: { ...plan.spec, env } })), 'bellhop:i:s:1');
    for (const mark of ['', 'other:1', 'bellhop:../../etc', 'bellhop:a b', 'bellhop:a\n', '--share-net']) {
      assert.throws(() => bwrapArguments({ ...plan, spec: { ...plan.spec, mark } }), TypeError, mark);
    }
    for (const target of ['/', 'w', '/w/../etc', '/w/', '']) {
      const mounts = [{ from: '/data/s', target, writable: true }];
      assert.throws(() => bwrapArguments({ ...plan, mounts }), TypeError, target);
    }
  });

  test('a root host drops its rights before bubblewrap, and passes the data folder as an argument, not as script', () => {
    const owner = { uid: 1000, gid: 1000 };
    const chain = asOrdinaryUser(
      "/root/it's; here",
      owner,
      ['/g/a', '/g/b'],
      ['bwrap', '--x'],
      [['/a b', '/c']],
    );
    assert.ok(
      has(
        chain,
        'sh',
        '2',
        '/g/a',
        '/g/b',
        '1',
        '/a b',
        '/c',
        "/root/it's; here",
        'setpriv',
        '--reuid',
        '1000',
        '--regid',
        '1000',
        '--clear-groups',
      ),
    );
    assert.ok(has(chain, '--bounding-set=-all', '--no-new-privs', 'bwrap', '--x'));
  });

  test('the sandbox is the own user of the host, or a fixed one for root', () => {
    assert.deepEqual(sandboxOwner({ hostUid: 501, hostGid: 20 }), { uid: 501, gid: 20 });
    assert.deepEqual(sandboxOwner({ hostUid: 0, hostGid: 0 }), { uid: 1000, gid: 1000 });
  });
});

test('attack: limits that are raised from inside: they are set before the command, and never one on addresses', () => {
  const script = bwrapArguments(plan).find((word) => word.includes('ulimit')) ?? '';
  assert.match(
    script,
    /ulimit -f 2097152; ulimit -c 0; ulimit -u 256 2>\/dev\/null \|\| ulimit -p 256; echo >&4; exec/,
  );
  assert.ok(!/ulimit -[vd]/.test(script), 'V8 reserves more than it uses');
  const old = bwrapArguments({ ...plan, countsInside: false }).join(' ');
  assert.ok(old.includes('ulimit -f') && !old.includes('ulimit -u'));
});

describe('reading /proc and what bubblewrap reports', () => {
  test('a stat line is read behind the last parenthesis, whatever a process calls itself', () => {
    const rest = `S 1 ${Array.from({ length: 17 }, (_, at) => at).join(' ')} 4711 99`;
    for (const comm of ['sh', 'a b', ') R 1', '((', 'x) Z (y']) {
      assert.deepEqual(
        parseStat(`12 (${comm}) ${rest}\n`),
        { state: 'S', parent: 1, startTime: '4711' },
        comm,
      );
    }
    assert.equal(parseStat(''), null);
  });

  test('a mark is found in a mount table only as a mount point', () => {
    const line = (root: string, at: string) => `99 88 254:0 ${root} ${at} ro,nosuid - ext4 /dev/vda rw\n`;
    const table = line('/', '/') + line('/etc/hosts', '/run/bellhop-mark/bellhop:i:s:1') + line('/', '/proc');
    assert.equal(markInMounts(table), 'bellhop:i:s:1');
    assert.equal(markInMounts(line('/run/bellhop-mark/bellhop:i:s:2', '/x')), null);
    assert.equal(markInMounts(''), null);
  });

  test('a mark in arguments counts only as the value that bubblewrap sets', () => {
    assert.equal(markInArguments(['bwrap', '--setenv', 'BELLHOP_MARK', 'm']), 'm');
    for (const argv of [
      ['grep', 'BELLHOP_MARK', 'm'],
      ['BELLHOP_MARK', 'm'],
      ['--setenv', 'BELLHOP_MARK'],
      [],
    ]) {
      assert.equal(markInArguments(argv), null);
    }
  });

  test('the pid of the child, and close-on-exec', () => {
    assert.equal(pidIn('{ "child-pid": 42, "net-namespace": 7 }\n'), 42);
    assert.equal(pidIn('{ "exit-code": 1 }'), null);
    assert.equal(isInherited('pos:\t0\nflags:\t0100000\nmnt_id:\t9\n'), true);
    assert.equal(isInherited('pos:\t0\nflags:\t02100000\n'), false);
    assert.equal(isInherited(''), false);
  });
});

describe('the last words of a sandbox', () => {
  test('the ring holds exactly the last bytes, however they come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 40 })),
        fc.integer({ min: 1, max: 64 }),
        (chunks, limit) => {
          const ring = createRing(limit);
          for (const chunk of chunks) ring.write(Buffer.from(chunk));
          assert.equal(ring.text(), chunks.join('').slice(-limit));
        },
      ),
    );
  });

  test('a character cut at the old end is dropped', () => {
    const ring = createRing(6);
    ring.write(Buffer.from('x😀😀'));
    assert.equal(ring.text(), '😀');
  });

  test('attack: a writer without end gets a rest after each burst, so that the host can do other things', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const pipe = new PassThrough();
    drainInto(createRing(16), pipe);
    pipe.emit('data', Buffer.alloc(256 * 1024));
    assert.equal(pipe.isPaused(), true);
    t.mock.timers.tick(20);
    assert.equal(pipe.isPaused(), false);
    pipe.emit('data', Buffer.alloc(256 * 1024 - 1));
    assert.equal(pipe.isPaused(), false);
  });
});

describe('why there is no sandbox', () => {
  const facts: Facts = {
    output: '',
    code: null,
    hostIsRoot: false,
    dataDir: '/data',
    missing: [],
    installer: 'sudo apt-get install',
    sysctls: {},
  };
  const denied = 'bwrap: No permissions to create new namespace, likely because the kernel does not allow it';
  const table: readonly (readonly [change: Partial<Facts>, why: RegExp, install: RegExp])[] = [
    [{ missing: ['bwrap'], code: 'ENOENT' }, /bwrap is missing/, /^sudo apt-get install$/],
    [{ missing: ['setpriv'] }, /setpriv is missing/, /^sudo apt-get install$/],
    [{ code: 'EAGAIN' }, /EAGAIN/, /ulimit -u/],
    [{ code: 'ENOMEM' }, /ENOMEM/, /memory/],
    [{ code: 'EMFILE' }, /EMFILE/, /ulimit -n/],
    [{ output: 'bwrap: Unknown option --disable-userns' }, /too old, 0\.8\.0/, /newer/],
    [
      { output: denied, sysctls: { 'kernel.unprivileged_userns_clone': '0' } },
      /unprivileged_userns_clone = 0/,
      /sudo sysctl -w .*=1/,
    ],
    [
      { output: denied, sysctls: { 'user.max_user_namespaces': '0' }, hostIsRoot: true },
      /max_user_namespaces/,
      /^sysctl -w/,
    ],
    [
      {
        output: 'bwrap: setting up uid map: Permission denied',
        sysctls: { 'kernel.apparmor_restrict_unprivileged_userns': '1' },
      },
      /apparmor_restrict_unprivileged_userns = 1/,
      /=0$/,
    ],
    [{ output: denied }, /forbids what bubblewrap needs/, /container/],
    [
      { output: 'unshare: unshare failed: Operation not permitted', hostIsRoot: true },
      /root is not allowed/,
      /ordinary user/,
    ],
    [
      { output: "bwrap: Can't find source path /mnt/x: Permission denied", hostIsRoot: true },
      /cannot walk/,
      /chmod o\+x \/data/,
    ],
    [{ output: 'bellhop: no program /x in the sandbox' }, /^no program \/x/, /./],
    [
      { output: 'bwrap: something new\nmore' },
      /^bubblewrap failed: bwrap: something new$/,
      /bwrap --unshare-all/,
    ],
    [{}, /without a word/, /./],
  ];
  for (const [change, why, install] of table) {
    test(`${JSON.stringify(change).slice(0, 90)}`, () => {
      const reason = explain({ ...facts, ...change });
      assert.match(reason.why, why);
      assert.match(reason.install, install);
    });
  }

  test('a missing program is told by the package that has it, so that it can be installed', () => {
    const lacks = (...missing: string[]) => explain({ ...facts, missing }).lacks;
    assert.equal(lacks('bwrap'), 'bubblewrap');
    assert.equal(lacks('setpriv'), 'util-linux');
    assert.equal(explain({ ...facts, output: 'bwrap: something new' }).lacks, undefined);
  });
});
