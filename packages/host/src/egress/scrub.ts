/**
 * Takes secrets out of what comes back: an endpoint that echoes one must not hand it to the sandbox. Same length, so
 * that no length changes.
 *
 * Chunk by chunk, without delay: held back is only a chunk's end that could be a secret's beginning, and an event of a
 * stream ends with a line break, which no secret holds. Not covered: one that comes back in a form nobody asked for.
 */

export interface Scrubber {
  push(chunk: Buffer): Buffer;
  /** What was held back. */
  end(): Buffer;
}

const NOTHING = Buffer.alloc(0);
const STAR = 42;

/** @param forms each way in which a secret could be said; none when there is nothing to hide. */
export function createScrubber(forms: readonly string[]): Scrubber {
  const each = forms.map(scrubberOf);
  return {
    push: (chunk) => each.reduce((bytes, one) => one.push(bytes), chunk),
    // What one held back goes through those behind it, which hold something back as well.
    end: () => each.reduce((bytes, one) => Buffer.concat([one.push(bytes), one.end()]), NOTHING),
  };
}

function scrubberOf(form: string): Scrubber {
  const wanted = Buffer.from(form);
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

/** Length of the longest end of `bytes` that is a beginning of the secret. */
function couldBegin(bytes: Buffer, wanted: Buffer): number {
  for (let length = Math.min(wanted.length - 1, bytes.length); length > 0; length -= 1) {
    const end = bytes.subarray(bytes.length - length);
    if (end.equals(wanted.subarray(0, length))) return length;
  }
  return 0;
}
