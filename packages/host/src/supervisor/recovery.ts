/**
 * What only a runner may do to an outbox happens in a throwaway sandbox, a generation of its own: rolling a half-written
 * commit back (M11), upgrading a file of NanoClaw's.
 */

import { markEnded, markSettled } from '../store/generations.ts';
import type { Session } from '../types.ts';
import type { Cursors } from './sweep.ts';
import { intend, recoverOutbound, type WakeDeps } from './wake.ts';

/** True when the outbox can be read again. Rejects with SandboxUnavailable when there is no sandbox to be had. */
export async function recover(
  deps: WakeDeps,
  session: Session,
  cursors: Cursors,
  stopping: AbortSignal,
): Promise<boolean> {
  const { store, log, clock, mailboxes } = deps;
  const generation = await intend(deps, session);
  log.info('mending an outbox that no runner has open', {
    session: session.id,
    generation: generation.number,
  });
  try {
    await recoverOutbound(deps, session, generation, stopping);
  } finally {
    const end = { ready: false, costs: false, final: false, reason: 'recovery', atMs: clock.now() };
    await store.transaction(async (sql) => {
      await markEnded(sql, generation, end);
      await markSettled(sql, session.id, generation.number);
    });
  }
  return (await mailboxes.outbound(session, cursors, () => false)).kind !== 'busy';
}
