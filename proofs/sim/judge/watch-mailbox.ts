/**
 * After each commit of an inbound.db: numbers are even, unique and never reused; what has ended stays so; and a message
 * is charged once for each generation that ended on it, never for one that lives (`tries` = generations).
 */
import type { ReadRows } from '../machine/kernel.ts';
import type { Again } from './again.ts';
import { Violation } from './violation.ts';

interface Seen {
  readonly status: string;
  readonly tries: number;
  readonly attempt: number;
  readonly seq: number;
}

export interface Charge {
  readonly inbox: string;
  readonly message: string;
  readonly generation: number;
}

const ENDED: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);

export class MailboxWatch {
  readonly #inboxes = new Map<string, Map<string, Seen>>();
  readonly charges: Charge[] = [];
  readonly #again: Again;
  readonly #mayBeCharged: (charge: Charge) => string | null;

  /** @param mayBeCharged null, or why this generation cannot be the cause. */
  constructor(again: Again, mayBeCharged: (charge: Charge) => string | null) {
    this.#again = again;
    this.#mayBeCharged = mayBeCharged;
  }

  committed(inbox: string, read: ReadRows): void {
    const seen = this.#inboxes.get(inbox) ?? new Map<string, Seen>();
    this.#inboxes.set(inbox, seen);
    const rows = read('SELECT id, seq, status, tries, attempt, charged_generation FROM messages_in');
    const numbers = new Set(rows.map((row) => row.seq));
    if (numbers.size < rows.length || rows.some((row) => Number(row.seq) % 2 !== 0))
      throw new Violation('a number is odd, or given twice', inbox);
    for (const row of rows) {
      const id = String(row.id);
      const now = {
        status: String(row.status),
        tries: Number(row.tries),
        attempt: Number(row.attempt),
        seq: Number(row.seq),
      };
      const before = seen.get(id);
      if (before) this.#compare(inbox, id, before, now, Number(row.charged_generation));
      seen.set(id, now);
    }
    for (const id of seen.keys()) {
      if (!rows.some((row) => row.id === id))
        throw new Violation('a message has left its mailbox', `${inbox} ${id}`);
    }
  }

  /** Its number in a mailbox; undefined for one that never came there. */
  numberOf(inbox: string, message: string): number | undefined {
    return this.#inboxes.get(inbox)?.get(message)?.seq;
  }

  #compare(inbox: string, message: string, before: Seen, now: Seen, generation: number): void {
    const what = `${inbox} ${message}: ${JSON.stringify(before)} then ${JSON.stringify(now)}`;
    if (now.seq !== before.seq) throw new Violation('a message has another number now', what);
    if (now.attempt < before.attempt) throw new Violation('an attempt was taken back', what);
    const goesOn = ENDED.has(before.status) && now.status !== before.status;
    // It begins anew, without a try.
    if (goesOn && now.tries === 0 && this.#again.use('mailbox', `${inbox} ${message}`)) return;
    if (goesOn) throw new Violation('an ended message goes on', what);
    if (now.tries === before.tries) return;
    if (now.tries !== before.tries + 1) throw new Violation('more than one try in one commit', what);
    const charge = { inbox, message, generation };
    const again = this.charges.some(
      (one) => one.inbox === inbox && one.message === message && one.generation === generation,
    );
    if (again) throw new Violation('charged twice for one generation', `${what}, generation ${generation}`);
    const why = this.#mayBeCharged(charge);
    if (why !== null)
      throw new Violation('charged without a cause', `${what}, generation ${generation}: ${why}`);
    this.charges.push(charge);
  }
}
