/** What may be spent: for the owner, by socket or page. What is spent, and refused, is the egress process's. */
import * as v from 'valibot';
import type { BudgetsView, Spending } from '../egress/port.ts';
import { listAgents } from '../store/agents.ts';
import type { Store } from '../store/port.ts';
import type { Supervisor } from '../supervisor/port.ts';
import type { BudgetList } from './contract.ts';
import { findAgent, nameSchema, readBody } from './routes/input.ts';
import type { ApiRequest, Route } from './routing.ts';

const MAX_BODY_BYTES = 4 * 1024;
/** A million dollars: a slip of the hand, not a budget. */
const money = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e12));

export const setBudgetSchema = v.strictObject({
  agent: v.optional(v.nullable(nameSchema)),
  period: v.picklist(['session', 'hour', 'day', 'month']),
  capMicros: v.nullable(money),
});
export const answerBudgetSchema = v.strictObject({
  stop: v.pipe(v.string(), v.hexadecimal(), v.maxLength(32)),
  addMicros: v.nullable(v.pipe(money, v.minValue(1))),
});

export interface BudgetRoutesDeps {
  readonly store: Store;
  readonly spending: Spending;
  readonly supervisor: Pick<Supervisor, 'lookAgain'>;
}

export function createBudgetRoutes({ store, spending, supervisor }: BudgetRoutesDeps): readonly Route[] {
  async function show(view: BudgetsView): Promise<BudgetList> {
    const names = new Map((await listAgents(store.read)).map(({ id, name }) => [String(id), name] as const));
    const nameOf = (id: string) => (id === '' ? null : (names.get(id) ?? id));
    return {
      budgets: view.budgets.map((row) => ({ ...row, agent: nameOf(row.agent) })),
      stops: view.stops.map(({ atMs, agent, session, ...stop }) => ({
        ...stop,
        agent: nameOf(agent),
        session: session === '' ? null : session,
        at: new Date(atMs).toISOString(),
      })),
    };
  }

  async function set(request: ApiRequest): Promise<BudgetList> {
    const { agent, period, capMicros } = await readBody(request, setBudgetSchema, MAX_BODY_BYTES);
    const whose = agent === null ? '' : (await findAgent(store, agent)).id;
    const view = await spending.setBudget({ agent: whose, period, capMicros });
    supervisor.lookAgain();
    return show(view);
  }

  async function answer(request: ApiRequest): Promise<BudgetList> {
    const view = await spending.answerStop(await readBody(request, answerBudgetSchema, MAX_BODY_BYTES));
    // Whatever was said: who waits goes on, or is told no.
    supervisor.lookAgain();
    return show(view);
  }

  const json = (handle: (request: ApiRequest) => Promise<unknown>): Route['handle'] => {
    return async (request) => ({ status: 200, json: await handle(request) });
  };
  return [
    { method: 'GET', path: '/v1/budgets', handle: json(async () => show(await spending.budgets())) },
    { method: 'PUT', path: '/v1/budgets', handle: json(set) },
    { method: 'POST', path: '/v1/budgets/answer', handle: json(answer) },
  ];
}
