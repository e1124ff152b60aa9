/**
 * The way back of a session that was put out of service. What failed with it has been told as failed, and stays so: its
 * rows, which may still wait in the mailbox, end there as well before anything can take them up. A person may try each
 * again.
 */
import type { InboundChange } from '@bellhop/mailbox/host';
import { MailboxDamaged, type Mailboxes } from '../sessions/port.ts';
import { targetOf } from '../store/events.ts';
import type { Store } from '../store/port.ts';
import { release, sessionById } from '../store/sessions.ts';
import type { Session, SessionId } from '../types.ts';

/** More than ever wait in one mailbox. */
const MAX_WAITING = 100_000;

interface ReleaseDeps {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
}

/** Durable when it resolves; false when the session is in service. The caller nudges it. */
export async function releaseSession(deps: ReleaseDeps, id: SessionId): Promise<boolean> {
  const session = await sessionById(deps.store.read, id);
  if (session?.state !== 'quarantined') return false;
  try {
    await endWhatFailed(deps, session);
  } catch (error) {
    // Not mended: the next look says so, and puts it out of service again. But a folder that is gone is made anew.
    if (!(error instanceof MailboxDamaged)) throw error;
  }
  await deps.mailboxes.make(session);
  return deps.store.transaction((sql) => release(sql, id));
}

async function endWhatFailed({ store, mailboxes }: ReleaseDeps, session: Session): Promise<void> {
  const waiting = await mailboxes.inbound(session, (mailbox) =>
    mailbox.dueRows(Number.MAX_SAFE_INTEGER, MAX_WAITING),
  );
  const changes: InboundChange[] = [];
  for (const { id, attempt } of waiting) {
    const target = await targetOf(store.read, session.id, id);
    if (target?.state === 'failed')
      changes.push({
        kind: 'failed',
        id,
        attempt,
        reason: target.reason ?? 'its session was out of service',
      });
  }
  if (changes.length > 0) await mailboxes.inbound(session, (mailbox) => mailbox.settle({ changes }));
}
