/**
 * A text longer than one row should hold goes out as several: in JSON a character may take six bytes, and the host
 * refuses a row of a megabyte.
 */
const MAX_UNITS = 150_000;

/** At least one piece; never cut between the halves of a surrogate pair. */
export function cutText(text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length || pieces.length === 0; ) {
    const code = text.charCodeAt(at + MAX_UNITS - 1);
    const end = at + MAX_UNITS - (code >= 0xd800 && code <= 0xdbff ? 1 : 0);
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}
