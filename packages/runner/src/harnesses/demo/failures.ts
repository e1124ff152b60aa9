/**
 * The ways in which an agent fails, on request. Each fails at the first try of a message; the retry answers, and says
 * that it is one: so a person sees that nothing was lost and nothing was said twice.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TurnFailed, TurnLater, type TurnResult } from '../../harness.ts';
import { reply, says, type Verb, type VerbContext } from './verb.ts';

const BOOT_FILE = '.demo-die-at-boot';

export const failures: readonly Verb[] = [
  failing('die before', 'my sandbox dies before my turn is committed', async () => die()),
  failing('die during', 'my sandbox dies in the middle of the commit', async () => ({
    texts: ['You must never see this.'],
    onCommit: (stage) => (stage === 'inside' ? die() : undefined),
  })),
  {
    usage: 'die after',
    what: 'my sandbox dies right after the commit',
    matches: says(/^die after$/i),
    run: async () => ({
      texts: ['I committed this answer and died right after it.'],
      onCommit: (stage) => (stage === 'done' ? die() : undefined),
    }),
  },
  failing('die at boot', 'my next sandbox dies before it is ready', async ({ workDir }) => {
    writeFileSync(join(workDir, BOOT_FILE), '');
    return die();
  }),
  failing('hang', 'I hang, and my heart still beats', () => new Promise<TurnResult>(() => undefined)),
  failing('hang quietly', 'I hang, and give no sign of life', async () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    return reply();
  }),
  {
    usage: 'fail later',
    what: 'an error that asks for a later try',
    matches: says(/^fail later$/i),
    run: async ({ message }) => {
      if (message.attempt > 1) return reply(retried(message.attempt));
      throw new TurnLater('the demo pretends to be overloaded', 'overloaded', 2_000);
    },
  },
  {
    usage: 'fail for good',
    what: 'an error that no retry will mend',
    matches: says(/^fail for good$/i),
    run: async () => {
      throw new TurnFailed('the demo was asked to fail', 'demo');
    },
  },
  {
    usage: 'flood',
    what: 'I write messages for ever',
    matches: says(/^flood$/i),
    run: async ({ tools }) => {
      for (let n = 1; ; n += 1) await tools.send(`Flood ${n}`);
    },
  },
];

/** Fails the first time, answers the next. */
function failing(usage: string, what: string, fail: (context: VerbContext) => Promise<TurnResult>): Verb {
  return {
    usage,
    what,
    matches: says(new RegExp(`^${usage}$`, 'i')),
    run: (context) =>
      context.message.attempt > 1 ? Promise.resolve(reply(retried(context.message.attempt))) : fail(context),
  };
}

function retried(attempt: number): string {
  return `I am back: this is try ${attempt} of your message, and the first answer to it.`;
}

/** The end of this program, and with it of its sandbox: no handler runs, nothing is flushed. */
function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable: SIGKILL cannot be handled');
}

/** Called at the start of the harness; once only, so that the start after it succeeds. */
export function dieAtBoot(workDir: string): void {
  const file = join(workDir, BOOT_FILE);
  if (!existsSync(file)) return;
  rmSync(file);
  throw new Error('the demo was asked to die at boot');
}
