/** Skills and packages: promise 26. */
import { type BrokenGuard, guardsOf } from './broken-guard.ts';

const SRC = 'packages/host/src';
const TESTS = 'packages/host/test';
const LOOK = `${SRC}/skills/look.ts`;
const HEAD = `${SRC}/skills/front-matter.ts`;
const SKILLS = `${SRC}/skills/skills.ts`;
const WAKE = `${SRC}/supervisor/wake.ts`;
const NAMES = `${SRC}/packages/names.ts`;
const PACKAGES = `${SRC}/packages/packages.ts`;
const INSTALL = 'images/packages/install.sh';

const SHARED = 'writing into a shared skill, putting one beside it, seeing one of another agent';
const FOLDER = 'links, pipes and mountains in a skill';
const NAMED = 'is refused, in words that name it';
const INSTALLED = 'no shell runs them, no option is taken, nothing is removed';
const IMAGE = 'is never used, and is told';

const looked = (title: string) => ({ file: `${TESTS}/skills/look.test.ts`, title });
const skill = (title: string) => ({ file: `${TESTS}/skills/skills.test.ts`, title });
const named = (title: string) => ({ file: `${TESTS}/packages/names.test.ts`, title });
const kept = (title: string) => ({ file: `${TESTS}/packages/packages.test.ts`, title });
const built = (title: string) => ({ file: `${TESTS}/packages/docker.test.ts`, title });

const OTHERS = '[...(await allOn()).values()].flat()';
const APT = '/^[a-z0-9][a-z0-9._+-]*$/';
const NPM_VERSION = '(@\\d+\\.\\d+\\.\\d+(-[a-z0-9.-]+)?)?$/';

const shown: readonly BrokenGuard[] = [
  ...guardsOf(SHARED, [
    [
      'a skill can be written',
      WAKE,
      `\${SKILLS_INSIDE}/\${name}\`, false)`,
      `\${SKILLS_INSIDE}/\${name}\`, true)`,
    ],
    ['all agents see the skills of each', SKILLS, '(await allOn()).get(agent) ?? []', OTHERS],
  ]),
  ...guardsOf(
    SHARED,
    [
      [
        'a skill is on for everybody',
        SKILLS,
        '(await allOn()).get(agent) ?? []',
        `await readdir(join(folders.dataDir, SKILLS_DIR))`,
      ],
      ['a skill of one agent is shown to all', SKILLS, '(await allOn()).get(agent) ?? []', OTHERS],
    ],
    skill('a skill is off until its owner turns it on'),
  ),
  ...guardsOf(
    SHARED,
    [
      [
        'what is no name of a skill is looked for',
        SKILLS,
        `      if (!SKILL_NAME.test(name)) throw new BadSkill(\`\${JSON.stringify(name)} is not the name of a skill\`);\n`,
        '',
      ],
      [
        'what may not be shown is turned on',
        SKILLS,
        'const head = on ? await lookAtSkill(folders, name) : null;',
        'const head = null as string | null;',
      ],
      [
        'what may no longer be shown is shown',
        SKILLS,
        "        if (typeof head === 'string') {\n          log.warn",
        '        if (head === null) {\n          log.warn',
      ],
    ],
    skill('a skill that is no longer fit is left out'),
  ),
  ...guardsOf(
    SHARED,
    [
      [
        'an agent may have any number of skills',
        SKILLS,
        'on && others.length >= MAX_ON',
        'on && others.length >= 50 * MAX_ON',
      ],
    ],
    skill('twenty skills are enough for one agent'),
  ),
];

const folders: readonly BrokenGuard[] = [
  ...guardsOf(FOLDER, [
    [
      'links and pipes in it are shown',
      LOOK,
      `      else if (!entry.isFile()) return \`\${entry.name} in it is a link, or no file\`;\n`,
      '',
    ],
    [
      'folders in it are not looked into',
      LOOK,
      'if (entry.isDirectory()) folders.push(path);\n      else if',
      'if (entry.isDirectory()) continue;\n      else if',
    ],
    ['its SKILL.md may be of any length', LOOK, ' || stat.size > MAX_TEXT_BYTES', ''],
    ['what is no text is taken for some', LOOK, "'utf-8', { fatal: true }", "'latin1'"],
    ['it may be of any size', LOOK, ' || sum.bytes > MAX_BYTES', ''],
    ['it may hold any number of files', LOOK, 'sum.entries > MAX_ENTRIES || ', ''],
    [
      'it may call itself something else',
      LOOK,
      `    if (typeof head !== 'string' && head.name !== name) return \`its SKILL.md calls it \${head.name}\`;\n`,
      '',
    ],
  ]),
  ...guardsOf(
    FOLDER,
    [
      [
        'names may climb',
        LOOK,
        "  if (!SKILL_NAME.test(name)) return 'its folder is not named by small letters, digits and -';\n",
        '',
      ],
    ],
    looked('names that climb out of the folder of skills'),
  ),
  ...guardsOf(
    FOLDER,
    [
      [
        'the folder itself may be a link',
        LOOK,
        "  if (!(await lstat(folder)).isDirectory()) return 'it is not a folder of its own';\n",
        '',
      ],
    ],
    looked('a skill that is a link to a folder of ours'),
  ),
  ...guardsOf(
    FOLDER,
    [
      [
        'a head needs no beginning and no end',
        HEAD,
        '  if (first !== FENCE || end < 0) return',
        '  if (first === null) return',
      ],
      ['a head may have two names', HEAD, ' || otherName !== undefined', ''],
      [
        'the name in a head may climb',
        HEAD,
        "  if (!SKILL_NAME.test(name)) return 'its name is not one of small letters, digits and -';\n",
        '',
      ],
      ['a description may have many lines', HEAD, ' || /^[>|]/.test(description)', ''],
      ['a description may be of any length', HEAD, ' || plain.length > MAX_DESCRIPTION', ''],
      ['a description may be empty', HEAD, "plain === '' || ", ''],
    ],
    looked('is no head'),
  ),
  ...guardsOf(
    FOLDER,
    [
      ['control characters reach the model', HEAD, 'stripVTControlCharacters(description)', 'description'],
      ['turned writing reaches the model', HEAD, "    .replace(/[\\p{C}\\p{Zl}\\p{Zp}]/gu, '')\n", ''],
    ],
    looked('control characters and turned writing in a description reach nobody'),
  ),
];

