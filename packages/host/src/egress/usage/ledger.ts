/**
 * The ledger of calls: reserve, call, settle.
 *
 *   reserve --on disk, charged with the most it can cost--> the call goes out --> settle: charged with what it cost
 *
 * A process that dies in between leaves the reservation charged for good: dying never makes a call free. Each step is
 * one commit of the call's row and of every sum that it counts in.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { BudgetAlert, CallRecord } from '../port.ts';
import { type BudgetLine, type Budgets, type Payer, placesOf } from './budgets.ts';
import { alertDue, decideSpend } from './decide.ts';
import { within } from './usage-db.ts';

/** A call that is about to go out. */
export interface NewCall extends Payer {
  readonly atMs: number;
  readonly generation: number;
  readonly provider: string;
  /** The one that is asked for. */
  readonly model: string;
  readonly reserveMicros: number;
}

export type Reservation =
  | { readonly kind: 'go'; readonly id: number }
  /** `asked`: the owner is, and the session waits; `closed`: the owner has said no. */
  | { readonly kind: 'asked' | 'closed' | 'too dear'; readonly line: BudgetLine };

/** How it ended. */
export type Settled = Omit<CallRecord, 'atMs' | 'session' | 'agent' | 'generation' | 'provider'>;

export class Ledger {
  readonly #db: DatabaseSync;
  readonly #budgets: Budgets;

  constructor(db: DatabaseSync, budgets: Budgets) {
    this.#db = db;
    this.#budgets = budgets;
  }

  /** Durable when it returns. @param isOwner a call by the owner: charged like any other, and never refused. */
  reserve(call: NewCall, isOwner = false): Reservation {
    return within(this.#db, () => {
      const places = placesOf(call, call.atMs);
      const decision = isOwner
        ? ({ kind: 'go' } as const)
        : decideSpend(this.#budgets.lines(places), call.reserveMicros);
      if (decision.kind === 'too dear') return decision;
      if (decision.kind === 'full') {
        return { kind: this.#budgets.stop(decision.line, call.atMs), line: decision.line };
      }
      const { lastInsertRowid } = this.#db
        .prepare(
          `INSERT INTO calls (at_ms, session, agent, generation, provider, model, status, total_ms, charged_micros)
           VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?)`,
        )
        .run(
          call.atMs,
          call.session,
          call.agent,
          call.generation,
          call.provider,
          call.model,
          call.reserveMicros,
        );
      this.#budgets.charge(places, call.reserveMicros);
      return { kind: 'go', id: Number(lastInsertRowid) };
    });
  }

  /** Durable when it returns. Returns the marks that budgets have passed by it, each once; they wait in `untold`. */
  settle(id: number, call: NewCall, end: Settled): BudgetAlert[] {
    return within(this.#db, () => {
      this.#db
        .prepare(
          `UPDATE calls SET model = ?, status = ?, input_tokens = ?, output_tokens = ?, cached_tokens = ?,
             cost_micros = ?, charged_micros = ?, first_byte_ms = ?, total_ms = ? WHERE id = ?`,
        )
        .run(
          end.model,
          end.status,
          end.inputTokens,
          end.outputTokens,
          end.cachedTokens,
          end.costMicros,
          end.chargedMicros,
          end.firstByteMs === null ? null : Math.round(end.firstByteMs),
          Math.round(end.totalMs),
          id,
        );
      // By the time of its reservation: the sums that it was added to then.
      const places = placesOf(call, call.atMs);
      this.#budgets.charge(places, end.chargedMicros - call.reserveMicros);
      return this.#budgets.lines(places).flatMap((line): BudgetAlert[] => {
        const percent = alertDue(line, line.toldPercent);
        if (percent === null) return [];
        this.#budgets.told(line, percent);
        return [this.#note(line, call.session, percent)];
      });
    });
  }

  /** Marks that the host has not told anybody of: it died, or we did. */
  untold(): BudgetAlert[] {
    return this.#db
      .prepare('SELECT id, alert FROM alerts ORDER BY id')
      .all()
      .map(({ id, alert }) => ({
        ...(JSON.parse(String(alert)) as Omit<BudgetAlert, 'id'>),
        id: Number(id),
      }));
  }

  /** It is on its way to a person. Durable when it returns. */
  told(id: number): void {
    this.#db.prepare('DELETE FROM alerts WHERE id = ?').run(id);
  }

  #note(line: BudgetLine, session: string, percent: number): BudgetAlert {
    const { agent, period, startMs, spentMicros, capMicros } = line;
    const alert = { session, agent, period, startMs, percent, spentMicros, capMicros };
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO alerts (alert) VALUES (?)')
      .run(JSON.stringify(alert));
    return { ...alert, id: Number(lastInsertRowid) };
  }
}
