/** Reading and writing single files. */
import { isUtf8 } from 'node:buffer';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Place } from '../../../harness.ts';
import { readHead } from '../read-head.ts';
import { headOf } from '../text.ts';
import { editBytes } from './edit-bytes.ts';
import { pathFor } from './paths.ts';
import { defineTool } from './tool.ts';

/** Largest text file that is read or written, in bytes. */
const MAX_TEXT_FILE = 5 * 1024 * 1024;
const DEFAULT_LINES = 2_000;
const MAX_SHOWN = 60_000;

const path = z.string().min(1).max(4_000);

export const read = defineTool({
  name: 'read',
  description: `Reads a text file, ${DEFAULT_LINES} lines from line offset (1 is the first) on, or limit lines.`,
  input: z.object({
    path,
    offset: z.number().int().min(1).optional(),
    limit: z.number().int().min(1).max(20_000).optional(),
  }),
  detail: (input) => input.path,
  async run({ path: asked, offset = 1, limit = DEFAULT_LINES }, { place }) {
    const { text, bytes } = await textAt(place, asked, 'read');
    const lines = text.split('\n');
    if (offset > lines.length) return `[${asked} has ${lines.length} lines]`;
    const shown = lines.slice(offset - 1, offset - 1 + limit);
    const rest = lines.length - (offset - 1 + shown.length);
    const more = rest > 0 ? `\n[${rest} more lines; go on with offset ${offset + shown.length}]` : '';
    const encoding = isUtf8(bytes) ? '' : '\n[not UTF-8: what is no ASCII is shown as \ufffd]';
    return headOf(shown.join('\n'), MAX_SHOWN) + more + encoding;
  },
});

export const write = defineTool({
  name: 'write',
  description: 'Writes a whole text file; one that exists is replaced. Folders on the way are made.',
  input: z.object({ path, content: z.string().max(MAX_TEXT_FILE) }),
  detail: (input) => input.path,
  async run({ path: asked, content }, { place }) {
    const target = await pathFor(place, asked, 'write');
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
    return `wrote ${Buffer.byteLength(content)} bytes to ${asked}`;
  },
});

export const edit = defineTool({
  name: 'edit',
  description:
    'Replaces a piece of a text file. old_text must stand in it exactly once, to the letter: give enough lines around it.',
  input: z.object({ path, old_text: z.string().min(1), new_text: z.string().max(MAX_TEXT_FILE) }),
  detail: (input) => input.path,
  async run({ path: asked, old_text, new_text }, { place }) {
    const { target, bytes } = await textAt(place, asked, 'write');
    const edited = editBytes(bytes, old_text, new_text, asked);
    if (edited.kind === 'refused') throw new Error(edited.why);
    await writeFile(target, edited.bytes);
    return `edited ${asked}`;
  },
});

async function textAt(
  place: Place,
  asked: string,
  use: 'read' | 'write',
): Promise<{ readonly target: string; readonly text: string; readonly bytes: Buffer }> {
  const target = await pathFor(place, asked, use);
  const head = await readHead(target, MAX_TEXT_FILE);
  if (!head) throw new Error(`there is no file ${asked}`);
  if (!head.isWhole) throw new Error(`${asked} has ${head.size} bytes, too many to read here: use bash`);
  if (head.bytes.includes(0)) {
    throw new Error(`${asked} is no text, or UTF-16 (${head.size} bytes): use bash, with file and iconv`);
  }
  return { target, text: head.text, bytes: head.bytes };
}
