/**
 * Whether JSON of a stranger is worth parsing: by its depth and its parts, counted before it is parsed. Pure, linear.
 *
 * Parsing costs by both: three million nested brackets took 8 s, ten million parts in 32 MB took 8 s and 4 GB, with
 * every session waiting.
 */

/** No conversation and no answer is nested deeper. */
const MAX_DEPTH = 200;
/** Nor has one more parts. */
const MAX_PARTS = 100_000;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export function isTooMuch(json: Buffer): boolean {
  let depth = 0;
  let parts = 0;
  let inText = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) inText = !inText;
    else if (inText) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      parts += 1;
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    else if (byte === COMMA) parts += 1;
    if (depth > MAX_DEPTH || parts > MAX_PARTS) return true;
  }
  return false;
}
