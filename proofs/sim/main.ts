/**
 * `./bellhop sim [--seed N] [--runs M] [--json] [--trace]`: M runs, from seed N on. README.md says what a run is.
 *
 * Exit codes: 0 all is well, 1 a run went wrong or nothing was injected, 2 wrong usage. A run that goes wrong is made
 * smaller and printed as a script. With --json stdout holds one object (bench/report.ts) and nothing else.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NODE, timeNode } from '../../bench/floors/programs.ts';
import { commitWords, machineWords } from '../../bench/machine.ts';
import { type Measured, type Report, toResult } from '../../bench/report.ts';
import { runProgram } from '../../bench/run.ts';
import { loadSimulator } from './load.ts';
import { scriptWords, shrink } from './shrink.ts';
import { add, lastLine, NOTHING, type Totals, verdict } from './totals.ts';

const ROOT = join(import.meta.dirname, '../..');
const DEFAULT_RUNS = 200;
/** As many bare starts of Node may a run take; one is timed after every tenth run. */
const RUN_TIMES = 6;
const FLOOR_EVERY = 10;
/** Failing runs that are made smaller and shown. */
const MAX_SHOWN = 3;

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seed: { type: 'string', default: '1' },
      runs: { type: 'string', default: String(DEFAULT_RUNS) },
      json: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
    },
  });
  const [seed, runs] = [Number(values.seed), Number(values.runs)];
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(runs) || runs < 1) {
    console.error('Usage: ./bellhop sim [--seed N] [--runs M] [--json] [--trace]');
    return 2;
  }
  const { run, scriptOf } = await loadSimulator();
  const onTrace = values.trace ? (line: string) => console.error(line) : undefined;
  const floor: number[] = [];
  let totals = NOTHING;
  for (let n = seed; n < seed + runs; n += 1) {
    const startedMs = performance.now();
    const outcome = await run(scriptOf(n), onTrace);
    totals = add(totals, outcome, performance.now() - startedMs);
    if ((n - seed) % FLOOR_EVERY === 0) floor.push(await timeNode());
    if (!outcome.violation || totals.violations > MAX_SHOWN) continue;
    const smallest = await shrink(outcome, run);
    for (const line of scriptWords(smallest)) console.error(line);
  }
  const wrong = verdict(totals);
  if (wrong !== null) console.error(`FAILED: ${wrong}`);
  if (values.json) console.log(JSON.stringify(await toReport(totals, floor, seed), null, 2));
  else {
    const { accepted, sends, hostStarts, sandboxes, killedAt, simulatedMs } = totals;
    console.log(
      `${accepted} messages, ${sends} sends, ${hostStarts} host starts, ${sandboxes} sandboxes, ` +
        `${(simulatedMs / 3_600_000).toFixed(1)} simulated hours; killed at ${killedAt.length} kinds of step`,
    );
    console.log(lastLine(totals, seed));
  }
  return wrong === null ? 0 : 1;
}

async function toReport(
  totals: Totals,
  floor: readonly number[],
  seed: number,
): Promise<Report & { readonly last: string }> {
  const none = (name: string, count: number): Measured => ({
    name,
    unit: 'count',
    samples: [count],
    limit: { most: 0 },
  });
  const measured: readonly Measured[] = [
    none('lost', totals.lost),
    none('repeated_key', totals.repeatedKey),
    none('violations', totals.violations),
    {
      ...{ name: 'one run', unit: 'ms', samples: totals.ms, limit: { times: RUN_TIMES } },
      floor: { what: NODE, samples: floor },
    },
  ];
  return {
    bench: 'sim',
    commit: await commitWords(ROOT),
    machine: await machineWords(ROOT),
    results: measured.map(toResult),
    last: lastLine(totals, seed),
  };
}

await runProgram('sim', main);
