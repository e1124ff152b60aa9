/** What comes out of a sandbox, and what is mounted into it: promises 15 to 20, and an agent's own rules (26). */
import { type BrokenGuard, guardsOf } from './broken-guard.ts';

const SRC = 'packages/host/src';
const SNAPSHOT = 'packages/mailbox/src/host/snapshot.ts';
const TAKE = `${SRC}/sessions/take-file.ts`;
const MAILBOXES = `${SRC}/sessions/mailboxes.ts`;
const CHECK = `${SRC}/delivery/check.ts`;
const PLACE = `${SRC}/delivery/place.ts`;
const WAKE = `${SRC}/supervisor/wake.ts`;
const LINK = `${SRC}/supervisor/link.ts`;
const TESTS = 'packages/host/test/hostile/attacks.ts';

const MOUNT = 'changing a read-only mount';
const OUTBOX = 'a symlink to the mailbox of another session';
const WRITER = 'the host may not import the side of the mailbox that writes an outbox';
const FILES = 'files that are links, FIFOs, folders, or named like a way out';
const OWN = 'the sandbox gets its own folders only, and in/ is not writable';
const ELSEWHERE = 'chat, channel and thread';
const RULES = 'changing its own instructions, its runner, its inbox, or what the next start finds';

const attack = (title: string) => ({ file: TESTS, title });
const OPENING = 'openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)';

const SCHEMA = "  if (!own || !automatic) throw new Refused('outbound.db has tables that are not ours');\n";

const NO_TREES = { file: SNAPSHOT, from: 'checkTrees(bytes, checkSchema(db));', to: 'checkSchema(db);' };

const mounts: readonly BrokenGuard[] = [
  ...guardsOf(MOUNT, [
    [
      'every mount can be written',
      `${SRC}/sandboxes/arguments.ts`,
      "mount.writable ? '--bind' : '--ro-bind'",
      "'--bind'",
      'bwrap',
    ],
    [
      'every mount can be written',
      `${SRC}/sandboxes/docker/arguments.ts`,
      "  if (!writable) fields.push('readonly');\n",
      '',
      'docker',
    ],
  ]),
  ...guardsOf(OWN, [
    [
      'it sees the folder of all sessions',
      WAKE,
      "mount(outDir, '/workspace/out', true)",
      "mount(join(outDir, '../..'), '/workspace/out', true)",
    ],
    [
      'it sees the whole of its agent',
      WAKE,
      "mount(workDir, '/workspace/agent', true)",
      "mount(homeDir, '/workspace/agent', true)",
    ],
    [
      'its inbox can be written',
      WAKE,
      "mount(inDir, '/workspace/in', false)",
      "mount(inDir, '/workspace/in', true)",
    ],
    [
      'whom it trusts can be written',
      WAKE,
      "TRUST), '/run/bellhop-trust', false)",
      "TRUST), '/run/bellhop-trust', true)",
    ],
  ]),
  ...guardsOf(RULES, [
    [
      'its instructions can be written',
      WAKE,
      "mount(homeDir, '/workspace/home', false)",
      "mount(homeDir, '/workspace/home', true)",
    ],
    [
      'its runner can be written',
      WAKE,
      "mount(deps.runnerDir, '/bellhop', false)",
      "mount(deps.runnerDir, '/bellhop', true)",
    ],
    [
      'its inbox can be written',
      WAKE,
      "mount(inDir, '/workspace/in', false)",
      "mount(inDir, '/workspace/in', true)",
    ],
    [
      'its sockets can be removed',
      WAKE,
      "mount(way.dir, '/run/bellhop', false)",
      "mount(way.dir, '/run/bellhop', true)",
    ],
  ]),
];

/** By the attack that shows it: what is wrong, where, and the edit. */
const READ: readonly (readonly [title: string, broken: string, file: string, from: string, to: string])[] = [
  [
    'a symlink to the mailbox of another session',
    'a link in place of the outbox is followed',
    SNAPSHOT,
    OPENING,
    OPENING.replace(' | constants.O_NOFOLLOW', ''),
  ],
  [
    'the outbox swapped for a link and back while it is read',
    'a link in place of the outbox is followed',
    SNAPSHOT,
    OPENING,
    OPENING.replace(' | constants.O_NOFOLLOW', ''),
  ],
  [
    'a FIFO that nobody writes to',
    'what is no file is read',
    SNAPSHOT,
    "    if (!stat.isFile()) throw new Refused('outbound.db is not a regular file');\n",
    '',
  ],
  [
    'a hard link',
    'a second name is no matter',
    SNAPSHOT,
    "    if (stat.nlink !== 1) throw new Refused('outbound.db has a second name');\n",
    '',
  ],
  [
    'a sparse file without end',
    'an outbox of any length is read',
    SNAPSHOT,
    '    if (stat.size > maxBytes)\n',
    '    if (stat.size > maxBytes * 1e6)\n',
  ],
  ['a generated column', 'tables that are not ours are read', SNAPSHOT, SCHEMA, ''],
  ['a row of 15 MB', 'a value may be of any length', SNAPSHOT, '      length: limits.maxValueBytes,\n', ''],
  [
    'as many rows as the file may hold',
    'a table may have any number of rows',
    SNAPSHOT,
    'const MAX_TABLE_ROWS = 20_000;',
    'const MAX_TABLE_ROWS = 2_000_000;',
  ],
  [
    'as many claims as the file may hold',
    'nobody counts the claims',
    SNAPSHOT,
    "for (const table of ['messages_out', 'processing_ack']) {",
    "for (const table of ['messages_out']) {",
  ],
  [
    'bytes where text belongs',
    'bytes are taken for text',
    SNAPSHOT,
    "        if (value instanceof Uint8Array) throw new Refused('outbound.db has bytes where text belongs');\n",
    '',
  ],
  ...[
    'holding its own commit open',
    'a reader that holds the inbox',
    'a reader that holds the inbox and is stopped',
  ].map(
    (title) =>
      [
        title,
        'who holds a lock is waited for without end',
        MAILBOXES,
        'const LOCK_PATIENCE_MS = 2_000;',
        'const LOCK_PATIENCE_MS = 2_000_000;',
      ] as const,
  ),
  [
    'a frame without end, and noise',
    'a frame may be of any length',
    LINK,
    '    if (rest.line.length > MAX_FRAME_BYTES) return socket.destroy();\n',
    '',
  ],
];

