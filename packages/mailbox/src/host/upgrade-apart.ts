/**
 * The upgrade of a NanoClaw inbound.db beside the host's loop: one of 200,000 rows takes seconds, in which the host would
 * answer nobody. It is done in a worker thread; SQLite's lock keeps every other opener out meanwhile.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { NotAMailbox } from '../sqlite.ts';

const VERSION_AT = 60;
const VERSION_BYTES = 4;

/** What the worker tells: nothing but `{}` when all is well. */
interface Told {
  readonly name?: string;
  readonly message?: string;
  readonly errcode?: number;
}

/**
 * Whether `inDir/inbound.db` is of version 0 and has something in it. Not to be asked while `upgradeApart` runs: closing
 * a descriptor of a file lets go of every lock that this process holds on it.
 */
export function needsUpgrade(inDir: string): boolean {
  const fd = openIfThere(join(inDir, 'inbound.db'));
  if (fd === null) return false;
  try {
    const version = Buffer.alloc(VERSION_BYTES);
    const got = fstatSync(fd).isFile() ? readSync(fd, version, 0, VERSION_BYTES, VERSION_AT) : 0;
    return got === VERSION_BYTES && version.readUInt32BE() === 0;
  } finally {
    closeSync(fd);
  }
}

/** What is not there, or may not be read, says so when it is opened for its work. */
function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code === 'string') return null;
    throw error;
  }
}

/** Throws as `InboundMailbox.open` does; a lock that is held is an error for which `isLater` is true. */
export async function upgradeApart(inDir: string): Promise<void> {
  const { name, message = '', errcode } = await told(inDir);
  if (name === undefined) return;
  const cause = Object.assign(new Error(message), { errcode });
  throw name === 'NotAMailbox' ? new NotAMailbox(join(inDir, 'inbound.db'), message, cause) : cause;
}

function told(inDir: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./upgrade-worker.ts', import.meta.url), { workerData: inDir });
    worker.once('message', resolve);
    worker.once('error', reject);
    // After its message this comes too late to say anything.
    worker.once('exit', (code) => reject(new Error(`the upgrade of ${inDir} ended with code ${code}`)));
  });
}
