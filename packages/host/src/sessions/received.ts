/** Finds what people sent, by message and place in it: in the session's folder, or still in the spool (enqueue.ts). */
import { join } from 'node:path';
import { acceptedRow } from '../store/events.ts';
import type { Store } from '../store/port.ts';
import { fileNames, hashName } from './names.ts';
import type { AcceptedRow, Mailboxes, ReceivedFiles } from './port.ts';

export function createReceivedFiles(store: Store, mailboxes: Mailboxes): ReceivedFiles {
  return {
    async places(session, message, names, index) {
      const name = fileNames(names)[index];
      if (name === undefined) return [];
      const placed = join(mailboxes.paths(session).inDir, 'files', hashName(message), name);
      const json = await acceptedRow(store.read, session.id, message);
      const spool = json === null ? null : (JSON.parse(json) as AcceptedRow).attachments[index]?.spool;
      // The copy comes before the spooled bytes go, so one of the three looks finds it.
      return spool ? [placed, spool, placed] : [placed];
    },
  };
}
