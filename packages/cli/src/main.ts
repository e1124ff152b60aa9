/**
 * The `bellhop` command's composition root: makes the real world and runs one command in it.
 *
 * It sets `process.exitCode` and lets Node end by itself, so that a pipe gets every byte of stdout.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCli } from './cli.ts';
import type { Clock, World } from './world.ts';

const clock: Clock = {
  now: () => Date.now(),
  wait: (ms, signal) =>
    sleep(ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      // An aborted wait is an ended wait; anything else is a fault.
      if (!signal?.aborted) throw error;
    }),
};

/** Linux only: elsewhere the bytes of an argument are lost once Node has decoded them. */
function rawArgs(): Uint8Array | null {
  try {
    return readFileSync('/proc/self/cmdline');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function main(): Promise<number> {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  // A reader that has seen enough (`| head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  const world: World = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    clock,
    newId: () => crypto.randomUUID(),
    rawArgs,
    interrupted: interrupt.signal,
  };
  return runCli(process.argv.slice(2), world);
}

process.exitCode = await main();
// Whatever still holds the event loop (a terminal being read) has no more to say.
process.stdin.destroy();
