/** `#/model`: which model an agent speaks to. Entered, tried and in use without a restart. */
import type { ModelView } from '@bellhop/host/api';
import { useEffect, useState } from 'preact/hooks';
import type { Problem } from '../model/state.ts';
import { useApp, useSelect } from './context.ts';
import { ControlPage } from './control-page.tsx';
import { Icon } from './icon.tsx';
import { ModelForm } from './model-form.tsx';

export function ModelPage() {
  const agents = useSelect((state) => state.status?.agents) ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const agent = chosen ?? agents[0]?.name;
  return (
    <ControlPage title="Model">
      <div class="sheet">
        {agents.length > 1 && (
          <p class="chips">
            {agents.map(({ name }) => (
              <button
                type="button"
                key={name}
                class="chip"
                aria-pressed={name === agent}
                onClick={() => setChosen(name)}
              >
                {name}
              </button>
            ))}
          </p>
        )}
        {agent !== undefined && <AgentModel key={agent} agent={agent} />}
      </div>
    </ControlPage>
  );
}

function AgentModel({ agent }: { agent: string }) {
  const { models } = useApp();
  const [view, setView] = useState<ModelView | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = async (): Promise<void> => {
    const found = await models.look(agent);
    setProblem(found.ok ? null : found.problem);
    if (found.ok) setView(found.value);
  };
  useEffect(() => void load(), []);
  if (problem) {
    return (
      <div role="alert" class="sheet-problem">
        <p>
          {problem.message} {problem.hint}
        </p>
        <button type="button" class="button" onClick={() => void load()}>
          Try again
        </button>
      </div>
    );
  }
  if (view === null) return <p class="aside">Looking for models…</p>;
  return (
    <>
      <InUse view={view} />
      <ModelForm view={view} onView={setView} />
    </>
  );
}

const BY: Readonly<Record<ModelView['by'], string>> = {
  owner: 'You chose it.',
  environment: 'Its key was found in the environment of the host.',
  vault: 'Its key is stored here.',
  ollama: 'It answers on the machine of the host.',
  nobody: 'The demo answers until you connect one.',
};

function InUse({ view: { agent, by, model, provider, providers } }: { view: ModelView }) {
  const label = providers.find(({ id }) => id === provider)?.label;
  return (
    <div class="in-use">
      <Icon name="model" />
      <div>
        <h2>{model === null ? `${agent} has no model` : `${agent} speaks to ${model}`}</h2>
        <p class="aside">
          {label && `${label}. `}
          {BY[by]}
        </p>
      </div>
    </div>
  );
}
