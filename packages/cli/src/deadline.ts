/**
 * A time limit around a piece of work that takes a signal. Ctrl-C ends it too, with the shell's usual code.
 */
import { CliError } from './errors.ts';
import type { World } from './world.ts';

export async function within<T>(
  world: World,
  ms: number,
  onTimeout: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const done = new AbortController();
  const timer = world.clock.wait(ms, done.signal).then(() => {
    if (!done.signal.aborted) late.abort();
  });
  try {
    return await work(AbortSignal.any([late.signal, world.interrupted]));
  } catch (error) {
    // Whatever the abort made of the work in hand, the reason for it is what a person needs.
    if (late.signal.aborted) throw onTimeout();
    if (world.interrupted.aborted) {
      throw new CliError(130, 'Interrupted.', 'What was accepted goes on; see: ./bellhop status');
    }
    throw error;
  } finally {
    done.abort();
    await timer;
  }
}
