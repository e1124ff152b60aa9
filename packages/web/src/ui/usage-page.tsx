/** `#/usage`: where the money went, what may be spent, and who waits for more. */
import type { UsageRow, UsageView } from '@bellhop/host/api';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Problem } from '../model/state.ts';
import { countWords, moneyWords } from '../model/words.ts';
import { Budgets } from './budgets.tsx';
import { useApp } from './context.ts';
import { ControlPage } from './control-page.tsx';
import { Icon } from './icon.tsx';

type By = UsageView['by'];

const WAYS: readonly (readonly [By, string])[] = [
  ['agent', 'Agent'],
  ['session', 'Conversation'],
  ['task', 'Task'],
  ['model', 'Model'],
  ['day', 'Day'],
];

export function UsagePage() {
  return (
    <ControlPage title="Usage" aside="What the models used, and what it cost">
      <div class="sheet roomy">
        <Budgets />
        <Spent />
      </div>
    </ControlPage>
  );
}

function Spent() {
  const { money } = useApp();
  const [by, setBy] = useState<By>('agent');
  const [view, setView] = useState<UsageView | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const wanted = useRef(by);
  const load = async (): Promise<void> => {
    wanted.current = by;
    const found = await money.usage(by);
    // Somebody who chooses quickly sees the last choice, whichever answer comes last.
    if (wanted.current !== by) return;
    setProblem(found.ok ? null : found.problem);
    if (found.ok) setView(found.value);
  };
  useEffect(() => void load(), [by]);
  return (
    <section class="money" aria-labelledby="spent">
      <h2 id="spent">Where it went</h2>
      <fieldset class="chips">
        <legend class="unseen">Add up by</legend>
        {WAYS.map(([way, words]) => (
          <button type="button" key={way} class="chip" aria-pressed={way === by} onClick={() => setBy(way)}>
            {words}
          </button>
        ))}
      </fieldset>
      {problem && (
        <p role="alert" class="told bad">
          {problem.message} {problem.hint}{' '}
          <button type="button" class="link" onClick={() => void load()}>
            Ask again
          </button>
        </p>
      )}
      {view === null && !problem && <p class="aside">Adding up…</p>}
      {view?.rows.length === 0 && <Nothing />}
      {view !== null && view.rows.length > 0 && <Sums view={view} />}
      {view !== null && (
        <p class="aside">
          Prices are a file of yours, read again when it changes: <code>{view.prices}</code>
        </p>
      )}
    </section>
  );
}

function Nothing() {
  return (
    <p class="told">
      <Icon name="info" size={16} />
      No model has been called yet. Each call is written down here, with its tokens and what it cost.
    </p>
  );
}

function Sums({ view: { by, rows, estimate } }: { view: UsageView }) {
  const most = Math.max(...rows.map(({ chargedMicros }) => chargedMicros));
  const unpriced = rows.reduce((sum, row) => sum + row.unpriced, 0);
  const [, name] = WAYS.find(([way]) => way === by) ?? [by, by];
  return (
    <>
      <table class="sums">
        <thead>
          <tr>
            <th>{name}</th>
            <th>Calls</th>
            <th>In</th>
            <th>Out</th>
            <th>Cost</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Sum key={row.key} row={row} most={most} />
          ))}
        </tbody>
      </table>
      {estimate && (
        <p class="aside">
          An estimate: no call knows which task it was made for. It is reckoned to the answer that came next.
        </p>
      )}
      {unpriced > 0 && (
        <p class="aside">
          {unpriced === 1 ? '1 call has' : `${unpriced} calls have`} no known price, and{' '}
          {unpriced === 1 ? 'counts' : 'count'} in budgets with the most that {unpriced === 1 ? 'it' : 'each'}{' '}
          can cost.
        </p>
      )}
    </>
  );
}

function Sum({ row, most }: { row: UsageRow; most: number }) {
  const { label, calls, inputTokens, outputTokens, costMicros, chargedMicros, unpriced } = row;
  const isKnown = unpriced < calls || costMicros > 0;
  return (
    <tr>
      <th scope="row" class="line">
        {label}
        <progress class="share" max={Math.max(1, most)} value={chargedMicros} aria-label="Its share" />
      </th>
      <td>{countWords(calls)}</td>
      <td>{countWords(inputTokens)}</td>
      <td>{countWords(outputTokens)}</td>
      <td>{isKnown ? moneyWords(costMicros) : 'not known'}</td>
    </tr>
  );
}
