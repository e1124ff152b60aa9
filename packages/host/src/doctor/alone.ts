/**
 * What may be done only while no host runs on the data: under the host's own lock, so that none can start in between. The
 * looks take seconds, and who ran not at their beginning may run at their end.
 */
import { takeLock } from '../lock.ts';

/** Rejects, with nothing done, when a host has started since it was looked. */
export async function whileNoHostRuns(dataDir: string, work: () => Promise<string>): Promise<string> {
  const lock = takeLock(dataDir);
  if (!lock) throw new Error('a host has started since; nothing was touched');
  try {
    return await work();
  } finally {
    lock.letGo();
  }
}
