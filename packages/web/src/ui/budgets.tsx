/** Hard caps on what models cost: how much of each is used, who waits for more, and a new one. */
import type { BudgetList, BudgetPeriod, BudgetRow, BudgetStop } from '@bellhop/host/api';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Result } from '../effects/model-actions.ts';
import type { Problem } from '../model/state.ts';
import { microsIn, moneyWords } from '../model/words.ts';
import { useApp, useSelect } from './context.ts';

const PERIODS: Readonly<Record<BudgetPeriod, string>> = {
  session: 'each conversation',
  hour: 'an hour',
  day: 'a day',
  month: 'a month',
};

export function Budgets() {
  const { money } = useApp();
  const [list, setList] = useState<BudgetList | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const show = (found: Result<BudgetList>): boolean => {
    setProblem(found.ok ? null : found.problem);
    if (found.ok) setList(found.value);
    return found.ok;
  };
  const heading = useRef<HTMLHeadingElement>(null);
  /** What had the focus is gone with it. */
  const showWithout = (found: Result<BudgetList>): void => {
    if (show(found)) heading.current?.focus();
  };
  useEffect(() => void money.budgets().then(show), []);
  return (
    <section class="money" aria-labelledby="budgets">
      <h2 id="budgets" ref={heading} tabIndex={-1}>
        Budgets
      </h2>
      {problem && (
        <p role="alert" class="told bad">
          {problem.message} {problem.hint}
        </p>
      )}
      {list?.stops
        .filter(({ state }) => state === 'asked')
        .map((stop) => (
          <Stop
            key={stop.id}
            stop={stop}
            answer={async (addMicros) => showWithout(await money.answerStop({ stop: stop.id, addMicros }))}
          />
        ))}
      {list?.budgets.length === 0 && (
        <p class="aside">
          None yet: nothing bounds what your agents may spend. A budget is a hard stop, before the call.
        </p>
      )}
      {list !== null && list.budgets.length > 0 && (
        <ul class="budgets">
          {list.budgets.map((row) => (
            <li key={`${row.agent} ${row.period}`}>
              <Budget row={row} remove={async () => showWithout(await money.setBudget(without(row)))} />
            </li>
          ))}
        </ul>
      )}
      {list !== null && <NewBudget set={async (change) => show(await money.setBudget(change))} />}
    </section>
  );
}

function without({ agent, period }: BudgetRow) {
  return { agent, period, capMicros: null };
}

function Budget({ row, remove }: { row: BudgetRow; remove: () => Promise<void> }) {
  const { agent, period, capMicros, addedMicros, spentMicros } = row;
  const name = `${agent ?? 'All agents'}, ${PERIODS[period]}`;
  const most = capMicros + addedMicros;
  return (
    <>
      <p class="budget-top">
        <span>{name}</span>
        <span class="number">
          {spentMicros === null ? moneyWords(most) : `${moneyWords(spentMicros)} of ${moneyWords(most)}`}
        </span>
        <button
          type="button"
          class="button quiet"
          aria-label={`Remove the budget of ${name}`}
          onClick={() => void remove()}
        >
          Remove
        </button>
      </p>
      {spentMicros !== null && (
        <progress class="share" max={Math.max(1, most)} value={spentMicros} aria-label={`Used of ${name}`} />
      )}
    </>
  );
}

function Stop({ stop, answer }: { stop: BudgetStop; answer: (addMicros: number | null) => Promise<void> }) {
  const [amount, setAmount] = useState('');
  const micros = microsIn(amount);
  const whose = stop.agent ?? 'All agents';
  return (
    <form
      class="stop-card"
      onSubmit={(event) => {
        event.preventDefault();
        if (micros !== null) void answer(micros);
      }}
    >
      <p>
        <strong>{whose}</strong>: the budget for {PERIODS[stop.period]} is used up. What it works on waits for
        you.
      </p>
      <p class="acts">
        <label>
          Add ${' '}
          <input
            inputMode="decimal"
            size={6}
            value={amount}
            onInput={(event) => setAmount(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button primary" disabled={micros === null}>
          Add and go on
        </button>
        <button type="button" class="button" onClick={() => void answer(null)}>
          No more
        </button>
      </p>
    </form>
  );
}

function NewBudget({
  set,
}: {
  set: (change: { agent: string | null; period: BudgetPeriod; capMicros: number }) => Promise<boolean>;
}) {
  const agents = useSelect((state) => state.status?.agents) ?? [];
  const [agent, setAgent] = useState('');
  const [period, setPeriod] = useState<BudgetPeriod>('day');
  const [amount, setAmount] = useState('');
  const micros = microsIn(amount);
  return (
    <form
      class="new-budget acts"
      onSubmit={(event) => {
        event.preventDefault();
        if (micros === null) return;
        void set({ agent: agent === '' ? null : agent, period, capMicros: micros }).then(
          (isSet) => isSet && setAmount(''),
        );
      }}
    >
      <select
        aria-label="Whose budget"
        value={agent}
        onChange={(event) => setAgent(event.currentTarget.value)}
      >
        <option value="">All agents</option>
        {agents.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label="For which time"
        value={period}
        onChange={(event) => setPeriod(event.currentTarget.value as BudgetPeriod)}
      >
        {Object.entries(PERIODS).map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
      <label>
        ${' '}
        <input
          inputMode="decimal"
          size={6}
          aria-label="At most, in dollars"
          value={amount}
          onInput={(event) => setAmount(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button" disabled={micros === null}>
        Set
      </button>
    </form>
  );
}
