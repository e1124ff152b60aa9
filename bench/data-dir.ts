/** A folder for what a bench writes, beside the user's own data folder and so on the same disk; gone at the end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export async function withDataDir<T>(work: (dir: string) => Promise<T>): Promise<T> {
  // As `up` does: nobody else reads what a sandbox's group may read.
  process.umask(0o027);
  const beside = process.env.BELLHOP_DATA ?? join(homedir(), '.bellhop');
  const dir = await mkdtemp(join(dirname(beside), '.bellhop-bench-'));
  // What was killed just now may still be writing.
  const remove = () => rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  const result = await work(dir).catch(async (error: unknown) => {
    // What broke the bench is the reason, not what is left of it.
    await remove().catch((left: Error) => console.error(`${dir} is left: ${left.message}`));
    throw error;
  });
  await remove();
  return result;
}
