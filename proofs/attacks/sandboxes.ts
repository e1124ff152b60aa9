/** The walls of a sandbox: promises 1 to 3, 5 and 6, and its mark (19). */
import { type BrokenGuard, guardsOf } from './broken-guard.ts';

const SRC = 'packages/host/src/sandboxes';
const BWRAP = `${SRC}/arguments.ts`;
const DOCKER = `${SRC}/docker/arguments.ts`;
const SYSTEM = `${SRC}/system.ts`;
const SECCOMP = `${SRC}/seccomp.ts`;
const ATTACKS = 'packages/host/test/sandboxes/attacks.ts';
const FILTERS = 'packages/host/test/sandboxes/seccomp.test.ts';

const RIGHTS = 'using capabilities, a setuid program, or the uid of root';
const HOLDERS = 'gaining rights by taking over the processes that hold the sandbox up';
const CALLS = 'system calls that no agent needs';
const NAMESPACES = 'new namespaces and mounts';
const WRITING = 'writing anywhere else, tried on every mount there is';
const SHARING = 'sharing the namespaces of the host';
const READING = 'reading the files of the host';
const NETWORK = 'reaching the network';
const MARK = 'to have that one killed or oneself overlooked';

const NO_RIGHTS = "'--security-opt', 'no-new-privileges'";
const NO_NETWORK = "'--network', 'none'";
const AS_USER = `, '--user', \`\${uid}:\${gid}\``;
const FILTERED = `'--seccomp', \`\${FILTER_FD}\`, `;

const rights: readonly BrokenGuard[] = [
  ...guardsOf(RIGHTS, [
    ['capabilities are given, not dropped', BWRAP, "'--cap-drop', 'ALL'", "'--cap-add', 'ALL'", 'bwrap'],
    ['the capabilities that an engine gives are kept', DOCKER, "'--cap-drop', 'ALL', ", '', 'docker'],
    ['a setuid program gains its rights', DOCKER, `${NO_RIGHTS}, `, '', 'docker'],
    ['it runs as the user of the image, who is root', DOCKER, AS_USER, '', 'docker'],
  ]),
  ...guardsOf(HOLDERS, [
    [
      'what holds it up keeps the capabilities that it could gain',
      BWRAP,
      "'--inh-caps=-all', '--bounding-set=-all', ",
      '',
      'bwrap',
    ],
    ['what holds it up can gain rights by a setuid program', DOCKER, `${NO_RIGHTS}, `, '', 'docker'],
  ]),
];

const calls: readonly BrokenGuard[] = [
  ...guardsOf(CALLS, [
    ['there is no filter', BWRAP, FILTERED, '', 'bwrap'],
    [
      "the engine's filter is off",
      DOCKER,
      NO_RIGHTS,
      `${NO_RIGHTS}, '--security-opt', 'seccomp=unconfined'`,
      'docker',
    ],
    ['one call is missing in the table', SECCOMP, '  keyctl: [250, 219],\n', '', 'bwrap'],
  ]),
  ...guardsOf(
    CALLS,
    [
      ['a clone may make namespaces', SECCOMP, 'values: [0x7e020000]', 'values: [0x02000000]'],
      [
        'sockets of every family can be had',
        SECCOMP,
        'values: [1, 2, 10, 16]',
        'values: [1, 2, 10, 16, 17, 38, 40]',
      ],
      ['it may type on a terminal', SECCOMP, 'values: [0x5412, 0x541c]', 'values: [0x541c]'],
      ['every personality can be had', SECCOMP, '0x20008, 0xffffffff]', '0x20008, 0xffffffff, 0x0400000]'],
    ],
    { file: FILTERS, title: 'every call that the tables refuse, every new namespace, every odd socket' },
  ),
  ...guardsOf(
    CALLS,
    [
      [
        'calls newer than the tables pass',
        SECCOMP,
        '    ...unless(JUMP.atLeast, HIGHEST_KNOWN + 1, ANSWER.enosys),\n',
        '',
      ],
      ['clone3 passes, whose arguments no filter sees', SECCOMP, '{ clone3: [435, 435] }', '{}'],
    ],
    { file: FILTERS, title: 'calls that no table knows, as of a newer kernel or another table of numbers' },
  ),
  {
    row: NAMESPACES,
    broken: 'a user namespace can be made inside (two guards, as each stands behind the other)',
    edits: [
      { file: BWRAP, from: "'--disable-userns', ", to: '' },
      { file: BWRAP, from: FILTERED, to: '' },
    ],
    only: 'bwrap',
  },
  ...guardsOf(NAMESPACES, [
    [
      "the engine's filter is off",
      DOCKER,
      NO_RIGHTS,
      `${NO_RIGHTS}, '--security-opt', 'seccomp=unconfined'`,
      'docker',
    ],
  ]),
];

