/** Opens a database to look at it, and leaves nothing behind. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

const PATIENCE_MS = 2_000;

/** Throws when it cannot be read. */
export function openToLook(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  // A host that runs, or has died, has its log beside it. Without one nobody writes there, and a plain look would make one.
  if (!existsSync(`${path}-wal`)) url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { readOnly: true, timeout: PATIENCE_MS });
}
