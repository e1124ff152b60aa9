/**
 * Named moments between two durable steps, at which the proofs kill or stop this very process (proofs/torture).
 *
 * A point is armed by a file of its name in the folder that BELLHOP_POINTS names; its content is the signal. Whoever
 * reaches it first takes the file away and is struck: once per arming, however many processes pass there. Without that
 * variable, which only a proof sets, passing a point is one comparison: no file is looked for.
 *
 * It is here because host and runner both have points. Nothing else may depend on it: a point decides nothing.
 */
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/** What is durable when each of them is passed, and what is not yet. */
export const POINTS = {
  'host.accepting': 'an event is written, not committed',
  'host.accepted': 'an event is accepted, its platform not told',
  'host.enqueued': 'a message is in inbound.db, the store does not know',
  'host.intended': 'a generation is on record, its sandbox not started',
  'host.spawned': 'a sandbox runs, the store does not know who it is',
  'host.copied': 'rows of an agent are copied, not sent',
  'host.attempting': 'an attempt is on disk, the platform not called',
  'host.sent': 'the platform has answered, no receipt is on disk',
  'host.receipted': 'a receipt is in the store, not in inbound.db',
  'host.ended': 'the end of a message is in the store, not in inbound.db',
  'host.settled': 'inbound.db has it all, the store does not know',
  'host.noted': 'the end of a generation is on record, nothing charged',
  'runner.ready': 'the runner is connected, it has not looked',
  'runner.claimed': 'messages are claimed, the harness has not begun',
  'runner.sent': 'a tool call is committed, the turn is not',
  'runner.committing': 'the turn is written, not committed',
  'runner.committed': 'the turn is committed, the bell not rung',
} as const;

export type PointName = keyof typeof POINTS;

const ARMED_IN = process.env.BELLHOP_POINTS;

export function point(name: PointName): void {
  if (ARMED_IN !== undefined) strike(join(ARMED_IN, name));
}

function strike(armed: string): void {
  try {
    const signal = readFileSync(armed, 'utf8') as NodeJS.Signals;
    renameSync(armed, `${armed}.hit`);
    process.kill(process.pid, signal);
  } catch (error) {
    // Not armed, or another process was first.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
