/** The benches there are. What the command does is in command.ts; a new bench is a folder and a word in this list. */
import { join } from 'node:path';
import { type Bench, benchCommand } from './command.ts';
import { egress } from './egress/index.ts';
import { light } from './light/index.ts';
import { mailbox } from './mailbox/index.ts';
import { overhead } from './overhead/index.ts';
import { page } from './page/index.ts';
import { runProgram } from './run.ts';
import { scale } from './scale/index.ts';

const BENCHES: Readonly<Record<string, Bench>> = { egress, light, mailbox, overhead, page, scale };
const ROOT = join(import.meta.dirname, '..');

await runProgram('bench', (argv) =>
  benchCommand(argv, BENCHES, ROOT, { out: console.log, err: console.error }),
);
