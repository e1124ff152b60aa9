/** Guards broken on purpose: words of one file that others take the place of, for as long as something is looked at. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Edit {
  /** From the repository's root. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
}

/** Throws when the words are not there, or not once: then the table is out of date. */
export function applied(text: string, { file, from, to }: Edit): string {
  const [before, after, ...more] = text.split(from);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${file} does not hold exactly once: ${from.trim()}`);
  return before + to + after;
}

/** Breaks the product in this folder, looks, and mends it again, whatever happens meanwhile. */
export async function whileBroken<Seen>(
  dir: string,
  edits: readonly Edit[],
  look: () => Promise<Seen>,
): Promise<Seen> {
  const whole = new Map<string, string>();
  try {
    for (const edit of edits) {
      const path = join(dir, edit.file);
      const text = readFileSync(path, 'utf8');
      if (!whole.has(path)) whole.set(path, text);
      writeFileSync(path, applied(text, edit));
    }
    return await look();
  } finally {
    for (const [path, text] of whole) writeFileSync(path, text);
  }
}
