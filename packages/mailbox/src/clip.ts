/**
 * Cutting text to a length, for both sides of the mailbox: never between the halves of a surrogate pair. A half alone
 * cannot be written as UTF-8; a provider of models refuses it, and with it every later message of its conversation.
 */

/** The first `units` UTF-16 units of it, or one less. */
export function clip(text: string, units: number): string {
  if (text.length <= units) return text;
  return text.slice(0, isHigh(text.charCodeAt(units - 1)) ? units - 1 : units);
}

/** The last `units` UTF-16 units of it, or one less. */
export function clipToEnd(text: string, units: number): string {
  if (text.length <= units) return text;
  const from = text.length - units;
  return text.slice(isLow(text.charCodeAt(from)) ? from + 1 : from);
}

/** All of it in pieces of at most `units`; at least one piece. */
export function cutInPieces(text: string, units: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  do {
    const piece = clip(rest, units);
    pieces.push(piece);
    rest = rest.slice(piece.length);
  } while (rest !== '');
  return pieces;
}

/** Whether its last unit waits for its other half. */
export function endsInHalf(text: string): boolean {
  return isHigh(text.charCodeAt(text.length - 1));
}

function isHigh(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function isLow(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
