/**
 * A file that an agent sends: found in its workspace or among what people sent it, held against every limit that the
 * host will hold it against, and copied into `out/files/<id>/` before the row that names it. What cannot be sent is an
 * error here, in words that the agent can act on; the host checks again, and trusts none of this.
 */
import { chmod, constants, copyFile, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { outgoingName } from '@bellhop/mailbox';

export interface FilePlaces {
  readonly workDir: string;
  readonly inDir: string;
  /** Largest file that the host takes, in bytes. */
  readonly maxFileBytes: number;
}

export interface OutgoingFile {
  readonly source: string;
  /** As people will see it. */
  readonly name: string;
}

/** @param path from the workspace, or absolute. Throws when it cannot be sent, and says why. */
export async function findOutgoing(places: FilePlaces, path: string): Promise<OutgoingFile> {
  const { workDir, inDir, maxFileBytes } = places;
  const asked = resolve(workDir, path);
  const source = await realpath(asked).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw new Error(`there is no file ${path}`);
    throw new Error(`${path} cannot be opened (${error.code})`);
  });
  const roots = await Promise.all(
    [workDir, join(inDir, 'files')].map((root) => realpath(root).catch(() => root)),
  );
  if (!roots.some((root) => source.startsWith(root + sep))) {
    throw new Error(`${path} lies outside the workspace (${workDir}); copy it there first`);
  }
  const found = await stat(source);
  if (found.isDirectory()) throw new Error(`${path} is a folder; send its files, or make an archive of it`);
  if (!found.isFile()) throw new Error(`${path} is not a regular file`);
  if (found.size > maxFileBytes) {
    throw new Error(`${path} has ${found.size} bytes, the limit is ${maxFileBytes}`);
  }
  return { source, name: outgoingName(basename(source)) };
}

/** Durable when it returns. A second time it replaces what the first left. */
export async function copyOutgoing({ source, name }: OutgoingFile, dir: string): Promise<void> {
  const partial = join(dir, '.partial');
  await mkdir(dir, { recursive: true });
  // The copy has the mode of its source, which may be one that nobody writes.
  await rm(partial, { force: true });
  try {
    await copyFile(source, partial, constants.COPYFILE_FICLONE);
    await chmod(partial, 0o600);
  } catch (error) {
    await rm(partial, { force: true });
    const { code = String(error) } = error as NodeJS.ErrnoException;
    const why = code === 'ENOSPC' ? 'the disk is full' : code === 'EACCES' ? 'it cannot be read' : code;
    throw new Error(`${name} could not be copied: ${why}`, { cause: error });
  }
  const file = await open(partial, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, join(dir, name));
}
