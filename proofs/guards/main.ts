/**
 * `node_modules/.bin/node proofs/guards/main.ts [--runs N] [--json]`: breaks one guard after the other in a copy of the
 * product, and runs the simulator there from seed 1 on until it turns red.
 *
 * Exit codes: 0 the untouched copy is green and each broken one red, 1 it is not so. With --json stdout holds one object.
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commitWords, machineWords } from '../../bench/machine.ts';
import { applied, GUARDS, type Guard } from './guards.ts';

const ROOT = join(import.meta.dirname, '../..');
const COPIED = ['package.json', 'packages', 'proofs'];
const DEFAULT_RUNS = 250;

interface Seen {
  readonly broken: string;
  /** The first red seed and what it said; null: all were green. */
  readonly said: string | null;
}

/** A copy of the product that finds its packages in itself, and all else where the original has it. */
function copyProduct(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bellhop-guards-'));
  for (const name of COPIED) cpSync(join(ROOT, name), join(dir, name), { recursive: true });
  mkdirSync(join(dir, 'node_modules/@bellhop'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules')).filter((one) => one !== '@bellhop'))
    symlinkSync(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name));
  for (const name of readdirSync(join(ROOT, 'packages')))
    symlinkSync(join(dir, 'packages', name), join(dir, 'node_modules/@bellhop', name));
  return dir;
}

/** Breaks it, looks, and mends it again. */
async function seen(dir: string, { broken, edits }: Guard, runs: number): Promise<Seen> {
  const whole = new Map<string, string>();
  for (const edit of edits) {
    const path = join(dir, 'packages', edit.file);
    const text = readFileSync(path, 'utf8');
    if (!whole.has(path)) whole.set(path, text);
    writeFileSync(path, applied(text, edit));
  }
  try {
    return { broken, said: await firstRed(dir, runs) };
  } finally {
    for (const [path, text] of whole) writeFileSync(path, text);
  }
}

/** A process of its own, as the product is loaded once per process. */
function firstRed(dir: string, runs: number): Promise<string | null> {
  const program = join(dir, 'proofs/guards/first-red.ts');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, String(runs)], { cwd: dir }, (error, stdout) => {
      // It could not run at all: that shows nothing.
      if (error && stdout === '') reject(error);
      else resolve(error ? stdout.trim() : null);
    });
  });
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: String(DEFAULT_RUNS) },
    json: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const dir = copyProduct();
try {
  const results: Seen[] = [];
  for (const guard of [{ broken: 'nothing', edits: [] }, ...GUARDS]) {
    const one = await seen(dir, guard, runs);
    results.push(one);
    if (!values.json) console.log(`${one.broken}: ${one.said ?? `green through seed ${runs}`}`);
  }
  const [untouched, ...broken] = results;
  const ok = untouched?.said === null && broken.every(({ said }) => said !== null);
  const head = {
    proof: 'guards',
    commit: await commitWords(ROOT),
    machine: await machineWords(ROOT),
    runs,
    ok,
  };
  if (values.json) console.log(JSON.stringify({ ...head, results }, null, 2));
  process.exitCode = ok ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
