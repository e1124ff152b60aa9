/**
 * Takes the key out of what comes back: an endpoint that echoes it must not hand it to the sandbox. Same length, so
 * that no length changes.
 *
 * Chunk by chunk, without delay: held back is only a chunk's end that could be the key's beginning, and an event of a
 * stream ends with a line break, which no key holds. Not covered: a key that comes back encoded.
 */

export interface Scrubber {
  push(chunk: Buffer): Buffer;
  /** What was held back. */
  end(): Buffer;
}

const NOTHING = Buffer.alloc(0);
const STAR = 42;

/** @param key null when the endpoint needs none. */
export function createScrubber(key: string | null): Scrubber {
  if (key === null) return { push: (chunk) => chunk, end: () => NOTHING };
  const wanted = Buffer.from(key);
  const held: { bytes: Buffer } = { bytes: NOTHING };
  return {
    push(chunk) {
      const all = blanked(held.bytes.length === 0 ? chunk : Buffer.concat([held.bytes, chunk]), wanted);
      const keep = couldBegin(all, wanted);
      held.bytes = all.subarray(all.length - keep);
      return all.subarray(0, all.length - keep);
    },
    end: () => held.bytes,
  };
}

function blanked(bytes: Buffer, wanted: Buffer): Buffer {
  let at = bytes.indexOf(wanted);
  if (at < 0) return bytes;
  const copy = Buffer.from(bytes);
  for (; at >= 0; at = copy.indexOf(wanted, at)) copy.fill(STAR, at, at + wanted.length);
  return copy;
}

/** Length of the longest end of `bytes` that is a beginning of the key. */
function couldBegin(bytes: Buffer, wanted: Buffer): number {
  for (let length = Math.min(wanted.length - 1, bytes.length); length > 0; length -= 1) {
    const end = bytes.subarray(bytes.length - length);
    if (end.equals(wanted.subarray(0, length))) return length;
  }
  return 0;
}
