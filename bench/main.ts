/**
 * `./bellhop bench [NAME] [--json]`: runs one benchmark; alone it lists them.
 *
 * Exit codes: 0 every target met, 1 one was missed or the bench could not run, 2 wrong usage. With --json stdout holds
 * one object and nothing else; progress goes to stderr.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { egress } from './egress/index.ts';
import { light } from './light/index.ts';
import { commitWords, machineWords } from './machine.ts';
import { mailbox } from './mailbox/index.ts';
import { overhead } from './overhead/index.ts';
import { page } from './page/index.ts';
import { type Measured, type Report, toResult, toTable } from './report.ts';
import { runProgram } from './run.ts';
import { scale } from './scale/index.ts';

const ROOT = join(import.meta.dirname, '..');

interface Bench {
  readonly about: string;
  run(say: (line: string) => void): Promise<{
    readonly measured: readonly Measured[];
    readonly notes: readonly string[];
  }>;
}

const BENCHES: Readonly<Record<string, Bench>> = { egress, light, mailbox, overhead, page, scale };

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { json: { type: 'boolean' } },
  });
  const [name] = positionals;
  if (name === undefined) {
    for (const [key, { about }] of Object.entries(BENCHES)) console.log(`${key.padEnd(12)} ${about}`);
    return 0;
  }
  const bench = BENCHES[name];
  if (!bench) {
    console.error(`There is no bench ${name}. There is: ${Object.keys(BENCHES).join(', ')}`);
    return 2;
  }
  const commit = await commitWords(ROOT);
  const { measured, notes } = await bench.run((line) => console.error(line));
  const machine = await machineWords(ROOT);
  const report: Report = { bench: name, commit, machine, results: measured.map(toResult) };
  console.log(values.json ? JSON.stringify(report, null, 2) : toTable(report, measured, notes));
  return report.results.every((result) => result.ok) ? 0 : 1;
}

await runProgram('bench', main);
