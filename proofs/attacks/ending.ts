/** The end of a sandbox and of its way out: promises 13 and 29. */
import { type BrokenGuard, guardsOf } from './broken-guard.ts';

const SRC = 'packages/host/src';
const TESTS = 'packages/host/test';
const BWRAP = `${SRC}/sandboxes/bwrap.ts`;
const ENDING = `${SRC}/sandboxes/ending.ts`;
const MARKS = `${SRC}/sandboxes/marks.ts`;
const ADOPTED = `${SRC}/sandboxes/adopted.ts`;
const CONTAINERS = `${SRC}/sandboxes/docker/containers.ts`;
const DOCKER = `${SRC}/sandboxes/docker/runtime.ts`;
const ADOPTION = `${SRC}/supervisor/adoption.ts`;
const DOOR = `${SRC}/egress/door.ts`;
const TUNNELS = `${SRC}/egress/policy/tunnels.ts`;
const EGRESS = `${SRC}/egress/main.ts`;

const DAEMON = 'surviving a kill as a daemon';
const LEFT = 'what a dead host left running is found by its mark and killed';
const DOORS = 'a door closes with its generation, and what runs through it ends';
const CUT = 'a door that closes ends its tunnels; a rule that is removed ends those to its host';
const REVOKED = 'what is revoked or removed ends at once';

const conformance = (title: string) => ({ file: `${TESTS}/sandboxes/conformance.ts`, title });
const survivors = (title: string) => ({ file: `${TESTS}/sandboxes/survivors.ts`, title });
const adoption = (title: string) => ({ file: `${TESTS}/supervisor/adoption.test.ts`, title });

const LOOKED = 'if (await struckNothing(left, strike)) return true;';
const NOT_LOOKED = { file: ENDING, from: LOOKED, to: 'return true;' };
const INNER = '  await strike(inner).catch(() => undefined);\n';

const kills: readonly BrokenGuard[] = [
  { row: DAEMON, broken: 'an end is believed without a look', edits: [NOT_LOOKED], only: 'docker' },
  {
    row: DAEMON,
    broken:
      'what is inside is not struck, and an end is believed without a look (two guards, as each stands behind the other)',
    edits: [NOT_LOOKED, { file: BWRAP, from: INNER, to: '' }],
    only: 'bwrap',
  },
  {
    row: DAEMON,
    by: conformance('surviving a kill by being stopped'),
    broken: 'an end is believed without a look',
    edits: [NOT_LOOKED],
    only: 'docker',
  },
  {
    row: DAEMON,
    by: conformance('surviving a kill by being stopped'),
    broken:
      'what is inside is not struck, and an end is believed without a look (two guards, as each stands behind the other)',
    edits: [NOT_LOOKED, { file: BWRAP, from: INNER, to: '' }],
    only: 'bwrap',
  },
];

