/**
 * The name under which a file lies in `out/files/<id>/` and goes to people. The runner makes it, and the host refuses
 * what it would not have made: one rule, so that what cannot be sent is known where it is sent from.
 */

/** A file system takes 255; the host puts a suffix behind it while it copies, and platforms take less. */
const MAX_NAME_BYTES = 200;

/**
 * One path segment: separators and control characters become `_`, a name of dots alone loses them, one that is too long
 * keeps its end, an empty one becomes `file`. What this made stays the same when it is made again.
 */
export function outgoingName(name: string): string {
  const characters = [
    ...name
      .toWellFormed()
      .replaceAll(/[/\\\p{Cc}\u2028\u2029]/gu, '_')
      .trim(),
  ];
  let bytes = Buffer.byteLength(characters.join(''));
  let from = 0;
  for (; bytes > MAX_NAME_BYTES; from += 1) bytes -= Buffer.byteLength(characters[from] ?? '');
  const kept = characters.slice(from).join('').trim();
  const safe = /^\.+$/.test(kept) ? '_' : kept;
  return safe === '' ? 'file' : safe;
}
