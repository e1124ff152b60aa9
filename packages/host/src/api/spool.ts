/**
 * Files on their way in: streamed to `DATA/spool/<id>/<name>` before anybody decides about them, one at a time, never
 * in memory (R12). Enqueueing copies them on and removes them; what nobody claimed within a day is removed at a start.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { IncomingFile } from '@bellhop/channels';
import { Problem } from './problem.ts';

const UNCLAIMED_MS = 24 * 3_600_000;
const ID = /^[0-9a-f-]{36}$/;

export interface Spool {
  /** Durable when it resolves. Throws a 413 beyond the limit, and keeps nothing then. */
  put(name: string, body: AsyncIterable<Uint8Array>): Promise<{ file: string; size: number }>;
  /** Throws a 400 for an id that is not there. */
  get(id: string): Promise<IncomingFile>;
  /** @param isClaimed whether an accepted message still needs this one, however old it is. */
  removeUnclaimed(nowMs: number, isClaimed: (id: string) => boolean): Promise<void>;
}

export function createSpool(dataDir: string, maxBytes: number, safeName: (name: string) => string): Spool {
  const root = join(dataDir, 'spool');
  return {
    async put(name, body) {
      const id = randomUUID();
      const dir = join(root, id);
      await mkdir(dir, { recursive: true, mode: 0o700 });
      try {
        return { file: id, size: await write(join(dir, safeName(name)), body, maxBytes) };
      } catch (error) {
        await rm(dir, { recursive: true, force: true });
        throw error;
      }
    },
    async get(id) {
      const dir = join(root, id);
      const [name] = ID.test(id) ? await readdir(dir).catch(() => []) : [];
      if (name === undefined) {
        throw new Problem(
          400,
          'no_such_file',
          `there is no uploaded file ${id}`,
          'Upload it again, then send.',
        );
      }
      const path = join(dir, name);
      return { name, mimeType: 'application/octet-stream', size: (await stat(path)).size, path };
    },
    async removeUnclaimed(nowMs, isClaimed) {
      for (const id of await readdir(root).catch(() => [])) {
        const { mtimeMs } = await stat(join(root, id));
        if (nowMs - mtimeMs > UNCLAIMED_MS && !isClaimed(id))
          await rm(join(root, id), { recursive: true, force: true });
      }
    },
  };
}

async function write(path: string, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<number> {
  const file = await open(path, 'wx', 0o600);
  try {
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > maxBytes) {
        const limit = `${Math.floor(maxBytes / 1024 / 1024)} MB`;
        throw new Problem(
          413,
          'file_too_big',
          `the file is bigger than ${limit}`,
          `Send a smaller file, or raise maxFileBytes in settings.json.`,
        );
      }
      await file.write(chunk);
    }
    await file.sync();
    return size;
  } finally {
    await file.close();
  }
}
