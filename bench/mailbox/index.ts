/**
 * `bench mailbox`: what the mailbox library costs beside bare SQLite, and beside itself with a long history. The two sides
 * are sampled in turn, so that both see the same disk.
 */
import { join } from 'node:path';
import type { Bench } from '../command.ts';
import { withDataDir } from '../data-dir.ts';
import type { Measured } from '../report.ts';
import { countCommits, measureEnqueue } from './enqueue.ts';
import { LONG, measureHistory, SHORT } from './history.ts';

export const mailbox: Bench = {
  about: 'the two files of a session: enqueue beside bare SQLite, a long history beside a short one, commits',
  run: (say) => withDataDir(async (dir) => measure(dir, say)),
};

function measure(dir: string, say: (line: string) => void) {
  say('enqueue …');
  const enqueue = measureEnqueue(join(dir, 'enqueue'));
  const commits = countCommits(join(dir, 'commits'));
  say(`history of ${LONG} rows …`);
  const history = measureHistory(dir);
  const measured: Measured[] = [
    {
      ...{ name: 'enqueue', unit: 'ms', samples: enqueue.oursMs, limit: { times: 1.25 } },
      floor: { what: 'a bare open-insert-close', samples: enqueue.bareMs },
    },
    { name: 'enqueue.ten', unit: 'commits', samples: [commits], limit: { most: 2 } },
    ...Object.entries(history).map(([name, { shortUs, longUs }]): Measured => {
      const floor = { what: `the same with ${SHORT} rows`, samples: shortUs };
      return { name: `history.${name}`, unit: 'µs', samples: longUs, floor, limit: { times: 3 } };
    }),
  ];
  return { measured, notes: [`history: ${LONG} rows that are over, and ten that wait`] };
}
