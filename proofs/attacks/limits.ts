/** The bounds of promise 4. None is taken away where the machine would suffer: it is made wider than the test allows. */
import { type BrokenGuard, guardsOf } from './broken-guard.ts';

const SRC = 'packages/host/src';
const BWRAP = `${SRC}/sandboxes/arguments.ts`;
const DOCKER = `${SRC}/sandboxes/docker/arguments.ts`;
const CGROUPS = `${SRC}/sandboxes/cgroups.ts`;
const WATCH = `${SRC}/sandboxes/usage-watch.ts`;
const DISK = `${SRC}/supervisor/disk-watch.ts`;
const ATTACKS = 'packages/host/test/sandboxes/attacks.ts';
const DISK_TESTS = 'packages/host/test/supervisor/disk.test.ts';
const GROUP_TESTS = 'packages/host/test/sandboxes/cgroups.test.ts';

const FORKS = 'a fork bomb';
const MEMORY = 'taking more memory than there is';
const PROCESSORS = 'all of the processors';
const LONG_FILE = 'one file that fills the disk';
const FILLING =
  'filling the workspace with many files ends its sandbox, and wakes none until there is room again';

const ULIMIT = `\`\${files}; ulimit -u \${pids} 2>/dev/null || ulimit -p \${pids}\``;

export const LIMITS: readonly BrokenGuard[] = [
  ...guardsOf(FORKS, [
    [
      'a sandbox may have four times as many processes as it is allowed',
      BWRAP,
      ULIMIT,
      `\`\${files}; ulimit -u \${4 * pids} 2>/dev/null || ulimit -p \${4 * pids}\``,
      'bwrap',
    ],
    [
      'the same with an engine',
      DOCKER,
      `'--pids-limit', \`\${pids}\``,
      `'--pids-limit', \`\${4 * pids}\``,
      'docker',
    ],
  ]),
  ...guardsOf(
    FORKS,
    [
      [
        'in a control group, the bound on processes is not set',
        CGROUPS,
        `    pids: [['pids.max', \`\${pids}\`]],\n    cpu: [['cpu.max'`,
        "    pids: [],\n    cpu: [['cpu.max'",
      ],
    ],
    { file: GROUP_TESTS, title: 'version 2: one group, in the first place that hands controllers down' },
  ),
  ...guardsOf(
    FORKS,
    [
      [
        'the same in one of version 1',
        CGROUPS,
        `    pids: [['pids.max', \`\${pids}\`]],\n    cpu: [\n`,
        '    pids: [],\n    cpu: [\n',
      ],
    ],
    { file: GROUP_TESTS, title: 'version 1: processes and memory, each with its bound' },
  ),
  ...guardsOf(MEMORY, [
    [
      'the watch lets a sandbox have a hundred times its memory',
      WATCH,
      'usedBytes > watched.memoryBytes &&',
      'usedBytes > 100 * watched.memoryBytes &&',
      'bwrap',
    ],
    [
      'a control group bounds no memory',
      CGROUPS,
      `      ['memory.limit_in_bytes', \`\${memoryBytes}\`],\n      ['memory.memsw.limit_in_bytes', \`\${memoryBytes}\`, 'optional'],\n`,
      '',
      'bwrap',
    ],
    ['an engine bounds no memory', DOCKER, "'--memory', memory, '--memory-swap', memory, ", '', 'docker'],
  ]),
  ...guardsOf(
    MEMORY,
    [
      ['/tmp and /dev/shm are as big as the memory', BWRAP, `'--size', \`\${bytes}\`, `, '', 'bwrap'],
      ['/tmp is as big as the memory', DOCKER, `,size=\${TMP_BYTES}`, '', 'docker'],
      ['/dev/shm is as big as the memory', DOCKER, `,size=\${SHM_BYTES}`, '', 'docker'],
    ],
    { file: ATTACKS, title: 'filling the memory of the machine through /tmp and /dev/shm' },
  ),
  ...guardsOf(PROCESSORS, [
    [
      'a control group bounds no processor',
      CGROUPS,
      `      ['cpu.cfs_quota_us', \`\${Math.floor(cpus * PERIOD_US)}\`],\n`,
      '',
      'bwrap',
    ],
    ['an engine bounds no processor', DOCKER, `, '--cpus', \`\${cpus}\``, '', 'docker'],
  ]),
  ...guardsOf(LONG_FILE, [
    ['a file may be as long as it likes', BWRAP, `ulimit -f \${Math.ceil(fileBytes / 512)}; `, '', 'bwrap'],
    ['the same with an engine', DOCKER, `'--ulimit', \`fsize=\${limits.fileBytes}\`, `, '', 'docker'],
  ]),
  ...guardsOf(FILLING, [
    ['a session that holds too much goes on', DISK, '      awake.stop(over.why, true, 0);\n', ''],
  ]),
  ...guardsOf(
    FILLING,
    [
      [
        'it is woken again although it still holds too much',
        DISK,
        '      this.#full.add(awake.session.id);\n',
        '',
      ],
    ],
    { file: DISK_TESTS, title: 'filling the workspace' },
  ),
  ...guardsOf(
    FILLING,
    [
      [
        'a full disk wakes agents',
        DISK,
        '    if (freeBytes < settings.minFreeDiskBytes) {\n      const why',
        '    if (freeBytes < 0) {\n      const why',
      ],
    ],
    { file: DISK_TESTS, title: 'below the reserve nothing is woken' },
  ),
  ...guardsOf(
    FILLING,
    [
      [
        'a full disk stops nobody',
        DISK,
        "      for (const awake of this.#awake) awake.stop('the disk was almost full', false, 0);\n",
        '',
      ],
    ],
    { file: DISK_TESTS, title: 'an almost full disk stops what runs, and charges nobody' },
  ),
  ...guardsOf(
    FILLING,
    [
      [
        'a link is counted as what it leads to',
        `${SRC}/disk.ts`,
        'await lstat(path)',
        "await (await import('node:fs/promises')).stat(path)",
      ],
      [
        'a sparse file is counted by its length',
        `${SRC}/disk.ts`,
        'found.blocks * BLOCK_BYTES',
        'found.size',
      ],
    ],
    { file: DISK_TESTS, title: 'sums that mislead' },
  ),
  ...guardsOf(
    FILLING,
    [
      [
        'names cost nothing',
        `${SRC}/disk.ts`,
        'Math.max(found.blocks * BLOCK_BYTES, LEAST_BYTES)',
        'found.blocks * BLOCK_BYTES',
      ],
      ['counting has no end', `${SRC}/disk.ts`, '          if (held > enough) return held;\n', ''],
    ],
    { file: DISK_TESTS, title: 'names without end: counting ends when it is enough' },
  ),
];