const outbox: readonly BrokenGuard[] = [
  ...READ.flatMap(([title, ...edit]) => guardsOf(OUTBOX, [edit], attack(title))),
  {
    row: OUTBOX,
    by: attack('a trigger'),
    broken: 'what is no table is read (two guards, as each stands behind the other)',
    edits: [{ file: SNAPSHOT, from: SCHEMA, to: '' }, NO_TREES],
  },
  {
    row: OUTBOX,
    by: attack('an endless view in place of a table'),
    broken: 'a view is read (three guards, as each stands behind the other)',
    edits: [
      { file: SNAPSHOT, from: SCHEMA, to: '' },
      NO_TREES,
      {
        file: SNAPSHOT,
        from: "for (const table of ['messages_out', 'processing_ack']) {",
        to: 'for (const table of []) {',
      },
    ],
  },
  ...guardsOf(
    OUTBOX,
    [
      [
        'the host stands still while somebody holds a lock',
        'packages/mailbox/src/host/inbound.ts',
        "'EXTRA', 0, makeInbound",
        "'EXTRA', 1_500, makeInbound",
      ],
    ],
    {
      file: 'packages/mailbox/test/inbound-crash.test.ts',
      title: 'a lock that a reader holds is told at once as "later"',
    },
  ),
  ...guardsOf(WRITER, [
    [
      'the layers let the host write an outbox',
      'tests/layers/rules.ts',
      "      '@bellhop/mailbox/host': 'value',\n",
      "      '@bellhop/mailbox/host': 'value',\n      '@bellhop/mailbox/runner': 'value',\n",
    ],
  ]),
  ...guardsOf(
    OUTBOX,
    [
      [
        'the host waits for another process, with all else standing still',
        `${SRC}/disk.ts`,
        "import { join } from 'node:path';\n",
        "import { execFileSync } from 'node:child_process';\nimport { join } from 'node:path';\nexport const wait = () => execFileSync('true');\n",
      ],
    ],
    {
      file: 'tests/layers.test.ts',
      title: 'the host waits for no other process with all else standing still',
    },
  ),
];

const requests: readonly BrokenGuard[] = [
  ...guardsOf(FILES, [
    [
      'links are followed',
      TAKE,
      'constants.O_RDONLY | constants.O_NOFOLLOW | kind',
      'constants.O_RDONLY | kind',
    ],
    ['what is no file is sent', TAKE, '!size.isFile() || ', ''],
    ['a file of two names is sent', TAKE, ' || size.nlink !== 1', ''],
    ['names may climb', MAILBOXES, 'name: outgoingName(name),', 'name,'],
  ]),
  ...guardsOf(ELSEWHERE, [
    ['any address is believed', PLACE, 'if (sameAddress(row, session))', 'if (row)'],
    ['it may speak in another thread', PLACE, ' && threads.includes(row.thread)', ''],
  ]),
  ...guardsOf(
    ELSEWHERE,
    [
      ['it may speak on another channel', PLACE, 'row.channel === session.channel && ', ''],
      ['it may speak in another chat', PLACE, ' && row.chat === session.chat', ''],
    ],
    {
      file: 'packages/host/test/delivery/check.test.ts',
      title: 'a row names a message of its own mailbox, and claims a chat where that was not said',
    },
  ),
  ...guardsOf(
    ELSEWHERE,
    [
      [
        'ids may be paths, or those of the host',
        CHECK,
        "    if (!PLAIN_ID.test(row.id)) return { kind: 'refuse', reason: 'its id is not one that Bellhop takes' };\n",
        '',
      ],
    ],
    attack('ids that would be paths, or rows of the host'),
  ),
];

export const HOSTILE: readonly BrokenGuard[] = [...mounts, ...outbox, ...requests];
