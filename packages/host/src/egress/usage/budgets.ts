/**
 * Budgets: hard caps on what is charged, for a session, an agent or all agents, over an hour, a day or a month.
 *
 *   (room) --a call that does not fit--> asked --owner adds money, or raises the budget--> (room)
 *                                          '----owner says no--> closed --until the period is over, or it is raised
 *
 * A `stop` is that record: one for each budget and period, on disk before the refusal is said. While it is asked, the
 * sessions that it holds get no way out and wait; once it is closed, they go on and are told no.
 */
import { randomBytes } from 'node:crypto';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { type BudgetAnswer, type BudgetView, EgressError, type StopView } from '../port.ts';
import type { Line } from './decide.ts';
import { within } from './usage-db.ts';
import { PERIODS, type Period, startOf } from './windows.ts';

/** One budget in one of its periods. `agent` '' means all of them, `session` '' that it is not of a session. */
export interface Place {
  readonly agent: string;
  readonly period: Period;
  readonly session: string;
  readonly startMs: number;
}

export interface BudgetLine extends Place, Line {
  readonly toldPercent: number;
}

export interface Payer {
  readonly agent: string;
  readonly session: string;
}

const HINT = 'See: ./bellhop budget';

/** All that a call of this session at this time is charged to. */
export function placesOf({ agent, session }: Payer, atMs: number): Place[] {
  return PERIODS.flatMap((period): Place[] => {
    const startMs = startOf(period, atMs);
    if (period === 'session') return [{ agent, period, session, startMs }];
    return [agent, ''].map((whose) => ({ agent: whose, period, session: '', startMs }));
  });
}

type Row = Readonly<Record<string, SQLOutputValue>>;

const LINES = `SELECT b.agent, b.period, s.session, s.start_ms, s.told_percent, s.micros,
    b.cap_micros + coalesce(s.added_micros, 0) AS cap
  FROM budgets b LEFT JOIN spent s
    ON s.agent = b.agent AND s.period = b.period AND s.session = ? AND s.start_ms = ?
  WHERE b.agent = ? AND b.period = ?`;

export class Budgets {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** The budgets among these places. */
  lines(places: readonly Place[]): BudgetLine[] {
    const query = this.#db.prepare(LINES);
    return places.flatMap((place) => {
      const row = query.get(place.session, place.startMs, place.agent, place.period);
      if (!row) return [];
      const { cap, micros, told_percent } = row;
      return [
        {
          ...place,
          capMicros: Number(cap),
          spentMicros: Number(micros ?? 0),
          toldPercent: Number(told_percent ?? 0),
        },
      ];
    });
  }

