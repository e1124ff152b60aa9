/** `bellhop stop`: asks the host to stop and waits until nobody listens any more. */
import type { Context } from './command.ts';
import { clientFor, firstContact } from './connect.ts';
import { within } from './deadline.ts';
import { FailedError, HostUnreachable } from './errors.ts';

const LONGEST_WAIT_MS = 30_000;
const POLL_MS = 50;

export async function stop({ world, data }: Context): Promise<number> {
  const client = clientFor(data);
  let pid = 0;
  const tooLong = () =>
    new FailedError(
      `Bellhop has not stopped within ${LONGEST_WAIT_MS / 1000} s.`,
      `See why: ./bellhop logs${pid === 0 ? '' : `; to end it at once (nothing accepted is lost): kill -9 ${pid}`}`,
    );
  await within(world, LONGEST_WAIT_MS, tooLong, async (signal) => {
    pid = (await firstContact(data, () => client.status(signal))).pid;
    await client.stop(signal);
    world.stderr.write(`Waiting for Bellhop (process ${pid}) to finish what is at work …\n`);
    for (;;) {
      try {
        await client.status(signal);
      } catch (error) {
        if (error instanceof HostUnreachable && error.kind === 'down') return;
        // A connection that breaks, or a refusal while it shuts down: not gone yet.
        signal.throwIfAborted();
      }
      await world.clock.wait(POLL_MS, signal);
      signal.throwIfAborted();
    }
  });
  world.stdout.write('Bellhop has stopped.\n');
  return 0;
}
