/**
 * From a data folder to a client of the host that runs on it, and the first contact with it: a host that is not there
 * at the first call is an error of its own (exit 3); one that goes away later is waited for.
 */
import { join } from 'node:path';
import { Client } from './client.ts';
import { HostUnreachable, NotRunningError, UsageError } from './errors.ts';

/** The kernel's limit for a Unix socket's path, in bytes; a longer one would be cut silently. */
const SOCKET_PATH_LIMIT = 107;

export function clientFor(data: string): Client {
  const path = join(data, 'bellhop.sock');
  const length = Buffer.byteLength(path);
  if (length > SOCKET_PATH_LIMIT) {
    throw new UsageError(
      `The data folder's path is too long: ${path} has ${length} bytes of ${SOCKET_PATH_LIMIT}.`,
      'Choose a shorter one with --data DIR, or a symlink to it.',
    );
  }
  return new Client(path);
}

/** The first call of a command. */
export async function firstContact<T>(data: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof HostUnreachable && error.kind === 'down') throw new NotRunningError(data);
    throw error;
  }
}