  /** Adds to every place. Part of the caller's transaction. */
  charge(places: readonly Place[], micros: number): void {
    const add = this.#db.prepare(
      `INSERT INTO spent (agent, period, session, start_ms, micros) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET micros = micros + excluded.micros`,
    );
    for (const { agent, period, session, startMs } of places)
      add.run(agent, period, session, startMs, micros);
  }

  told({ agent, period, session, startMs }: Place, percent: number): void {
    this.#db
      .prepare(
        'UPDATE spent SET told_percent = ? WHERE agent = ? AND period = ? AND session = ? AND start_ms = ?',
      )
      .run(percent, agent, period, session, startMs);
  }

  /** Null removes it. Whatever was asked about it is over: the next call is judged anew. */
  set(agent: string, period: Period, capMicros: number | null): void {
    within(this.#db, () => {
      this.#db.prepare('DELETE FROM stops WHERE agent = ? AND period = ?').run(agent, period);
      if (capMicros === null) {
        this.#db.prepare('DELETE FROM budgets WHERE agent = ? AND period = ?').run(agent, period);
        return;
      }
      this.#db
        .prepare(
          `INSERT INTO budgets (agent, period, cap_micros) VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET cap_micros = excluded.cap_micros`,
        )
        .run(agent, period, capMicros);
      // A budget that grew or shrank has other halves.
      this.#db.prepare('UPDATE spent SET told_percent = 0 WHERE agent = ? AND period = ?').run(agent, period);
    });
  }

  /** The stop of this budget, made if there is none. Part of the caller's transaction. */
  stop({ agent, period, session, startMs }: Place, atMs: number): 'asked' | 'closed' {
    this.#db
      .prepare("INSERT INTO stops VALUES (?, ?, ?, ?, ?, ?, 'asked') ON CONFLICT DO NOTHING")
      .run(randomBytes(4).toString('hex'), agent, period, session, startMs, atMs);
    const row = this.#db
      .prepare('SELECT state FROM stops WHERE agent = ? AND period = ? AND session = ? AND start_ms = ?')
      .get(agent, period, session, startMs);
    return row?.state === 'closed' ? 'closed' : 'asked';
  }

  /** The first budget that this session waits for; null when it need not. */
  waitsFor(payer: Payer, nowMs: number): BudgetLine | null {
    const open = this.#db.prepare(
      `SELECT 1 FROM stops WHERE agent = ? AND period = ? AND session = ? AND start_ms = ? AND state = 'asked'`,
    );
    const places = placesOf(payer, nowMs).filter((p) => open.get(p.agent, p.period, p.session, p.startMs));
    return this.lines(places)[0] ?? null;
  }

  /**
   * The owner's answer, which counts once. Throws EgressError `no_such_stop` for one that was answered before, is of a
   * period that is over, or never was.
   */
  answer({ stop, addMicros }: BudgetAnswer, nowMs: number): void {
    within(this.#db, () => {
      const row = this.#db.prepare("SELECT * FROM stops WHERE id = ? AND state = 'asked'").get(stop);
      const place = row && toPlace(row);
      if (!place || startOf(place.period, nowMs) !== place.startMs) {
        throw new EgressError('no_such_stop', `nothing is asked under ${stop}, or not any more`, HINT);
      }
      if (addMicros === null) {
        this.#db.prepare("UPDATE stops SET state = 'closed' WHERE id = ?").run(stop);
        return;
      }
      this.#db.prepare('DELETE FROM stops WHERE id = ?').run(stop);
      this.#db
        .prepare(
          `INSERT INTO spent (agent, period, session, start_ms, micros, added_micros) VALUES (?, ?, ?, ?, 0, ?)
           ON CONFLICT DO UPDATE SET added_micros = added_micros + excluded.added_micros, told_percent = 0`,
        )
        .run(place.agent, place.period, place.session, place.startMs, addMicros);
    });
  }

  /** Every budget with its running period, and what is asked. A session's budget has no sum of its own here. */
  show(nowMs: number): { readonly budgets: readonly BudgetView[]; readonly stops: readonly StopView[] } {
    const budgets = this.#db.prepare('SELECT * FROM budgets ORDER BY agent, period').all();
    const stops = this.#db.prepare('SELECT * FROM stops ORDER BY at_ms').all();
    return {
      budgets: budgets.map((row) => {
        const { agent, period } = row as { agent: string; period: Period };
        const [line] = this.lines([{ agent, period, session: '', startMs: startOf(period, nowMs) }]);
        const spentMicros = period === 'session' ? null : (line?.spentMicros ?? 0);
        return {
          agent,
          period,
          capMicros: Number(row.cap_micros),
          addedMicros: (line?.capMicros ?? 0) - Number(row.cap_micros),
          spentMicros,
        };
      }),
      stops: stops.flatMap((row) => {
        const place = toPlace(row);
        if (startOf(place.period, nowMs) !== place.startMs) return [];
        const { agent, period, session } = place;
        const state = row.state as StopView['state'];
        return [{ id: String(row.id), agent, period, session, atMs: Number(row.at_ms), state }];
      }),
    };
  }
}

function toPlace(row: Row): Place {
  const { agent, period, session } = row as { agent: string; period: Period; session: string };
  return { agent, period, session, startMs: Number(row.start_ms) };
}
