/**
 * Waiting for a sandbox to stand. bubblewrap tells the pid of its child on one pipe; the shell inside sends one byte on
 * another when all is set up and the command comes next (arguments.ts). Both pipes are written by our own programs
 * only: the command does not inherit them.
 */

import type { Readable } from 'node:stream';
import { type Child, within } from './child.ts';
import { identify, type ProcessId } from './processes.ts';

const PATIENCE_MS = 30_000;
/** bubblewrap's report is one short line; more than this is not a report. */
const REPORT_BYTES = 4_096;

export interface Risen {
  readonly outer: ProcessId | null;
  /** pid 1 of the sandbox as the host sees it; null when it was over before we looked. */
  readonly inner: ProcessId | null;
}

/** A string says why it does not stand; something of it may still run then. Never rejects. */
export async function rise(child: Child): Promise<Risen | string> {
  const [report, gate] = child.side;
  if (report === undefined || gate === undefined) return 'its pipes are missing';
  const innerPid = reportedPid(report);
  try {
    const [outer, isOpen] = await Promise.all([identify(child.pid), within(PATIENCE_MS, firstByte(gate))]);
    if (isOpen === null) return `it did not stand within ${PATIENCE_MS / 1000} s`;
    if (!isOpen) return 'it ended without a word';
    const pid = await innerPid;
    return { outer, inner: pid === null ? null : await identify(pid) };
  } catch (error) {
    return `its processes could not be looked at: ${String(error)}`;
  }
}

/** The pid in bubblewrap's first line; null when it ended without one. */
async function reportedPid(report: Readable): Promise<number | null> {
  const line = await new Promise<string>((resolve) => {
    let text = '';
    report.on('data', (chunk: Buffer) => {
      if (text.length < REPORT_BYTES) text += chunk.toString('latin1');
      if (text.includes('\n') || text.length >= REPORT_BYTES) resolve(text);
    });
    report.once('close', () => resolve(text));
  });
  return pidIn(line);
}

export function pidIn(line: string): number | null {
  const digits = /"child-pid":\s*(\d+)/.exec(line)?.[1];
  return digits === undefined ? null : Number(digits);
}

function firstByte(gate: Readable): Promise<boolean> {
  return new Promise((resolve) => {
    gate.on('data', () => resolve(true));
    gate.once('close', () => resolve(false));
  });
}
