/** The walls of a sandbox: promises 1 to 6, and what a sandbox is told of its host (11, 19). */
import type { BrokenGuard } from './broken-guard.ts';

const BWRAP = 'packages/host/src/sandboxes/arguments.ts';
const DOCKER = 'packages/host/src/sandboxes/docker/arguments.ts';

const RIGHTS = 'using capabilities, a setuid program, or the uid of root';
const HOLDERS = 'gaining rights by taking over the processes that hold the sandbox up';

export const SANDBOXES: readonly BrokenGuard[] = [
  {
    row: RIGHTS,
    broken: 'capabilities are given, not dropped',
    edits: [{ file: BWRAP, from: "'--cap-drop', 'ALL'", to: "'--cap-add', 'ALL'" }],
    only: 'bwrap',
  },
  {
    row: RIGHTS,
    broken: 'the capabilities that an engine gives are kept',
    edits: [{ file: DOCKER, from: "'--cap-drop', 'ALL', ", to: '' }],
    only: 'docker',
  },
  {
    row: RIGHTS,
    broken: 'a setuid program gains its rights',
    edits: [{ file: DOCKER, from: "'--security-opt', 'no-new-privileges', ", to: '' }],
    only: 'docker',
  },
  {
    row: RIGHTS,
    broken: 'it runs as the user of the image, who is root',
    edits: [{ file: DOCKER, from: `, '--user', \`\${uid}:\${gid}\``, to: '' }],
    only: 'docker',
  },
  {
    row: HOLDERS,
    broken: 'what holds it up keeps the capabilities that it could gain',
    edits: [{ file: BWRAP, from: "'--inh-caps=-all', '--bounding-set=-all', ", to: '' }],
    only: 'bwrap',
  },
  {
    row: HOLDERS,
    broken: 'what holds it up can gain rights by a setuid program',
    edits: [{ file: DOCKER, from: "'--security-opt', 'no-new-privileges', ", to: '' }],
    only: 'docker',
  },
];
