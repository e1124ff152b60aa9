/**
 * After each commit of the central store: what may not be undone is not undone, and what may be once is once. Reads
 * only the tables that the commit has touched.
 */
import type { ReadRows } from '../machine/kernel.ts';
import type { Again } from './again.ts';
import { Violation } from './violation.ts';

type Row = Readonly<Record<string, unknown>>;

/** Where each state may go from. */
const TARGET_ORDER: readonly string[] = ['accepted', 'enqueued', 'answered', 'failed'];
const TERMINAL: ReadonlySet<unknown> = new Set(['answered', 'failed', 'delivered', 'held', 'settled']);

export class StoreWatch {
  readonly #targets = new Map<string, Row>();
  readonly #deliveries = new Map<string, Row>();
  readonly #generations = new Map<string, Row>();
  readonly #again: Again;

  constructor(again: Again) {
    this.#again = again;
  }

  committed(tables: readonly string[], read: ReadRows): void {
    const touches = (table: string) => tables.some((one) => one.endsWith(` ${table}`));
    if (touches('targets')) this.#seeTargets(read);
    if (touches('deliveries')) this.#seeDeliveries(read);
    if (touches('generations')) this.#seeGenerations(read);
  }

  #seeTargets(read: ReadRows): void {
    const rows = byKey(
      read('SELECT session_id, message_id, state, reason FROM targets'),
      'session_id',
      'message_id',
    );
    for (const [key, before] of this.#targets) {
      const after = rows.get(key);
      if (!after) throw new Violation('an accepted message is gone', key);
      if (before.state === 'failed' && after.state !== 'failed' && this.#again.use('store', key)) continue;
      const [from, to] = [before.state, after.state].map((state) => TARGET_ORDER.indexOf(String(state)));
      if (to === undefined || from === undefined || to < from || (TERMINAL.has(before.state) && to !== from))
        throw new Violation('a message has gone back', `${key} from ${before.state} to ${after.state}`);
    }
    for (const [key, row] of rows) this.#targets.set(key, row);
  }

  #seeDeliveries(read: ReadRows): void {
    const rows = byKey(
      read('SELECT session_id, out_id, state, content FROM deliveries'),
      'session_id',
      'out_id',
    );
    for (const [key, before] of this.#deliveries) {
      const after = rows.get(key);
      if (!after) throw new Violation('a delivery is gone', key);
      if (after.content !== before.content) throw new Violation('a delivery says something else now', key);
      if (TERMINAL.has(before.state) && after.state !== before.state)
        throw new Violation('an ended delivery goes on', `${key} from ${before.state} to ${after.state}`);
    }
    for (const [key, row] of rows) this.#deliveries.set(key, row);
  }

  #seeGenerations(read: ReadRows): void {
    const rows = read('SELECT session_id, number, state FROM generations');
    for (const [key, row] of byKey(rows, 'session_id', 'number')) {
      if (this.#generations.get(key)?.state === 'settled' && row.state !== 'settled')
        throw new Violation('a settled generation is open again', key);
      this.#generations.set(key, row);
    }
  }
}

function byKey(rows: readonly Row[], ...columns: readonly string[]): Map<string, Row> {
  return new Map(rows.map((row) => [columns.map((column) => row[column]).join(' '), row]));
}
