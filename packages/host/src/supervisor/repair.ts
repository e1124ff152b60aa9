/**
 * The repair scan of the due index: a session whose entry was lost (a store that was restored from a backup, a bug) would
 * sleep for ever. Each start looks once: at what was accepted by one statement, at what waits in mailboxes (tasks, later
 * tries) session by session, slowly, so that 100,000 sleeping ones cost a third of a percent of a core while it lasts.
 */
import type { Mailboxes } from '../sessions/port.ts';
import type { Store } from '../store/port.ts';
import { noteDue, noteLostTargets, sessionsNotDue } from '../store/sessions.ts';
import type { Clock, Log, Session, SessionId } from '../types.ts';

const STEP_SESSIONS = 10;
const REST_MS = 1_000;

export interface RepairDeps {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly clock: Clock;
  readonly log: Log;
}

export class DueRepair {
  readonly #deps: RepairDeps;
  readonly #nudge: (session: SessionId) => void;
  readonly #stop = { asked: false };
  #cancel: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: RepairDeps, nudge: (session: SessionId) => void) {
    this.#deps = deps;
    this.#nudge = nudge;
  }

  /** Resolves when what was accepted has its entries; mailboxes are looked at from then on, until `stop`. */
  async start(): Promise<void> {
    const { store, log } = this.#deps;
    const found = await store.transaction(noteLostTargets);
    if (found > 0) log.warn('due index repaired', { sessions: found });
    this.#after('');
  }

  async stop(): Promise<void> {
    this.#stop.asked = true;
    this.#cancel?.();
    await this.#running;
  }

  #after(last: string): void {
    if (this.#stop.asked) return;
    this.#cancel = this.#deps.clock.after(REST_MS, () => {
      this.#running = this.#step(last);
    });
  }

  async #step(last: string): Promise<void> {
    const { store, log } = this.#deps;
    try {
      const sessions = await sessionsNotDue(store.read, last, STEP_SESSIONS);
      for (const session of sessions) await this.#look(session);
      const next = sessions.at(-1);
      if (next) this.#after(next.id);
    } catch (error) {
      // The store cannot be read: the next start looks again.
      log.error('repair of the due index', { error: String(error) });
    }
  }

  async #look(session: Session): Promise<void> {
    const { store, mailboxes, log } = this.#deps;
    try {
      if (!(await mailboxes.exists(session))) return;
      const dueMs = await mailboxes.inbound(session, (mailbox) => mailbox.nextDueMs());
      if (dueMs === null) return;
      await store.transaction((sql) => noteDue(sql, session.id, dueMs));
      log.warn('due index repaired', { session: session.id });
      this.#nudge(session.id);
    } catch (error) {
      // One bad mailbox is its own session's trouble; the others are looked at.
      log.warn('mailbox not looked at', { session: session.id, error: String(error) });
    }
  }
}
