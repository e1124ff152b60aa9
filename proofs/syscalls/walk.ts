/**
 * The walk over one step: dies at the first call of each kind, at the second, and so on until a run ends by itself; after
 * each death the step is done again, as the next life would, and its end is checked.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Operation } from './operation.ts';
import { callsOf, dieAt, warmUp } from './strace.ts';

export interface Walked {
  readonly operation: string;
  /** Deaths by kind of call. */
  readonly points: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
}

/** A call of this kind is made on many other things than files (the wake-ups of Node's own threads). */
const MAX_POINTS = 400;

/** @param every 1 walks over all; k over every k-th, beginning with the first. */
export async function walk(operation: Operation, every: number): Promise<Walked> {
  const root = mkdtempSync(join(tmpdir(), 'bh-syscalls-'));
  try {
    const [scratch, before] = [join(root, 'now'), join(root, 'before')];
    mkdirSync(scratch);
    // Where it will be acted on: some steps note whole paths.
    await operation.prepare(scratch);
    cpSync(scratch, before, { recursive: true });
    const fresh = () => {
      if (existsSync(scratch)) rmSync(scratch, { recursive: true });
      cpSync(before, scratch, { recursive: true });
      return scratch;
    };
    const points: Record<string, number> = {};
    const failures: string[] = [];
    warmUp(operation.name, fresh());
    for (const [call, most] of callsOf(operation.name, fresh())) {
      points[call] = 0;
      // All of them: until a run ends by itself. A part of them: as far as was seen.
      for (let n = 1; n <= (every === 1 ? MAX_POINTS : most); n += every) {
        const { signal, status, stderr } = dieAt(call, n, operation.name, fresh());
        if (signal !== 'SIGKILL') {
          if (status !== 0) failures.push(`${call} ${n}: it ended with ${status}: ${stderr.slice(-500)}`);
          break;
        }
        points[call] += 1;
        const wrong = await after(operation, scratch);
        if (wrong !== null) failures.push(`${call} ${n}: ${wrong}`);
      }
    }
    return { operation: operation.name, points, failures };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The next life. Null when it reaches the right end. */
async function after(operation: Operation, dir: string): Promise<string | null> {
  try {
    await operation.act(dir, 2);
    await operation.check(dir);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
