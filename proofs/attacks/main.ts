/**
 * `node_modules/.bin/node proofs/attacks/main.ts [--only TEXT] [--json]`: breaks one guard of docs/SECURITY.md after the
 * other in a copy of the product, and runs the test that shows it, and no other, with bubblewrap and with Docker where
 * both keep it. That test is green before and red without its guard, by an assertion of its own: a product that merely
 * falls over shows nothing.
 *
 * --only: guards whose row, words or files contain TEXT. With --json stdout holds one object, and the lines go to stderr.
 * Exit codes: 0 each test was green, and red without its guard; 1 it is not so.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commitWords, machineWords } from '../../bench/machine.ts';
import { missingTools } from '../../tests/run/tools.ts';
import { whileBroken } from '../copy/edits.ts';
import { copyProduct } from '../copy/product.ts';
import type { BrokenGuard, Shown } from './broken-guard.ts';
import { BROKEN_GUARDS } from './guards.ts';
import { rowsOf, runBy } from './rows.ts';
import { type Ran, runTest } from './run-test.ts';

const ROOT = join(import.meta.dirname, '../..');
const LANES = availableParallelism() + 1;

interface Result {
  readonly row: string;
  readonly broken: string;
  readonly ok: boolean;
  /** Per test file what the test said without the guard; or why this shows nothing. */
  readonly seen: readonly { readonly file: string; readonly said: string }[];
}

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, json: { type: 'boolean', default: false } },
});
const say = (line: string): void => (values.json ? console.error(line) : console.log(line));

const ROWS = rowsOf(readFileSync(join(ROOT, 'docs/SECURITY.md'), 'utf8'));
const chosen = BROKEN_GUARDS.filter(({ row, broken, edits }) =>
  [row, broken, ...edits.map(({ file }) => file)].some((words) => words.includes(values.only)),
);

function shownBy({ row, by }: BrokenGuard): Shown {
  const shown = by ?? ROWS.find(({ title }) => title === row);
  if (shown === undefined) throw new Error(`docs/SECURITY.md has no row whose test is: ${row}`);
  return shown;
}

const filesOf = (guard: BrokenGuard): readonly string[] =>
  runBy(shownBy(guard).file).filter((file) => file.includes(guard.only ?? ''));

const missing = missingTools(ROOT, chosen.flatMap(filesOf), say);
for (const { name, why } of missing) say(`What needs ${name} shows nothing here: ${why}`);
process.env.BELLHOP_TEST_MISSING = missing.map(({ name }) => name).join(',');
// The tests make data folders of their own; the user's must be out of their reach.
delete process.env.BELLHOP_DATA;

const ending = new AbortController();
process.once('exit', () => ending.abort());

/** Untouched, each test runs once, however many guards it shows. */
const untouched = new Map<string, Promise<Ran>>();

async function look(
  dir: string,
  file: string,
  title: string,
  guard: BrokenGuard,
): Promise<{ ok: boolean; said: string }> {
  const run = () => runTest(dir, join(dir, file), title, ending.signal);
  const key = `${file}: ${title}`;
  const known = untouched.get(key) ?? run();
  untouched.set(key, known);
  const before = await known;
  if (before.failures[0]) return { ok: false, said: `red before: ${before.failures[0].said}` };
  if (before.passed === 0)
    return { ok: false, said: before.skipped > 0 ? 'skipped' : 'no test of that title' };
  const { failures } = await whileBroken(dir, guard.edits, run);
  const red = failures.find(({ asserted }) => asserted);
  if (red) return { ok: true, said: red.said };
  return { ok: false, said: failures[0] ? `fell over: ${failures[0].said}` : 'green without it' };
}

async function judge(dir: string, guard: BrokenGuard): Promise<Result> {
  const seen: { file: string; said: string }[] = [];
  let ok = true;
  for (const file of filesOf(guard)) {
    const one = await look(dir, file, shownBy(guard).title, guard);
    seen.push({ file, said: one.said.replaceAll(dir, '.').replaceAll(ROOT, '.') });
    ok &&= one.ok;
  }
  return { row: guard.row, broken: guard.broken, ok: ok && seen.length > 0, seen };
}

/** Most of the time is waiting for what does not come: each lane has a copy of its own to break. */
const results: Result[] = [];
const left = chosen.entries();
async function lane(): Promise<void> {
  const dir = copyProduct(ROOT);
  for (const [index, guard] of left) {
    const result = await judge(dir, guard);
    results[index] = result;
    say(`${index + 1}/${chosen.length} ${result.row}: ${result.broken}`);
    for (const { file, said } of result.seen) say(`    ${result.ok ? 'red ' : 'BAD '} ${file}: ${said}`);
  }
}
await Promise.all(Array.from({ length: LANES }, lane));

const red = results.filter(({ ok }) => ok).length;
const ok = red === results.length && red > 0;
say(`${red} of ${results.length} guards: red without them`);
const head = {
  proof: 'attacks',
  commit: await commitWords(ROOT),
  machine: await machineWords(ROOT),
  ok,
  broken: results.length,
  red,
};
if (values.json) console.log(JSON.stringify({ ...head, results }, null, 2));
process.exitCode = ok ? 0 : 1;
