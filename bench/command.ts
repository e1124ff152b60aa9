/**
 * `./bellhop bench [NAME] [--json]`: runs one benchmark; alone it lists them.
 *
 * Exit codes: 0 every target met, 1 one was missed or the bench could not run, 2 wrong usage. With 1 the last line says
 * why. With --json stdout holds one object and nothing else; progress and that last line go to stderr.
 */
import { parseArgs } from 'node:util';
import { commitWords, machineWords } from './machine.ts';
import { failureOf, type Measured, type Report, toResult } from './report.ts';
import { toTable } from './table.ts';

export interface Bench {
  readonly about: string;
  /** Rejects when it cannot be run. @param say one line of progress. */
  run(say: (line: string) => void): Promise<{
    readonly measured: readonly Measured[];
    readonly notes: readonly string[];
  }>;
}

export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** @returns the exit code. @param root of the checkout whose commit is told. */
export async function benchCommand(
  argv: readonly string[],
  benches: Readonly<Record<string, Bench>>,
  root: string,
  { out, err }: Output,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { json: { type: 'boolean' } },
  });
  const [name] = positionals;
  if (name === undefined) {
    for (const [key, { about }] of Object.entries(benches)) out(`${key.padEnd(12)} ${about}`);
    return 0;
  }
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (!bench) {
    err(`There is no bench ${name}. There is: ${Object.keys(benches).join(', ')}`);
    return 2;
  }
  const commit = await commitWords(root);
  const { measured, notes } = await bench.run(err);
  const machine = await machineWords(root);
  const report: Report = { bench: name, commit, machine, results: measured.map(toResult) };
  const failure = failureOf(report);
  out(values.json ? JSON.stringify(report, null, 2) : toTable(report, notes));
  if (values.json && failure !== null) err(failure);
  return failure === null ? 0 : 1;
}