const leftovers: readonly BrokenGuard[] = [
  ...guardsOf(LEFT, [
    [
      'nobody looks for marks',
      `${SRC}/sandboxes/bwrap-marks.ts`,
      'mark?.startsWith(prefix) ? mark : null',
      'prefix ? null : mark',
      'bwrap',
    ],
    [
      'what is found is not killed',
      MARKS,
      'if (!(await endAll(left, strike, KILL_PATIENCE_MS)))',
      'if (left === undefined)',
      'bwrap',
    ],
    [
      'nobody asks the engine for marks',
      CONTAINERS,
      "const marks = wordsOf(await ask(['ps', '--all', '--filter', filter, '--format', format]));",
      'const marks = format === filter ? [format] : [];',
      'docker',
    ],
    [
      'what is found is not killed',
      CONTAINERS,
      'if (!(await endAll(left, strike, ENGINE_PATIENCE_MS))) {',
      'if (left === undefined) {',
      'docker',
    ],
  ]),
  ...guardsOf(
    LEFT,
    [
      [
        'what begins with the same letters is its own',
        BWRAP,
        `const prefix = \`\${checkedMark(\`bellhop:\${installId}\`)}:\`;`,
        `const prefix = checkedMark(\`bellhop:\${installId}\`);`,
        'bwrap',
      ],
      ["a host's own are left over", BWRAP, 'found.filter(({ mark }) => !live.has(mark))', 'found', 'bwrap'],
      ["a host's own are left over", DOCKER, 'left.filter(({ mark }) => !live.has(mark))', 'left', 'docker'],
      [
        "every install's are its own",
        CONTAINERS,
        `const filter = \`label=\${INSTALL_LABEL}=\${installId}\`;`,
        `const filter = \`label=\${INSTALL_LABEL}\`;`,
        'docker',
      ],
    ],
    conformance("other installs' sandboxes and a host's own are no leftovers"),
  ),
  ...guardsOf(
    LEFT,
    [
      ['one of another boot is taken over', ADOPTED, ' || named.boot !== (await bootId())', '', 'bwrap'],
      [
        'one that is named like nobody is taken over',
        DOCKER,
        '(await identify(ask, mark)) !== identity',
        'identity.length === 1',
        'docker',
      ],
      [
        'one of another mark is taken over',
        BWRAP,
        'marks.some((shown) => shown !== mark)',
        'marks.length === 0',
        'bwrap',
      ],
    ],
    survivors('what has gone, or is named wrongly, is not taken over'),
  ),
  ...guardsOf(
    LEFT,
    [['what is not taken over goes on', ADOPTION, '  await deps.stopLeftovers();\n', '']],
    adoption('half a sandbox is not gone on with'),
  ),
  ...guardsOf(
    LEFT,
    [
      [
        'one of a session out of service goes on',
        ADOPTION,
        "  if (session?.state !== 'active') return null;\n",
        '  if (!session) return null;\n',
      ],
    ],
    adoption('one of a session that was quarantined meanwhile is killed'),
  ),
  ...guardsOf(
    LEFT,
    [
      [
        'a runner of another life is believed',
        `${SRC}/supervisor/link.ts`,
        " || (frame.t === 'ready' && frame.generation !== generation)",
        '',
      ],
    ],
    adoption('a runner of another life that connects is cut off and believed nothing'),
  ),
];

const doors: readonly BrokenGuard[] = [
  ...guardsOf(DOORS, [
    [
      'what runs through a door goes on when it is closed',
      DOOR,
      '  server.closeAllConnections();\n  await closed;\n',
      '',
    ],
  ]),
  {
    row: DOORS,
    broken: 'a door stays open and stays where it was (two guards, as each stands behind the other)',
    edits: [
      { file: DOOR, from: '(resolve) => server.close(() => resolve()));', to: '(resolve) => resolve());' },
      { file: DOOR, from: '  await closed;\n  await rm(path, { force: true });\n', to: '  await closed;\n' },
    ],
  },
  ...guardsOf(
    DOORS,
    [
      [
        'doors are one for all lives of a session',
        EGRESS,
        `return \`\${session} \${generation}\`;`,
        'return generation < 0 ? session : session.slice(0, 1);',
      ],
    ],
    {
      file: `${TESTS}/egress/life.test.ts`,
      title: "a late close of an old generation does not close the new one's door",
    },
  ),
  ...guardsOf(CUT, [
    ['its tunnels outlive a door', DOOR, '  for (const socket of tunnels) socket.destroy();\n', ''],
    [
      'tunnels outlive their rule',
      TUNNELS,
      '      if (tunnel.agent === agent && to?.host === host && to.port === port) tunnel.socket.destroy();\n',
      '      if (to === undefined) break;\n',
    ],
    ['the rule of another agent ends them', TUNNELS, 'tunnel.agent === agent && ', ''],
    [
      'the rule of another host ends them',
      TUNNELS,
      'to?.host === host && to.port === port',
      'to?.port === port',
    ],
  ]),
  ...guardsOf(REVOKED, [
    [
      'what is open outlives its rule',
      EGRESS,
      '      secrets.remove(which);\n      tunnels.cut(which);\n',
      '      secrets.remove(which);\n',
    ],
    [
      'what is open outlives its secret',
      EGRESS,
      '      for (const grant of gone?.grants ?? []) tunnels.cut(grant);\n',
      '',
    ],
  ]),
];

export const ENDINGS: readonly BrokenGuard[] = [...kills, ...leftovers, ...doors];
