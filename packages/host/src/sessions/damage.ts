/**
 * What an error of a session's own file means: damage of this one session, for which it is put out of service with its
 * reason, or trouble of the machine (a full disk, no descriptors), which passes. Pure; the policy is the table.
 */
import { NewerSchema, NotAMailbox } from '@bellhop/mailbox/host';

const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

const DAMAGE: Readonly<Record<number, string>> = {
  [SQLITE_READONLY]: 'its inbound.db cannot be written',
  [SQLITE_CORRUPT]: 'its inbound.db is damaged',
  [SQLITE_NOTADB]: 'its inbound.db is no database',
};

/** In words, for the people of the session; null when it is not the session's damage. */
export function damageOf(error: unknown, folderIsThere: boolean): string | null {
  if (error instanceof NewerSchema) return `its inbound.db is of a newer Bellhop: ${error.message}`;
  if (error instanceof NotAMailbox)
    return damageOf(error.cause, folderIsThere) ?? 'its inbound.db is no mailbox';
  const code = (error as { errcode?: unknown } | null)?.errcode;
  if (typeof code !== 'number') return null;
  // Of the codes that say "cannot be opened" only this one is told from trouble of the machine.
  if ((code & 0xff) === SQLITE_CANTOPEN) return folderIsThere ? null : 'its folder is gone';
  return DAMAGE[code & 0xff] ?? null;
}
