/**
 * `node_modules/.bin/node proofs/guards/main.ts [--runs N] [--json]`: breaks one guard after the other in a copy of the
 * product, and runs the simulator there from seed 1 on until it turns red.
 *
 * Exit codes: 0 the untouched copy is green and each broken one red, 1 it is not so. With --json stdout holds one object.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commitWords, machineWords } from '../../bench/machine.ts';
import { whileBroken } from '../copy/edits.ts';
import { copyProduct } from '../copy/product.ts';
import { GUARDS } from './guards.ts';

const ROOT = join(import.meta.dirname, '../..');
const DEFAULT_RUNS = 250;

interface Seen {
  readonly broken: string;
  /** The first red seed and what it said; null: all were green. */
  readonly said: string | null;
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
const dir = copyProduct(ROOT);
const results: Seen[] = [];
for (const { broken, edits } of [{ broken: 'nothing', edits: [] }, ...GUARDS]) {
  const said = await whileBroken(dir, edits, () => firstRed(dir, runs));
  results.push({ broken, said });
  if (!values.json) console.log(`${broken}: ${said ?? `green through seed ${runs}`}`);
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
