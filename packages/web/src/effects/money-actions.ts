/** What a person can ask and say about money. Results go to the page that asked; none of these rejects. */
import type { AnswerBudget, BudgetList, SetBudget, UsageView } from '@bellhop/host/api';
import type { Client } from './client.ts';
import { outcome, type Result } from './model-actions.ts';

export interface MoneyActions {
  usage(by: UsageView['by']): Promise<Result<UsageView>>;
  budgets(): Promise<Result<BudgetList>>;
  setBudget(change: SetBudget): Promise<Result<BudgetList>>;
  /** What the owner says to a budget that is used up. */
  answerStop(answer: AnswerBudget): Promise<Result<BudgetList>>;
}

export function createMoneyActions(client: Client): MoneyActions {
  return {
    usage: (by) => outcome(client.usage(by)),
    budgets: () => outcome(client.budgets()),
    setBudget: (change) => outcome(client.setBudget(change)),
    answerStop: (answer) => outcome(client.answerStop(answer)),
  };
}
