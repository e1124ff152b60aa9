/** `bellhop budget [set|add|stop]`: hard caps on what models may cost, and the answer when one is used up. */
import type { BudgetList, BudgetPeriod, BudgetRow, BudgetStop } from '@bellhop/host/api';
import { flag, text } from './args.ts';
import type { Client } from './client.ts';
import type { Context } from './command.ts';
import { FailedError, UsageError } from './errors.ts';
import { tell } from './operator/request.ts';
import { oneLine } from './text.ts';

const HINT = 'See: ./bellhop help budget';
const PERIODS: Readonly<Record<BudgetPeriod, string>> = {
  session: 'for each conversation',
  hour: 'an hour',
  day: 'a day',
  month: 'a month',
};

type Verb = (context: Context, words: readonly string[]) => (client: Client, signal: AbortSignal) => Asked;
type Asked = Promise<BudgetList>;

const VERBS: Readonly<Record<string, { readonly maxWords: number; readonly act: Verb }>> = {
  list: { maxWords: 0, act: () => (client, signal) => client.budgets(signal) },
  set: { maxWords: 1, act: set },
  add: { maxWords: 2, act: (_, [amount, stop]) => answered(dollarsOf(amount), stop) },
  stop: { maxWords: 1, act: (_, [stop]) => answered(null, stop) },
};

export async function budget(context: Context): Promise<number> {
  const [name = 'list', ...words] = context.parsed.words;
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb) throw new UsageError(`There is no "budget ${name}".`, HINT);
  if (words.length > verb.maxWords)
    throw new UsageError(`"budget ${name}" takes no "${words.at(-1)}".`, HINT);
  return tell(context, verb.act(context, words), describe);
}

function set({ parsed }: Context, [amount]: readonly string[]): ReturnType<Verb> {
  const period = text(parsed, 'per', 'budget') ?? 'day';
  if (!isPeriod(period))
    throw new UsageError(`--per takes ${Object.keys(PERIODS).join(', ')}, not ${period}.`, HINT);
  const agent = text(parsed, 'agent', 'budget');
  if (flag(parsed, 'all') && agent !== undefined) throw new UsageError('--all or --agent, not both.', HINT);
  if (flag(parsed, 'all') && period === 'session')
    throw new UsageError('A conversation belongs to one agent: --agent, not --all.', HINT);
  const whose = flag(parsed, 'all') ? { agent: null } : agent === undefined ? {} : { agent };
  const capMicros = amount === 'none' ? null : dollarsOf(amount);
  return (client, signal) => client.setBudget({ ...whose, period, capMicros }, signal);
}

/** The stop that is named; else the only one that is asked. */
function answered(addMicros: number | null, named: string | undefined): ReturnType<Verb> {
  return async (client, signal) => {
    const asked = (await client.budgets(signal)).stops.filter(({ state }) => state === 'asked');
    const stop = named ?? (asked.length === 1 ? asked[0]?.id : undefined);
    if (stop === undefined) {
      const ids = asked.map(({ id }) => id).join(', ');
      throw new FailedError(
        asked.length === 0 ? 'No budget is used up.' : `More than one budget is used up: ${ids}.`,
        asked.length === 0 ? 'See: ./bellhop budget' : 'Put its ID behind it.',
      );
    }
    return client.answerBudget({ stop, addMicros }, signal);
  };
}

function isPeriod(word: string): word is BudgetPeriod {
  return Object.hasOwn(PERIODS, word);
}

/** `5`, `2.50`, `$3`: in millionths of a dollar. */
function dollarsOf(word: string | undefined): number {
  const [, digits] = /^\$?(\d{1,6}(?:\.\d{1,6})?)$/.exec(word ?? '') ?? [];
  if (digits === undefined)
    throw new UsageError(`An amount in dollars, as in 2.50, not ${word ?? 'nothing'}.`, HINT);
  return Math.round(Number(digits) * 1_000_000);
}

function describe({ budgets, stops }: BudgetList): string[] {
  if (budgets.length === 0)
    return ['No budget: what models cost is not bounded here.', 'Set one: ./bellhop budget set 5 --per day'];
  const asked = stops.filter(({ state }) => state === 'asked');
  return [
    ...budgets.map(rowOf),
    ...stops.map(stopOf),
    ...(asked.length === 0
      ? []
      : ['Add for this period: ./bellhop budget add AMOUNT [ID]   No more: ./bellhop budget stop [ID]']),
  ];
}

function rowOf({ agent, period, capMicros, addedMicros, spentMicros }: BudgetRow): string {
  const cap = `${dollars(capMicros)} ${PERIODS[period]}`;
  const added = addedMicros === 0 ? '' : `, ${dollars(addedMicros)} added for this one`;
  const spent = spentMicros === null ? '' : `, ${dollars(spentMicros)} used`;
  return `${oneLine(agent ?? 'all agents')}: ${cap}${spent}${added}`;
}

function stopOf({ id, agent, period, session, state }: BudgetStop): string {
  const what = `the budget of ${oneLine(agent ?? 'all agents')} ${PERIODS[period]}`;
  const where = session === null ? '' : ` (${oneLine(session)})`;
  return state === 'asked'
    ? `${id}: ${what}${where} is used up; what it holds waits for you`
    : `${id}: ${what}${where} is used up, and you said no more`;
}

function dollars(micros: number): string {
  return `$${(micros / 1_000_000).toFixed(2)}`;
}
