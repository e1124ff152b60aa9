/**
 * Takes a file out of `out/`, where everything is hostile (M10, D10, promise 18): no link is followed, nothing but a
 * regular file of a bounded size is read, and what the host goes on with is its own durable copy (M13).
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TakenFile } from './port.ts';

export async function takeFile(job: {
  /** A folder of the host's own; what is below it is the agent's. */
  readonly from: string;
  readonly below: readonly string[];
  readonly to: string;
  readonly name: string;
  /** The name as the agent gave it; one that is not a plain name is refused. */
  readonly asked: string;
  readonly maxBytes: number;
}): Promise<TakenFile> {
  const { from, below, to, name, asked, maxBytes } = job;
  const refused = (reason: string): TakenFile => ({ kind: 'refused', name, reason });
  if (name !== asked) return refused('its name is not a plain file name');
  const target = join(to, name);
  const copied = await stat(target).catch(() => null);
  if (copied) return { kind: 'taken', name, path: target, size: copied.size };
  const handle = await openBelow(from, [...below, name]);
  if (!handle) return refused('it is missing, or not a regular file');
  try {
    const size = (await handle.stat()) as Stats;
    if (!size.isFile() || size.nlink !== 1) return refused('it is not a regular file');
    if (size.size > maxBytes) return refused(`it has ${size.size} bytes, the limit is ${maxBytes}`);
    await mkdir(to, { recursive: true, mode: 0o700 });
    await copyOut(handle, target, size.size);
    return { kind: 'taken', name, path: target, size: size.size };
  } finally {
    await handle.close();
  }
}

/**
 * Opens a file below a folder segment by segment, each through the descriptor of the one before: a segment that is
 * swapped for a link between two steps is not followed. Null when it is not there, or not what it must be.
 */
async function openBelow(from: string, segments: readonly string[]): Promise<FileHandle | null> {
  const handles: FileHandle[] = [];
  try {
    for (const [index, segment] of ['', ...segments].entries()) {
      const parent = handles.at(-1);
      const path = parent ? `/proc/self/fd/${parent.fd}/${segment}` : from;
      const kind = index === segments.length ? constants.O_NONBLOCK : constants.O_DIRECTORY;
      handles.push(await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | kind));
    }
    return handles.pop() ?? null;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO', 'EACCES', 'ENAMETOOLONG'].includes(code)) throw error;
    return null;
  } finally {
    for (const handle of handles) await handle.close();
  }
}

/** Reads at most `size` bytes, however the file grows meanwhile. */
async function copyOut(source: FileHandle, target: string, size: number): Promise<void> {
  const partial = `${target}.partial`;
  const out = await open(partial, 'w', 0o600);
  try {
    const chunk = Buffer.allocUnsafe(256 * 1024);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await source.read(chunk, 0, Math.min(chunk.length, size - at), at);
      if (bytesRead === 0) break;
      await out.write(chunk, 0, bytesRead);
      at += bytesRead;
    }
    await out.sync();
  } finally {
    await out.close();
  }
  await rename(partial, target);
}