const names: readonly BrokenGuard[] = [
  ...guardsOf(NAMED, [
    ['an option is a name', NAMES, APT, '/^[a-z0-9-][a-z0-9._+-]*$/'],
    ['a path is a name', NAMES, APT, '/^[a-z0-9./][a-z0-9._+/-]*$/'],
    ['words of a shell are a name', NAMES, APT, '/^[a-z0-9][^\\0]*$/'],
    ['an address is a name', NAMES, APT, '/^[a-z0-9][a-z0-9._+:/-]*$/'],
    ['letters that look alike are a name', NAMES, APT, '/^[\\p{L}0-9][\\p{L}0-9._+-]*$/u'],
    ['a name of apt may take away', NAMES, " && !name.endsWith('-')", ''],
    ['a name of apt may be of any length', NAMES, 'name.length <= MAX_LENGTH && APT', 'APT'],
    [
      'nobody judges the names of apt',
      NAMES,
      'apt.find((name) => !isAptName(name))',
      'undefined as string | undefined',
    ],
  ]),
  ...guardsOf(
    NAMED,
    [
      ['npm takes a range or an address for a version', NAMES, NPM_VERSION, '(@.+)?$/'],
      ['npm takes a file', NAMES, ' && !ARCHIVE.test(name)', ''],
      ['a name of npm may be of any length', NAMES, 'name.length <= MAX_LENGTH && NPM', 'NPM'],
      [
        'nobody judges the names of npm',
        NAMES,
        'npm.find((name) => !isNpmName(name))',
        'undefined as string | undefined',
      ],
    ],
    named('to npm the same is hostile'),
  ),
  ...guardsOf(
    NAMED,
    [
      [
        'an agent may have any number of packages',
        NAMES,
        'apt.length + npm.length > MAX_PACKAGES',
        'apt.length + npm.length > 50 * MAX_PACKAGES',
      ],
    ],
    named('more than twenty packages of both kinds are refused'),
  ),
  ...guardsOf(
    NAMED,
    [['nobody asks the judge', PACKAGES, 'if (against !== null) throw new BadPackages(against);', '']],
    kept('a hostile name changes nothing'),
  ),
  ...guardsOf(INSTALLED, [
    [
      'a shell reads the names',
      INSTALL,
      `xargs -a "$1" -d '\\n' apt-get install -y --no-install-recommends --no-remove --\n`,
      'eval "apt-get install -y --no-install-recommends --no-remove -- $(cat "$1")"\n',
    ],
    ['apt takes options for names', INSTALL, '--no-remove --\n', '--no-remove\n'],
  ]),
  ...guardsOf(
    INSTALLED,
    [
      ['npm runs the scripts of packages', INSTALL, '--ignore-scripts ', ''],
      ['npm takes options for names', INSTALL, '--no-update-notifier --\n', '--no-update-notifier\n'],
      [
        'a shell reads the names of npm',
        INSTALL,
        "xargs -a npm -d '\\n' npm install --global --ignore-scripts --no-audit --no-fund --no-update-notifier --\n",
        'eval "npm install --global --ignore-scripts --no-audit --no-fund --no-update-notifier -- $(cat npm)"\n',
      ],
    ],
    built('npm gets its names behind the end of options, and runs no install script'),
  ),
];

const images: readonly BrokenGuard[] = [
  ...guardsOf(IMAGE, [
    [
      'an image is used whatever its self-test said',
      PACKAGES,
      '      if (result.ok) {\n',
      '      if (image !== null) {\n',
    ],
    [
      'that it is not used is told to nobody',
      PACKAGES,
      '        await keep(agent, () => ({ failed: { image, why } }));\n',
      '',
    ],
  ]),
  ...guardsOf(
    IMAGE,
    [
      [
        'an image is used before it was tested',
        PACKAGES,
        '      const onLine = (text: string) => buildLog.write(text);\n',
        '      const onLine = (text: string) => buildLog.write(text);\n      there.add(image);\n      await keep(agent, () => ({ ready: image }));\n',
      ],
      [
        'the old one goes while the new one is built',
        PACKAGES,
        '      const onLine = (text: string) => buildLog.write(text);\n',
        '      const onLine = (text: string) => buildLog.write(text);\n      await keep(agent, () => ({ ready: null }));\n',
      ],
    ],
    kept('the old image is used until the new one has been built and tested'),
  ),
];

export const SKILLS_AND_PACKAGES: readonly BrokenGuard[] = [...shown, ...folders, ...names, ...images];
