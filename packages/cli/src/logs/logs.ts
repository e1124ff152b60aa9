/**
 * `bellhop logs`: the host's log for people. Reads the files, not the host, so that it works when the host is down.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { flag, type Parsed, text } from '../args.ts';
import type { Context } from '../command.ts';
import { FailedError, UsageError } from '../errors.ts';
import { styleFor } from '../style.ts';
import { linesOf } from '../text.ts';
import { logBytes } from './files.ts';
import { formatLogLine } from './format.ts';

const LINES_BEFORE_FOLLOWING = 20;

export async function logs({ world, data, parsed }: Context): Promise<number> {
  const folder = join(data, 'logs');
  const follow = flag(parsed, 'follow');
  const lastLines = lineCount(parsed) ?? (follow ? LINES_BEFORE_FOLLOWING : null);
  if (!follow && !existsSync(join(folder, 'host.jsonl'))) {
    throw new FailedError(`There are no logs in ${folder} yet.`, 'They begin with: ./bellhop up');
  }
  const style = styleFor(world.stdout, world.env);
  let skip = lastLines === null ? 0 : Math.max(0, (await countLines(folder)) - lastLines);
  const following = follow ? { clock: world.clock, signal: world.interrupted } : null;
  for await (const line of linesOf(logBytes(folder, following))) {
    if (skip > 0) skip -= 1;
    else world.stdout.write(`${formatLogLine(line, style)}\n`);
  }
  return 0;
}

async function countLines(folder: string): Promise<number> {
  let count = 0;
  for await (const block of logBytes(folder, null)) {
    for (let at = block.indexOf(10); at >= 0; at = block.indexOf(10, at + 1)) count += 1;
  }
  return count;
}

function lineCount(parsed: Parsed): number | null {
  const given = text(parsed, 'lines', 'logs');
  if (given === undefined) return null;
  const count = Number(given);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new UsageError(`--lines takes a number, not "${given}".`, 'As in: ./bellhop logs -n 50');
}
