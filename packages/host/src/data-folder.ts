/** Makes the data folder, or says why it cannot be used. */
import { access, chmod, constants, mkdir } from 'node:fs/promises';
import { type Folders, sandboxUser } from './folders.ts';
import { StartError } from './up.ts';

/** A socket's path has at most 107 bytes; the longest of ours below the folder takes up to 34. */
const MAX_DATA_PATH_BYTES = 72;

export async function prepareDataFolder(dataDir: string, hostUid: number): Promise<Folders> {
  if (Buffer.byteLength(dataDir) > MAX_DATA_PATH_BYTES) {
    throw new StartError(
      `the path of the data folder is longer than ${MAX_DATA_PATH_BYTES} bytes: ${dataDir}`,
      'Sockets lie in it, and their paths are limited. Choose a shorter one: ./bellhop up --data DIR',
    );
  }
  const user = sandboxUser(hostUid);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    // A root host's sandboxes are another user, who must be able to walk through here.
    if (user) await chmod(dataDir, 0o711);
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartError(
      `the data folder cannot be used: ${(error as Error).message}`,
      `Make ${dataDir} writable for you, or choose another: ./bellhop up --data DIR`,
    );
  }
  return { dataDir, user };
}