const places: readonly BrokenGuard[] = [
  ...guardsOf(WRITING, [
    ['the root can be written', BWRAP, "'--remount-ro', '/', ", '', 'bwrap'],
    ['/dev can be written', BWRAP, "'--remount-ro', '/dev', ", '', 'bwrap'],
    [
      '/usr is mounted to be written',
      BWRAP,
      "'--ro-bind', '/usr', '/usr'",
      "'--bind', '/usr', '/usr'",
      'bwrap',
    ],
    ['the root can be written', DOCKER, "'--read-only', ", '', 'docker'],
    [
      'message queues can be written',
      DOCKER,
      '/dev/mqueue:ro,noexec,nosuid,nodev,mode=0555',
      '/dev/mqueue:rw,mode=1777',
      'docker',
    ],
  ]),
  ...guardsOf(SHARING, [
    ['the processes of the host are its own', BWRAP, "'--unshare-pid', ", '', 'bwrap'],
    ["the host's network is its own", BWRAP, "'--unshare-net', ", '', 'bwrap'],
    ["the host's shared memory is its own", BWRAP, "'--unshare-ipc', ", '', 'bwrap'],
    ["the host's network is its own", DOCKER, NO_NETWORK, "'--network', 'host'", 'docker'],
    ["the host's shared memory is its own", DOCKER, "'--ipc', 'none'", "'--ipc', 'host'", 'docker'],
    [
      "the host's processes are its own",
      DOCKER,
      "'--ipc', 'none'",
      "'--ipc', 'none', '--pid', 'host'",
      'docker',
    ],
  ]),
  ...guardsOf(
    SHARING,
    [
      [
        'it can speak to the host on a pipe of the runtime',
        BWRAP,
        `exec "$@" \${GATE_FD}>&-`,
        'exec "$@"',
        'bwrap',
      ],
    ],
    { file: ATTACKS, title: 'speaking on the pipes that the runtime keeps for itself' },
  ),
  ...guardsOf(READING, [
    [
      'more of the machine is shown than programs need',
      SYSTEM,
      "const TOP = ['/bin', ",
      "const TOP = ['/var', '/bin', ",
      'bwrap',
    ],
    [
      'more of the machine is shown than was asked for',
      DOCKER,
      "'--workdir', workDir",
      "'--volume', '/var:/var:ro', '--workdir', workDir",
      'docker',
    ],
  ]),
  ...guardsOf(
    READING,
    [
      [
        'a source of a mount may lie outside of the data folder',
        SYSTEM,
        `if (path === '' || path === '..' || path.startsWith(\`..\${sep}\`)) {`,
        "if (path === '') {",
      ],
      [
        'links in the place of a source are mounted',
        SYSTEM,
        'relative(dataDir, await realpath(source))',
        'relative(dataDir, source)',
      ],
    ],
    { file: ATTACKS, title: 'a link in the place of a mount source, to have the host mount /etc' },
  ),
  ...guardsOf(
    READING,
    [
      [
        'a folder that the host had open is open inside',
        `${SRC}/bwrap.ts`,
        'covered: known.covered,',
        'covered: [],',
        'bwrap',
      ],
    ],
    { file: ATTACKS, title: 'leaving through a descriptor that the host was born with' },
  ),
  ...guardsOf(NETWORK, [
    ["it has the host's network", BWRAP, "'--unshare-net', ", '', 'bwrap'],
    ["it has the engine's network", DOCKER, NO_NETWORK, "'--network', 'bridge'", 'docker'],
  ]),
  ...guardsOf(MARK, [
    [
      'arguments of any process speak for a sandbox',
      `${SRC}/bwrap-marks.ts`,
      '  if (pids.length !== 1 && !isInside) return null;\n',
      '',
      'bwrap',
    ],
  ]),
];

export const SANDBOXES: readonly BrokenGuard[] = [...rights, ...calls, ...places];
