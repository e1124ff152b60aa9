/**
 * Messages of an imported session become messages like any other: what waits is accepted and enqueued, what had failed
 * is a failed message, so that `why` and `dead-letters` know both, and a person can try them again (N2).
 */
import { type MessageId, replyAddress } from '@bellhop/mailbox';
import { inThread } from '../delivery/notice.ts';
import type { Mailboxes } from '../sessions/port.ts';
import { addTargetWithoutEvent } from '../store/events.ts';
import type { Store } from '../store/port.ts';
import type { Clock, Session } from '../types.ts';

/** Looked at in one step, in a few milliseconds. */
const STEP_ROWS = 1_000;
const FAILED_THERE = 'it had failed before its session came here';

export interface ImportDeps {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly clock: Clock;
}

/** One step. True when there may be more. */
export async function takeOverImported(deps: ImportDeps, session: Session): Promise<boolean> {
  const { store, mailboxes, clock } = deps;
  const step = await mailboxes.inbound(session, (mailbox) => {
    const found = mailbox.imported(STEP_ROWS);
    return found && { ...found, rows: mailbox.rows([...found.waiting, ...found.failed]) };
  });
  if (!step) return false;
  const { waiting, failed, rows, through } = step;
  const at = (id: MessageId): Session => {
    const row = rows.get(id);
    return row ? inThread(session, replyAddress(row, session).thread) : session;
  };
  await store.transaction(async (sql) => {
    for (const message of waiting) await addTargetWithoutEvent(sql, at(message), message, null, clock.now());
    for (const message of failed)
      await addTargetWithoutEvent(sql, at(message), message, FAILED_THERE, clock.now());
  });
  // A host that dies here does the same step again, which changes nothing.
  await mailboxes.inbound(session, (mailbox) => mailbox.importSeen(through));
  return true;
}
