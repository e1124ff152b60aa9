/**
 * The choice itself: provider, key, model. Saving and trying are one press: a key that is stored and does not work would
 * be found out by the next message only.
 */
import type { ModelTest, ModelView, ProviderView, SetModel } from '@bellhop/host/api';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Result } from '../effects/model-actions.ts';
import { durationWords, sentence } from '../model/words.ts';
import { useApp } from './context.ts';
import { Icon } from './icon.tsx';

/** Has no address of its own. */
const ANY_ADDRESS = 'compatible';

interface Draft {
  readonly provider: string;
  readonly baseUrl: string;
  readonly key: string;
  readonly model: string;
}

type Outcome = { readonly kind: 'busy'; readonly words: string } | Result<ModelTest> | null;

export function ModelForm({ view, onView }: { view: ModelView; onView: (view: ModelView) => void }) {
  const { models } = useApp();
  const [draft, setDraft] = useState(() => draftOf(view, view.provider ?? view.providers[0]?.id ?? ''));
  const [names, setNames] = useState<readonly string[]>([]);
  const [outcome, setOutcome] = useState<Outcome>(null);
  const provider = view.providers.find(({ id }) => id === draft.provider);
  const isBusy = outcome !== null && 'kind' in outcome;
  const keyState = keyOf(view, draft);
  const change = (part: Partial<Draft>): void => {
    setDraft({ ...draft, ...part });
    setOutcome(null);
  };
  const readNames = async (of: string): Promise<void> => setNames(await models.names(view.agent, of));
  useEffect(() => {
    if (view.provider !== null && view.key !== 'missing') void readNames(view.provider);
  }, []);

  const save = async (wanted: SetModel): Promise<boolean> => {
    setOutcome({ kind: 'busy', words: 'Saving…' });
    const saved = await models.choose(wanted);
    if (!saved.ok) {
      setOutcome(saved);
      return false;
    }
    onView(saved.value);
    setDraft(draftOf(saved.value, saved.value.provider ?? draft.provider));
    setOutcome(null);
    return true;
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!(await save(changeOf(view.agent, draft)))) return;
    setOutcome({ kind: 'busy', words: 'Saved. Asking the model for one word…' });
    setOutcome(await models.test(view.agent));
    await readNames(draft.provider);
  };

  return (
    <form class="sheet-form" autocomplete="off" onSubmit={(event) => void submit(event)}>
      <fieldset class="providers">
        <legend>Provider</legend>
        {view.providers.map((one) => (
          <label key={one.id} class="provider">
            <input
              type="radio"
              name="provider"
              checked={one.id === draft.provider}
              onChange={() => {
                setNames([]);
                change(draftOf(view, one.id));
              }}
            />
            <span>{one.label}</span>
            <span class="number">{KEY_WORDS[one.key]}</span>
          </label>
        ))}
      </fieldset>
      {provider && <Fields {...{ view, draft, provider, keyState, names, change }} />}
      <div class="sheet-actions">
        <button type="submit" class="button primary" disabled={isBusy || !isWhole(draft, provider)}>
          Save and try
        </button>
        {view.by === 'owner' && (
          <button
            type="button"
            class="button quiet"
            disabled={isBusy}
            onClick={() => void save({ agent: view.agent, provider: 'auto' })}
          >
            Use what is found
          </button>
        )}
        {keyState === 'vault' && draft.provider === view.provider && (
          <button
            type="button"
            class="button quiet"
            disabled={isBusy}
            onClick={() => void save({ agent: view.agent, key: null })}
          >
            Remove the key
          </button>
        )}
      </div>
      <Told outcome={outcome} isChanged={isChanged(view, draft)} />
    </form>
  );
}

