/**
 * `bellhop password`: sets the password of the page. Typed without an echo, or piped in; never an argument, which every
 * program on the machine could read.
 */
import type { Context } from './command.ts';
import { clientFor, firstContact } from './connect.ts';
import { within } from './deadline.ts';
import { CliError, FailedError, UsageError } from './errors.ts';
import { linesOf, utf8 } from './text.ts';
import type { World } from './world.ts';

const LONGEST_WAIT_MS = 10_000;
const INTERRUPTED = 130;
const KEYS = { interrupt: '\u0003', end: '\u0004', backspace: '\u007f' } as const;

export async function password({ world, data }: Context): Promise<number> {
  const client = clientFor(data);
  const silent = () => new FailedError('Bellhop runs but does not answer.', 'See why: ./bellhop logs');
  // Before anybody types: there is nobody to tell it to.
  await within(world, LONGEST_WAIT_MS, silent, (signal) => firstContact(data, () => client.status(signal)));
  const typed = world.stdin.isTTY === true ? await typedTwice(world) : await piped(world);
  await within(world, LONGEST_WAIT_MS, silent, (signal) => client.setPassword(typed, signal));
  world.stdout.write('The password is set; whoever was signed in to the page must sign in again.\n');
  return 0;
}

async function piped(world: World): Promise<string> {
  for await (const line of linesOf(world.stdin)) {
    const typed = utf8(line)?.replace(/\r$/, '');
    if (typed === undefined) break;
    return typed;
  }
  throw new UsageError(
    'There is no password on stdin.',
    'Type ./bellhop password in a terminal, or pipe one line in.',
  );
}

async function typedTwice(world: World): Promise<string> {
  const keys = world.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>;
  world.stdin.setRawMode?.(true);
  try {
    const held = { text: '' };
    const first = await typedLine(world, keys, held, 'New password: ');
    if (first === (await typedLine(world, keys, held, 'Once more: '))) return first;
  } finally {
    world.stdin.setRawMode?.(false);
  }
  throw new UsageError(
    'These were two different passwords; nothing has changed.',
    'Try again: ./bellhop password',
  );
}

/** @param held what was typed ahead: it belongs to the next line. */
async function typedLine(
  world: World,
  keys: AsyncIterator<Buffer | string>,
  held: { text: string },
  prompt: string,
): Promise<string> {
  world.stderr.write(prompt);
  const line: string[] = [];
  for (;;) {
    for (const key of held.text) {
      held.text = held.text.slice(key.length);
      if (key === '\r' || key === '\n') {
        world.stderr.write('\n');
        return line.join('');
      }
      if (key === KEYS.interrupt || key === KEYS.end) {
        world.stderr.write('\n');
        throw new CliError(INTERRUPTED, 'Interrupted.', 'Nothing has changed.');
      }
      if (key === KEYS.backspace) line.pop();
      else line.push(key);
    }
    const next = await keys.next();
    held.text = next.done === true ? KEYS.end : next.value.toString();
  }
}
