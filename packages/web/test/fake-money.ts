/** The routes of money as a host answers them: what a test puts here is told, and what is asked is noted. */
import type { BudgetList, UsageRow, UsageView } from '@bellhop/host/api';

type Body = Readonly<Record<string, unknown>>;

export class FakeMoney {
  readonly asked: (readonly [string, Body])[] = [];
  readonly rows = new Map<string, readonly UsageRow[]>();
  budgets: BudgetList = { budgets: [], stops: [] };

  used(
    by: UsageView['by'],
    ...keys: readonly (readonly [key: string, calls: number, micros: number])[]
  ): void {
    const rows = keys.map(([key, calls, micros]) => ({
      key,
      label: key,
      calls,
      inputTokens: calls * 4_321,
      outputTokens: calls * 321,
      cachedTokens: 0,
      costMicros: micros,
      chargedMicros: micros,
      unpriced: micros === 0 ? calls : 0,
    }));
    this.rows.set(by, rows);
  }

  /** Null for a route of somebody else. */
  answer(
    route: string,
    query: URLSearchParams,
    body: Body,
  ): { readonly status: number; readonly body: object } | null {
    if (route === 'GET /v1/usage') {
      const by = (query.get('by') ?? 'agent') as UsageView['by'];
      const rows = this.rows.get(by) ?? [];
      const view: UsageView = {
        by,
        estimate: by === 'task',
        prices: '/home/you/.bellhop/egress/prices.json',
        rows,
      };
      return { status: 200, body: view };
    }
    if (!route.includes('/v1/budgets')) return null;
    if (!route.startsWith('GET')) this.asked.push([route, body]);
    if (route === 'POST /v1/budgets/answer') this.budgets = { ...this.budgets, stops: [] };
    return { status: 200, body: this.budgets };
  }
}