function Fields({
  view,
  draft,
  provider,
  keyState,
  names,
  change,
}: {
  view: ModelView;
  draft: Draft;
  provider: ProviderView;
  keyState: ModelView['key'];
  names: readonly string[];
  change: (part: Partial<Draft>) => void;
}) {
  const hasAddress = provider.id === ANY_ADDRESS || (provider.id === view.provider && view.baseUrl !== null);
  const needsKey = provider.id !== 'ollama';
  return (
    <>
      {hasAddress && (
        <Field id="address" label="Address" hint="Where the paths of the API begin.">
          <input
            {...described('address')}
            type="url"
            placeholder="https://host/v1"
            value={draft.baseUrl}
            onInput={(event) => change({ baseUrl: event.currentTarget.value })}
          />
        </Field>
      )}
      {needsKey && (
        <Field
          id="key"
          label="Key"
          hint="Stored encrypted by the host and never shown again. Agents work without ever holding it."
        >
          <input
            {...described('key')}
            type="password"
            autocomplete="new-password"
            placeholder={KEY_PLACEHOLDERS[keyState]}
            value={draft.key}
            onInput={(event) => change({ key: event.currentTarget.value })}
          />
        </Field>
      )}
      <Field id="model" label="Model" hint={modelHint(names, provider)}>
        <input
          {...described('model')}
          type="text"
          list="models"
          spellcheck={false}
          placeholder={provider.defaultModel ?? 'Its name'}
          value={draft.model}
          onInput={(event) => change({ model: event.currentTarget.value })}
        />
        <datalist id="models">
          {names.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </Field>
    </>
  );
}

function Field({
  id,
  label,
  hint,
  children,
}: {
  id: string;
  label: string;
  hint: string;
  children: ComponentChildren;
}) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <small id={`${id}-hint`}>{hint}</small>
    </div>
  );
}

function described(id: string) {
  return { id, 'aria-describedby': `${id}-hint` };
}

function modelHint(names: readonly string[], { defaultModel }: ProviderView): string {
  if (names.length > 0) return `The provider offers ${names.length}; type a part of a name.`;
  return defaultModel === null ? 'As the provider calls it.' : `If left empty: ${defaultModel}.`;
}

function Told({ outcome, isChanged }: { outcome: Outcome; isChanged: boolean }) {
  if (outcome === null) return <p class="told">{isChanged && 'Not saved yet.'}</p>;
  if ('kind' in outcome) {
    return (
      <p class="told" role="status">
        <span class="pulse" aria-hidden="true" /> {outcome.words}
      </p>
    );
  }
  if (!outcome.ok) {
    return (
      <p class="told bad" role="alert">
        <Icon name="problem" size={16} />
        <span>
          {outcome.problem.message} {outcome.problem.hint}
        </span>
      </p>
    );
  }
  const { model, ms, text } = outcome.value;
  return (
    <p class="told good" role="status">
      <Icon name="check" size={16} />
      <span>
        It works: {model} answered in {durationWords(ms)}
        {text === '' ? '.' : `: ${sentence(text)}`}
      </span>
    </p>
  );
}

const KEY_WORDS: Readonly<Record<ModelView['key'], string>> = {
  environment: 'key found',
  vault: 'key stored',
  unreadable: 'key unreadable',
  missing: '',
  'none needed': 'no key needed',
};

const KEY_PLACEHOLDERS: Readonly<Record<ModelView['key'], string>> = {
  environment: 'From the environment of the host; enter one to replace it',
  vault: 'Stored; enter another to replace it',
  unreadable: 'Stored, but it cannot be read: enter it again',
  missing: 'Paste it here',
  'none needed': 'Only if the address asks for one',
};

function draftOf(view: ModelView, provider: string): Draft {
  const isUsed = provider === view.provider;
  return {
    provider,
    baseUrl: isUsed ? (view.baseUrl ?? '') : '',
    key: '',
    model: isUsed ? (view.model ?? '') : '',
  };
}

/** Of the address in use, if it is that; the view's list tells of the providers' own addresses alone. */
function keyOf(view: ModelView, { provider }: Draft): ModelView['key'] {
  if (provider === view.provider) return view.key;
  return view.providers.find(({ id }) => id === provider)?.key ?? 'missing';
}

function changeOf(agent: string, { provider, baseUrl, key, model }: Draft): SetModel {
  return {
    agent,
    provider,
    // Emptied, it is the provider's own again.
    baseUrl: baseUrl.trim() || null,
    ...(key.trim() === '' ? {} : { key: key.trim() }),
    ...(model.trim() === '' ? {} : { model: model.trim() }),
  };
}

function isChanged(view: ModelView, draft: Draft): boolean {
  if (view.provider === null) return draft.key !== '' || draft.model !== '' || draft.baseUrl !== '';
  return JSON.stringify(draft) !== JSON.stringify(draftOf(view, view.provider));
}

function isWhole({ model, baseUrl }: Draft, provider: ProviderView | undefined): boolean {
  if (!provider || (model.trim() === '' && provider.defaultModel === null)) return false;
  return provider.id !== ANY_ADDRESS || baseUrl.trim() !== '';
}
