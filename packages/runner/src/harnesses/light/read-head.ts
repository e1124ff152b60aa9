/**
 * The beginning of a file that somebody may have swapped for something else: regular files only, and never more than
 * asked for. A pipe, a device or a folder is as good as no file.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Null when there is no such file. */
export async function readHead(
  path: string,
  maxBytes: number,
): Promise<{
  readonly text: string;
  readonly bytes: Buffer;
  readonly size: number;
  readonly isWhole: boolean;
} | null> {
  // Without blocking: opening a pipe would wait for a writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (!file) return null;
  try {
    const { size } = await file.stat().then((stat) => (stat.isFile() ? stat : { size: -1 }));
    if (size < 0) return null;
    const buffer = Buffer.alloc(Math.min(size, maxBytes));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    const bytes = buffer.subarray(0, bytesRead);
    return { text: bytes.toString('utf8'), bytes, size, isWhole: bytesRead >= size };
  } finally {
    await file.close();
  }
}
