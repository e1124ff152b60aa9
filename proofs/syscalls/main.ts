/**
 * `./bellhop syscalls [STEP …] [--every K] [--json]`: each step of a message's life dies at each system call by which it changes
 * a file, and the next life must bring it to the right end. --every K walks over every K-th call only; STEP is a part of
 * a step's name, as printed.
 *
 * Exit codes: 0 every end was right, 1 one was not (or nothing died), 2 wrong usage.
 */

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { commitWords, machineWords } from '../../bench/machine.ts';
import { runProgram } from '../../bench/run.ts';
import { ROOT } from '../../tests/e2e/house/machine.ts';
import { operations } from './operations.ts';
import { type Side, walkSystem } from './system.ts';
import { type Walked, walk } from './walk.ts';

interface Step {
  readonly name: string;
  walk(every: number): Promise<Walked>;
}

const SIDES: readonly Side[] = ['host', 'runner'];
const STEPS: readonly Step[] = [
  ...operations.map((operation) => ({
    name: operation.name,
    walk: (every: number) => walk(operation, every),
  })),
  ...SIDES.map((side) => ({
    name: `the whole way, ${side}`,
    walk: (every: number) => walkSystem(side, every),
  })),
];

async function main(argv: readonly string[]): Promise<number> {
  const options = { every: { type: 'string', default: '1' }, json: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
  const every = Number(values.every);
  const chosen = STEPS.filter(
    ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  );
  if (!Number.isSafeInteger(every) || every < 1 || chosen.length === 0) {
    console.error(
      `Usage: ./bellhop syscalls [STEP …] [--every K] [--json]\n  Steps: ${STEPS.map(({ name }) => name).join('; ')}`,
    );
    return 2;
  }
  if (spawnSync('strace', ['--version'], { stdio: 'ignore' }).status !== 0) {
    console.error(
      'strace is missing. Debian, Ubuntu: sudo apt-get install -y strace; Fedora: sudo dnf install -y strace',
    );
    return 1;
  }
  const startedMs = performance.now();
  const results: Walked[] = [];
  for (const step of chosen) {
    const walked = await step.walk(every);
    results.push(walked);
    console.error(line(walked));
    for (const failure of walked.failures) console.error(`  WRONG ${failure}`);
  }
  const points = results.reduce((sum, walked) => sum + count(walked), 0);
  const wrong = results.reduce((sum, { failures }) => sum + failures.length, 0);
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  const last = `points=${points} wrong=${wrong} every=${every} seconds=${seconds}`;
  if (values.json) {
    const head = { bench: 'syscalls', commit: await commitWords(ROOT), machine: await machineWords(ROOT) };
    console.log(JSON.stringify({ ...head, every, seconds, points, wrong, results }, null, 2));
    console.error(last);
  } else console.log(last);
  return wrong === 0 && results.every((walked) => count(walked) > 0) ? 0 : 1;
}

function count({ points }: Walked): number {
  return Object.values(points).reduce((sum, n) => sum + n, 0);
}

function line(walked: Walked): string {
  const kinds = Object.entries(walked.points).map(([call, n]) => `${n} ${call}`);
  return `${walked.operation.padEnd(36)} ${String(count(walked)).padStart(4)}  ${kinds.join(', ')}`;
}

await runProgram('syscalls', main);
