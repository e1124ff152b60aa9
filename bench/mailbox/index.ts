/**
 * `bench mailbox`: what the mailbox library costs beside bare SQLite, and beside itself with a long history. Ratios, so
 * that they hold on any machine; the two sides of a ratio are sampled in turn, so that both see the same disk.
 *
 * The data lies beside the user's own data folder, on the same disk, and is removed at the end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Measured, percentile } from '../report.ts';
import { countCommits, measureEnqueue } from './enqueue.ts';
import { LONG, measureHistory, SHORT } from './history.ts';

export const mailbox = {
  about: 'the two files of a session: enqueue beside bare SQLite, a long history beside a short one, commits',
  async run(say: (line: string) => void) {
    const beside = process.env.BELLHOP_DATA ?? join(homedir(), '.bellhop');
    const dir = await mkdtemp(join(dirname(beside), '.bellhop-bench-'));
    try {
      return measure(dir, say);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};

function measure(dir: string, say: (line: string) => void) {
  say('enqueue …');
  const enqueue = measureEnqueue(join(dir, 'enqueue'));
  const commits = countCommits(join(dir, 'commits'));
  say(`history of ${LONG} rows …`);
  const history = measureHistory(dir);
  const p50 = (samples: readonly number[]) => percentile(samples, 50);
  const measured: Measured[] = [
    // As fast as 0.8 of the bare one: at most 1.25 times its time.
    { name: 'enqueue.bare', unit: '×', samples: enqueue.ratios, limits: { p50: 1 / 0.8 } },
    { name: 'enqueue.ten', unit: 'commits', samples: [commits], limits: { p50: 2 } },
    ...Object.entries(history).map(([name, { ratios }]): Measured => {
      return { name: `history.${name}`, unit: '×', samples: ratios, limits: { p50: 3 } };
    }),
  ];
  const notes = [
    `enqueue: ${p50(enqueue.oursMs).toFixed(2)} ms, bare open-insert-close ${p50(enqueue.bareMs).toFixed(2)} ms (p50): ${(1 / p50(enqueue.ratios)).toFixed(2)} of its speed`,
    ...Object.entries(history).map(
      ([name, { shortUs, longUs }]) =>
        `${name}: ${p50(shortUs).toFixed(0)} µs with ${SHORT} rows of history, ${p50(longUs).toFixed(0)} µs with ${LONG} (p50)`,
    ),
  ];
  return { measured, notes };
}
