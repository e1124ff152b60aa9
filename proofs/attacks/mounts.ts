/** Folders of the owner's: promise 25. */
import { type BrokenGuard, guardsOf } from './broken-guard.ts';

const SRC = 'packages/host/src/mounts';
const JUDGE = `${SRC}/judge.ts`;
const LOOK = `${SRC}/look.ts`;
const MOUNTS = `${SRC}/mounts.ts`;
const TESTS = 'packages/host/test/mounts/mounts.test.ts';
const ARGUMENTS = 'packages/host/src/sandboxes/arguments.ts';

const LINK = 'a link in an allowed folder that leads out of it';
const DEEP = 'secrets deep below a harmless folder';
const SWAP = 'between check and use';
const JUDGED = {
  file: TESTS,
  title: 'a folder is shown only for a reason, and refused for the first one against it',
};
const NAMES = { file: TESTS, title: 'each kind of secret, by its usual names' };
const PLACES = { file: TESTS, title: "a place of the machine's own, and what lies in it" };

const REACHED = `    if (reached !== path) throw new Error(\`it leads to \${reached} by now\`);\n`;

const secret = (kind: string, words: string): [string, string, string, string] => [
  `${kind}: no secrets`,
  JUDGE,
  words,
  words.replaceAll(/'[^']+'/g, "'-'"),
];
const place = (path: string, words: string): [string, string, string, string] => [
  `${path} may be shown`,
  JUDGE,
  words,
  words.replace(`'${path}'`, "'/-'"),
];

export const MOUNT_GUARDS: readonly BrokenGuard[] = [
  {
    row: LINK,
    broken: 'paths are taken as they are written (three guards, as each stands behind the other)',
    edits: [
      { file: MOUNTS, from: 'await realOrNull(wanted.path)', to: 'wanted.path' },
      { file: LOOK, from: ' | constants.O_NOFOLLOW', to: '' },
      { file: LOOK, from: REACHED, to: '' },
    ],
  },
  ...guardsOf(LINK, [
    [
      'without an allow-list everything may be shown',
      JUDGE,
      "if (allowing.length === 0) return 'it lies in none of mountRoots';",
      '',
    ],
    [
      'what may be looked at may be written',
      JUDGE,
      "if (writable && !allowing.some((root) => root.writable)) return 'no entry of mountRoots lets it be written';",
      '',
    ],
    [
      'a folder that begins with the same letters is allowed',
      JUDGE,
      'folder : folder + sep)',
      'folder : folder)',
    ],
  ]),
  ...guardsOf(
    LINK,
    [
      [
        "Bellhop's own data may be shown",
        JUDGE,
        `if (ours !== undefined) return \`\${ours} is Bellhop's own\`;`,
        '',
      ],
      [
        "what lies above Bellhop's own may be shown",
        JUDGE,
        'return isWithin(one, other) || isWithin(other, one);',
        'return isWithin(one, other);',
      ],
      [
        'what is mounted in it is shown with it',
        JUDGE,
        'mountPoints.find((place) => place !== path && isWithin(place, path))',
        'undefined as string | undefined',
      ],
      [
        'a folder on the way may hold secrets',
        JUDGE,
        'path.split(sep).find(isSecret)',
        'undefined as string | undefined',
      ],
      [
        'names are compared with regard to case',
        JUDGE,
        'const plain = name.toLowerCase();',
        'const plain = name;',
      ],
      [
        'names are compared by parts of them',
        JUDGE,
        'return SECRETS.has(plain)',
        "return [...SECRETS].some((one) => plain.includes(one.replace(/^\\./, '')))",
      ],
    ],
    JUDGED,
  ),
  ...guardsOf(
    LINK,
    [
      place('/proc', "'/proc', '/sys'"),
      place('/sys', "'/sys', '/dev'"),
      place('/dev', "'/dev', '/run'"),
      place('/run', "'/run', '/var/run'"),
      place('/var/run', "'/var/run', '/var/lib/docker'"),
      place('/var/lib/docker', "'/var/lib/docker', '/boot'"),
      place('/boot', "'/boot', '/etc'"),
      place('/etc', "'/boot', '/etc'"),
    ],
    PLACES,
  ),
  ...guardsOf(DEEP, [
    ['only the folder itself is looked at', LOOK, '      if (entry.isDirectory()) folders.push(path);\n', ''],
    ['nobody looks for secrets in it', JUDGE, `if (isSecret(name)) return \`\${path} holds secrets\`;`, ''],
  ]),
  ...guardsOf(
    DEEP,
    [
      secret('keys of SSH', "'.ssh', '.gnupg'"),
      secret('keys of GnuPG and AWS', "'.gnupg', '.aws'"),
      secret('clouds', "'.azure', '.gcloud', 'gcloud', '.kube', '.docker', '.password-store'"),
      secret('passwords in files', "'.netrc', '.git-credentials', '.pgpass', '.vault-token', '.pypirc'"),
      secret('private keys', "'id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519'"),
      secret('keychains', "'keychains', 'keyrings', '.keychain', 'kwalletd'"),
      ['keychains of a Mac: no secrets', JUDGE, " || plain.endsWith('.keychain-db')", ''],
      secret('sockets of engines', "'docker.sock', 'podman.sock', 'containerd.sock', 'crio.sock'"),
    ],
    NAMES,
  ),
  ...guardsOf(
    DEEP,
    [
      [
        'a socket in it may be shown',
        JUDGE,
        `return isSocket ? \`\${path} is a socket\` : null;`,
        'return null;',
      ],
    ],
    {
      file: TESTS,
      title: 'a socket in a shown folder, as a way out of the sandbox',
    },
  ),
  ...guardsOf(
    DEEP,
    [
      [
        'a folder without end is shown as far as it was looked at',
        LOOK,
        '    if (left < 0) return',
        '    if (left < -1e9) return',
      ],
    ],
    {
      file: TESTS,
      title: 'a folder without end is not looked through, and not shown',
    },
  ),
  ...guardsOf(SWAP, [['a link that was put on the way is followed', LOOK, REACHED, '']], {
    file: TESTS,
    title: 'a link put on the way after the path was resolved',
  }),
  ...guardsOf(SWAP, [
    [
      'nobody compares what was mounted with what was looked at',
      ARGUMENTS,
      'mounts.filter(({ folder }) => folder !== undefined)',
      '[] as PlannedMount[]',
    ],
  ]),
  ...guardsOf(
    SWAP,
    [
      [
        'a folder is looked at once, and then believed',
        'packages/host/src/supervisor/wake.ts',
        'await deps.extraMounts.of(agent.name)',
        'await (globalThis.seen ??= deps.extraMounts.of(agent.name))',
      ],
    ],
    {
      file: 'packages/host/test/supervisor/mounts.test.ts',
      title: 'a secret put into a shown folder after it was looked at',
    },
  ),
  ...guardsOf(
    'a link out of a shown folder, a write into it, secrets put into it, another folder in its place',
    [
      [
        'every shown folder can be written',
        'packages/host/src/supervisor/wake.ts',
        'mounts.push(...extra);',
        'mounts.push(...extra.map((one) => ({ ...one, writable: true })));',
      ],
      ['what lies in it is not looked at', LOOK, '      if (reason !== null) return reason;\n', ''],
      [
        'any folder may be shown',
        JUDGE,
        "  if (allowing.length === 0) return 'it lies in none of mountRoots';\n",
        '',
      ],
    ],
  ),
];
