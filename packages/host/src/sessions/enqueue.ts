/**
 * From accepted to enqueued: the rows of the central store go into the session's inbound.db.
 *
 * Idempotent (M4), so it is simply done again after a crash: files are copied under a name that the message id gives,
 * rows are inserted unless they are there, and only then is the target marked.
 */
import { constants, copyFile, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type NewMessage, point } from '@bellhop/mailbox';
import { type Folders, makeFolder, shareFile } from '../folders.ts';
import { acceptedRows, markEnqueued } from '../store/events.ts';
import type { Store } from '../store/port.ts';
import type { Session } from '../types.ts';
import { fileNames, hashName } from './names.ts';
import type { AcceptedRow, Enqueuer, Mailboxes, SpooledAttachment } from './port.ts';

export function createEnqueuer(deps: {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly folders: Folders;
}): Enqueuer {
  const { store, mailboxes, folders } = deps;
  return {
    async enqueue(session, onEnqueued) {
      const found = await acceptedRows(store.read, session.id);
      if (found.length === 0) return [];
      await mailboxes.make(session);
      const accepted = found.flatMap((row) =>
        row.rowJson === null ? [] : [JSON.parse(row.rowJson) as AcceptedRow],
      );
      const again = found.flatMap((row) => (row.rowJson === null ? [row.message] : []));
      const ids = found.map((row) => row.message);
      const { inDir } = mailboxes.paths(session);
      const rows: NewMessage[] = [];
      for (const row of accepted) rows.push(await withFiles(row, session, inDir, folders));
      const { added, gone } = await mailboxes.inbound(session, (mailbox) => {
        // Also one whose row is kept in the store may lie there as a dead letter: its host died before it was marked.
        const dead = [...mailbox.rows(ids).values()].filter(({ status }) => status === 'failed');
        if (dead.length > 0) mailbox.revive(dead.map(({ id }) => id));
        const there = mailbox.rows(again);
        return {
          added: mailbox.enqueue(rows),
          gone: again.filter((id) => there.get(id)?.status !== 'pending'),
        };
      });
      point('host.enqueued');
      onEnqueued(added);
      // A crash before this commit enqueues again, which changes nothing.
      await store.transaction((sql) =>
        markEnqueued(
          sql,
          session.id,
          ids.filter((id) => !gone.includes(id)),
        ),
      );
      const spooled = accepted.flatMap((row) =>
        row.attachments.flatMap((a) => (a.spool === null ? [] : [a.spool])),
      );
      for (const file of spooled) await rm(file, { force: true });
      return gone;
    },
  };
}

/** Puts the message's files into `in/files/<hash>/` and their places into its content. */
async function withFiles(
  row: AcceptedRow,
  session: Session,
  inDir: string,
  folders: Folders,
): Promise<NewMessage> {
  if (row.attachments.length === 0) return row.message;
  const folder = join('files', hashName(row.message.id));
  await makeFolder(
    folders,
    'shared',
    'sessions',
    session.agentId,
    session.id,
    'in',
    'files',
    hashName(row.message.id),
  );
  const attachments = [];
  const names = fileNames(row.attachments.map((file) => file.name));
  for (const [index, file] of row.attachments.entries()) {
    attachments.push(await placeFile(file, inDir, join(folder, names[index] ?? ''), folders));
  }
  return { ...row.message, content: JSON.stringify({ ...JSON.parse(row.message.content), attachments }) };
}

/** A file that could not be placed is not left out in silence: the agent reads why (R12). */
async function placeFile(
  file: SpooledAttachment,
  inDir: string,
  localPath: string,
  folders: Folders,
): Promise<object> {
  const described = { type: 'file', name: file.name, mimeType: file.mimeType, size: file.size };
  const target = join(inDir, localPath);
  const there = await stat(target).catch(() => null);
  if (there) return { ...described, localPath };
  if (file.spool === null) return { ...described, problem: file.problem ?? 'it could not be fetched' };
  if (!(await stat(file.spool).catch(() => null))) return { ...described, problem: 'its bytes are gone' };
  const partial = `${target}.partial`;
  await copyFile(file.spool, partial, constants.COPYFILE_FICLONE);
  await shareFile(folders, partial, 0o640);
  const handle = await open(partial, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, target);
  return { ...described, localPath };
}
