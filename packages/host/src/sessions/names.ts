/** Names of files that come from outside, made safe to be one path segment. */
import { createHash } from 'node:crypto';

const MAX_NAME_BYTES = 120;

/** Separators, control characters and leading dots go; an empty rest becomes `attachment`. */
export function safeName(name: string): string {
  const flat = [...name.replaceAll(/[/\\\p{Cc}]/gu, '_').trim()].slice(-MAX_NAME_BYTES);
  while (Buffer.byteLength(flat.join('')) > MAX_NAME_BYTES) flat.shift();
  // Dots last: trimming and cutting can bring one to the front (` ..` is the parent folder).
  const safe = flat.join('').trim().replace(/^\.+/, '_');
  return safe === '' ? 'attachment' : safe;
}

/** The names of one message's files in its folder, in their order: safe, and no two the same on any file system. */
export function fileNames(names: readonly string[]): string[] {
  const used = new Set<string>();
  return names.map((given, index) => {
    let name = safeName(given);
    // A number alone does not part them: a file may be called `2-report.pdf`.
    while (used.has(name.toLowerCase())) name = `${index + 1}-${name}`;
    used.add(name.toLowerCase());
    return name;
  });
}

/** Message ids hold anything (R11), so the folder of a message's files is named by a hash of it. */
export function hashName(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16);
}
