/**
 * The `bellhop` command in the test's own process: the same code from its words to its exit code, without the start of a
 * program, which costs more than most commands. What only a program has (the bytes of its arguments, a closed pipe) is
 * for `house.program`.
 */
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { runCli } from '../../../packages/cli/src/cli.ts';
import type { Ran } from './run.ts';

export async function runCommand(
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly stdin?: string | Buffer },
): Promise<Ran> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(options.stdin ?? '');
  const said = Promise.all([text(stdout), text(stderr)]);
  const code = await runCli(args, {
    ...{ stdin, stdout, stderr },
    env: options.env,
    cwd: process.cwd(),
    home: options.env.HOME ?? '/',
    clock: {
      now: Date.now,
      wait: (ms, signal) => pause(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
    },
    newId: () => crypto.randomUUID(),
    rawArgs: () => null,
    interrupted: new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  const [out, err] = await said;
  return { code, stdout: out, stderr: err };
}
