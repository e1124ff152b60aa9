/** The log of an agent's last build: what apt and npm said, for its owner. Bounded; each build begins anew. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';

const MAX_LOG_BYTES = 1024 * 1024;
const MAX_PIECE_BYTES = 64 * 1024;

export interface BuildLog {
  /** What is beyond the bound is dropped. */
  write(line: string): void;
  close(): Promise<void>;
}

export async function openBuildLog(path: string): Promise<BuildLog> {
  const stream = createWriteStream(path, { mode: 0o600 });
  await once(stream, 'open');
  const size = { bytes: 0 };
  // A full disk costs the log, not the build.
  stream.on('error', () => undefined);
  return {
    write(line) {
      const bytes = Buffer.from(`${line}\n`);
      size.bytes += bytes.length;
      if (size.bytes <= MAX_LOG_BYTES) stream.write(bytes);
    },
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}

/** At most 64 KiB from this byte on; nothing when there is no log. */
export async function readBuildLog(
  path: string,
  from: number,
): Promise<{ readonly text: string; readonly next: number }> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return null;
  });
  if (file === null) return { text: '', next: 0 };
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_PIECE_BYTES), 0, MAX_PIECE_BYTES, from);
    return { text: buffer.subarray(0, bytesRead).toString('utf8'), next: from + bytesRead };
  } finally {
    await file.close();
  }
}
