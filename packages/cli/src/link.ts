/** `bellhop link`: a new address that signs one browser in to the page. stdout carries it and nothing else. */
import type { Context } from './command.ts';
import { clientFor, firstContact } from './connect.ts';
import { within } from './deadline.ts';
import { FailedError } from './errors.ts';

const LONGEST_WAIT_MS = 10_000;
const MINUTE_MS = 60_000;

export async function link({ world, data }: Context): Promise<number> {
  const client = clientFor(data);
  const silent = () => new FailedError('Bellhop runs but does not answer.', 'See why: ./bellhop logs');
  const made = await within(world, LONGEST_WAIT_MS, silent, (signal) =>
    firstContact(data, () => client.link(signal)),
  );
  const minutes = Math.round((Date.parse(made.expiresAt) - world.clock.now()) / MINUTE_MS);
  world.stdout.write(`${made.url}\n`);
  world.stderr.write(`Open it in a browser. It works once, for ${minutes} minutes.\n`);
  return 0;
}
