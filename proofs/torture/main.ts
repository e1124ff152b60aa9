/**
 * `./bellhop torture [--kills N] [--seed N] [--sandbox bwrap|docker] [--json]`: real processes, killed and stopped at
 * every named point and in between, and the platform's log judged at the end.
 *
 * Exit codes: 0 what is promised held, 1 it did not (or nothing was struck), 2 wrong usage. With --json stdout holds one
 * object and nothing else; progress goes to stderr.
 */
import { parseArgs } from 'node:util';
import { besideBareStarts, NODE } from '../../bench/floors/programs.ts';
import { commitWords, machineWords } from '../../bench/machine.ts';
import { type Measured, type Report, toResult } from '../../bench/report.ts';
import { runProgram } from '../../bench/run.ts';
import { toTable } from '../../bench/table.ts';
import { POINTS } from '../../packages/mailbox/src/index.ts';
import { ROOT } from '../../tests/e2e/house/machine.ts';
import { MIN_BLOWS } from './plan.ts';
import { type Outcome, torture } from './torture.ts';

const USAGE = `Usage: ./bellhop torture [--kills N] [--seed N] [--sandbox bwrap|docker] [--json]
  --kills N   how many blows, at least ${MIN_BLOWS} (default ${MIN_BLOWS}; the committed run has 2,000)`;
/** Largest allowed p50 of the time from a blow to the answer, in bare starts of Node; a stopped one is found by its silence. */
const TIMES: Readonly<Record<string, number>> = {
  'runner.killed': 20,
  'runner.stopped': 80,
  'host.killed': 40,
  'host.stopped': 40,
};

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      kills: { type: 'string', default: String(MIN_BLOWS) },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      sandbox: { type: 'string', default: 'bwrap' },
      json: { type: 'boolean' },
    },
  });
  const [kills, seed] = [Number(values.kills), Number(values.seed)];
  const { sandbox } = values;
  const isKnown = sandbox === 'bwrap' || sandbox === 'docker';
  if (!Number.isSafeInteger(kills) || kills < MIN_BLOWS || !Number.isSafeInteger(seed) || !isKnown) {
    console.error(USAGE);
    return 2;
  }
  const startedMs = performance.now();
  const commit = await commitWords(ROOT);
  const run = () => torture({ kills, seed, sandbox }, (line) => console.error(line));
  const { result: outcome, ms: floor } = await besideBareStarts(run);
  const measured: Measured[] = [...outcome.waits].map(([name, samples]) => ({
    name,
    unit: 'ms' as const,
    samples,
    floor: { what: NODE, samples: floor },
    limit: { times: TIMES[name] ?? 0 },
  }));
  const report: Report = {
    bench: `torture.${sandbox}`,
    commit,
    machine: await machineWords(ROOT),
    results: measured.map(toResult),
  };
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  const last = lastLine(outcome, seed, seconds);
  const { verdict, injected, hits, oddities, complaints } = outcome;
  const more = { seed, seconds, injected, verdict, hits, oddities, complaints };
  console.log(
    values.json
      ? JSON.stringify({ ...report, ...more }, null, 2)
      : [toTable(report, notes(outcome)), ...complaints, last].join('\n'),
  );
  if (values.json) console.error([...complaints, last].join('\n'));
  return complaints.length === 0 && report.results.every(({ ok }) => ok) ? 0 : 1;
}

function notes({ verdict, hits, oddities }: Outcome): string[] {
  const lines = Object.entries(POINTS).map(
    ([name, what]) => `${String(hits[name] ?? 0).padStart(5)} × ${name.padEnd(18)} ${what}`,
  );
  const anywhere = Object.entries(hits).filter(([name]) => !Object.hasOwn(POINTS, name));
  const odd = Object.entries(oddities).map(([kind, n]) => `${n} ${kind}`);
  return [
    ...lines,
    ...anywhere.map(([name, n]) => `${String(n).padStart(5)} × ${name}`),
    ...verdict.unexpected.map((text) => `nobody asked for: ${text}`),
    ...[...new Set(verdict.notices)].map((text) => `notice: ${text}`),
    `the platform: ${odd.join(', ')}`,
    '',
  ];
}

function lastLine({ verdict, injected }: Outcome, seed: number, seconds: number): string {
  const { messages, lost, repeatedKey, repeatedNoKey } = verdict;
  return `lost=${lost} repeated_key=${repeatedKey} repeated_nokey=${repeatedNoKey} injected=${injected} messages=${messages} seed=${seed} seconds=${seconds}`;
}

await runProgram('torture', main);
