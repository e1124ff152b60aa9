/**
 * What goes out: which conversation, which text, which files. Everything is checked here, before anything is sent.
 */
import { type Stats, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { flag, type Parsed, text } from './args.ts';
import type { Client, Conversation } from './client.ts';
import { UsageError } from './errors.ts';
import { utf8 } from './text.ts';
import type { World } from './world.ts';

/** Far above the host's own limit (1 MiB), which answers with its reason; this one only keeps memory bounded. */
const MAX_STDIN_BYTES = 16 * 1024 * 1024;
const NOT_UTF8_HINT = 'Nothing was sent. Convert it first, as in: iconv -f latin1 -t utf-8';

/** The conversation that a command means when none is named. */
export const DEFAULT_THREAD = 'main';

export function conversationOf(parsed: Parsed, command: string, world: World): Conversation {
  const thread = text(parsed, 'thread', command);
  const agent = text(parsed, 'agent', command);
  if (!flag(parsed, 'new')) return { agent, thread: thread ?? DEFAULT_THREAD };
  if (thread !== undefined) {
    throw new UsageError(
      '--new and --thread exclude each other.',
      'A new name for --thread is a fresh one too.',
    );
  }
  return { agent, thread: `new-${world.newId()}` };
}

/** The text of `ask`: its words, or stdin for "-" and for no words when stdin is no terminal. */
export async function textToSend(words: readonly string[], world: World): Promise<string> {
  const fromStdin = words.length === 0 ? world.stdin.isTTY !== true : words.length === 1 && words[0] === '-';
  if (words.length === 0 && !fromStdin) {
    throw new UsageError('There is no text to send.', 'As in: ./bellhop ask "What can you do?"');
  }
  const sent = fromStdin ? await stdinText(world) : argumentText(words.join(' '), world);
  if (sent.trim() === '')
    throw new UsageError('The text is empty.', 'As in: ./bellhop ask "What can you do?"');
  return sent;
}

async function stdinText(world: World): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of world.stdin) {
    const bytes = chunk as Uint8Array;
    length += bytes.length;
    if (length > MAX_STDIN_BYTES) {
      throw new UsageError('The text on stdin is larger than 16 MiB.', 'Send it as a file: --file PATH');
    }
    chunks.push(bytes);
  }
  const decoded = utf8(Buffer.concat(chunks));
  if (decoded === null) throw new UsageError('The text on stdin is not valid UTF-8.', NOT_UTF8_HINT);
  return decoded.replace(/\r?\n$/, '');
}

/** Node decodes bad bytes to U+FFFD, so that only the raw bytes tell a broken argument from one that says U+FFFD. */
function argumentText(sent: string, world: World): string {
  if (!sent.includes('\ufffd')) return sent;
  const raw = world.rawArgs();
  if (raw !== null && utf8(raw) !== null) return sent;
  throw new UsageError('The text is not valid UTF-8.', NOT_UTF8_HINT);
}

export interface OutgoingFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
}

export function fileToSend(given: string, world: World): OutgoingFile {
  const path = resolve(world.cwd, given);
  const stats = statOf(path, given);
  if (!stats.isFile())
    throw new UsageError(`${given} is not a file.`, 'Nothing was sent. Pack a folder first.');
  return { path, name: basename(path), size: stats.size };
}

function statOf(path: string, given: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'There is no file' : `Cannot read (${code})`;
    throw new UsageError(`${why}: ${given}`, 'Nothing was sent. Check the path.');
  }
}

/** Uploads one after another, so that a refusal names the file and nothing more is read for nothing. */
export async function upload(
  client: Client,
  files: readonly OutgoingFile[],
  signal: AbortSignal,
): Promise<string[]> {
  const ids: string[] = [];
  for (const file of files) ids.push((await client.upload(file.path, file.name, file.size, signal)).file);
  return ids;
}
