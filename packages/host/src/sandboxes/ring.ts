/**
 * The last bytes that a sandbox wrote to stdout and stderr, for the operator (W18).
 *
 * A sandbox may write for ever. The host must read for ever, or the writer blocks in its pipe and looks stuck; yet
 * neither the host's memory nor its event loop may belong to the writer. So the bytes go round in one fixed buffer, and
 * after READ_BURST_BYTES the pipe rests for READ_REST_MS: at most about 13 MB/s, where an unthrottled `yes` took the
 * whole of the host's core. Nothing here fails; a pipe that breaks ends the reading.
 */

import type { Readable } from 'node:stream';

const READ_BURST_BYTES = 256 * 1024;
const READ_REST_MS = 20;

export interface Ring {
  write(chunk: Uint8Array): void;
  /** What is held, oldest first. A character cut in half at the old end is dropped. */
  text(): string;
}

export function createRing(limitBytes: number): Ring {
  const bytes = Buffer.alloc(limitBytes);
  let at = 0;
  let held = 0;
  return {
    write(chunk) {
      const tail = chunk.length > limitBytes ? chunk.subarray(chunk.length - limitBytes) : chunk;
      const untilEnd = Math.min(tail.length, limitBytes - at);
      bytes.set(tail.subarray(0, untilEnd), at);
      bytes.set(tail.subarray(untilEnd), 0);
      at = (at + tail.length) % limitBytes;
      held = Math.min(limitBytes, held + tail.length);
    },
    text() {
      if (held < limitBytes) return bytes.subarray(0, held).toString('utf8');
      return withoutCutCharacter(Buffer.concat([bytes.subarray(at), bytes.subarray(0, at)])).toString('utf8');
    },
  };
}

/** UTF-8 continuation bytes are 10xxxxxx; a whole character has at most three of them. */
function withoutCutCharacter(bytes: Buffer): Buffer {
  const first = bytes.subarray(0, 3).findIndex((byte) => (byte & 0xc0) !== 0x80);
  return bytes.subarray(first === -1 ? 3 : first);
}

/** The same behind the pipe's first line, which is left out. Resolves when that was there: false if it closed without. */
export function drainAfterLine(ring: Ring, pipe: Readable): Promise<boolean> {
  return new Promise((resolve) => {
    const look = (chunk: Buffer) => {
      const end = chunk.indexOf('\n');
      if (end === -1) return;
      pipe.off('data', look);
      drainInto(ring, pipe);
      ring.write(chunk.subarray(end + 1));
      resolve(true);
    };
    pipe.on('data', look);
    pipe.once('close', () => resolve(false));
    pipe.once('error', () => pipe.destroy());
  });
}

/** Reads a pipe into the ring until it ends, with a rest after each burst. */
export function drainInto(ring: Ring, pipe: Readable): void {
  let burst = 0;
  pipe.on('data', (chunk: Buffer) => {
    ring.write(chunk);
    burst += chunk.length;
    if (burst < READ_BURST_BYTES) return;
    burst = 0;
    pipe.pause();
    setTimeout(() => pipe.resume(), READ_REST_MS);
  });
  // A broken pipe is followed by 'close', which is what the owner of the child waits for.
  pipe.on('error', () => pipe.destroy());
}
