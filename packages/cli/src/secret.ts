/**
 * A secret from the person: at a terminal it is asked for and never shown, from a pipe it is the first line. It is
 * never an argument, which every process of the machine could read.
 */
import { UsageError } from './errors.ts';
import { linesOf, utf8 } from './text.ts';
import type { World } from './world.ts';

const MAX_CHARS = 5_000;
const ENTER = '\r\n\u0004';
const INTERRUPT = '\u0003';
const BACKSPACE = '\u0008\u007f';

export async function readSecret(world: World, question: string): Promise<string> {
  const secret = world.stdin.isTTY === true ? await typed(world, question) : await piped(world);
  if (secret.trim() === '')
    throw new UsageError('No key was given; nothing was changed.', 'Paste the key, then Enter.');
  return secret.trim();
}

async function piped({ stdin }: World): Promise<string> {
  for await (const line of linesOf(stdin)) return utf8(line.subarray(0, MAX_CHARS)) ?? '';
  return '';
}

async function typed({ stdin, stderr, interrupted }: World, question: string): Promise<string> {
  stderr.write(question);
  stdin.setRawMode?.(true);
  let secret = '';
  try {
    for await (const chunk of stdin) {
      for (const character of String(chunk)) {
        if (character === INTERRUPT)
          throw new UsageError('Stopped; nothing was changed.', 'Type it again when you have the key.');
        if (ENTER.includes(character)) return secret;
        if (BACKSPACE.includes(character)) secret = secret.slice(0, -1);
        else if (secret.length < MAX_CHARS) secret += character;
      }
      interrupted.throwIfAborted();
    }
    return secret;
  } finally {
    stdin.setRawMode?.(false);
    stderr.write('\n');
  }
}
