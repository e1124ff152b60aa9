/** Cuts a long text into pieces that a platform takes: at a paragraph, else a line, else a space, else between two characters. */

/** Every piece is at most `max` UTF-16 units long; together they are the text, less the white space at the cuts. */
export function splitText(text: string, max: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > max) {
    const at = cutAt(rest, max);
    const piece = rest.slice(0, at).trimEnd();
    // White space alone is no message: platforms refuse it, and with it the whole text.
    if (piece !== '') pieces.push(piece);
    rest = rest.slice(at).trimStart();
  }
  if (rest !== '' || pieces.length === 0) pieces.push(rest);
  return pieces;
}

function cutAt(text: string, max: number): number {
  for (const separator of ['\n\n', '\n', ' ']) {
    const at = text.lastIndexOf(separator, max);
    if (at > 0) return at;
  }
  // Never between the halves of a surrogate pair (D3).
  const code = text.charCodeAt(max - 1);
  return code >= 0xd800 && code <= 0xdbff && max > 1 ? max - 1 : max;
}
