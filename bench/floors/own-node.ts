/**
 * For the reader alone: the same floor with the Node that this machine calls `node`. No target is a multiple of it, since
 * which version that is, is an accident: Node 20 takes three times as long to start as the one that Bellhop runs on.
 */
import { execFileSync } from 'node:child_process';
import { type Measured, percentile } from '../report.ts';
import { NODE, timeProgram } from './programs.ts';

const SAMPLES = 15;

/** What of `measured` stands on a bare start of Node, in starts of this machine's own. Nothing where it has none. */
export async function ownNodeNotes(measured: readonly Measured[]): Promise<string[]> {
  const version = versionOfNode();
  if (version === null) return [];
  const samples: number[] = [];
  for (let n = 0; n < SAMPLES; n += 1) samples.push(await timeProgram('node', ['-e', '']));
  const startMs = percentile(samples, 50);
  const times = measured
    .filter(({ floor }) => floor?.what === NODE)
    .map((one) => `${one.name} ${(percentile(one.samples, 50) / startMs).toFixed(1)} ×`);
  return [`${NODE} with this machine's own Node ${version}: ${startMs.toFixed(1)} ms; ${times.join(', ')}`];
}

function versionOfNode(): string | null {
  try {
    return execFileSync('node', ['--version'], { encoding: 'utf8' }).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
