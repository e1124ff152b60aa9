/** Ctrl K: reaches every conversation and every command, by typing a part of its name. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { applyTheme, THEMES } from '../effects/theme.ts';
import { findConversations } from '../model/list.ts';
import { LETTERS_HASH, MODEL_HASH, USAGE_HASH } from '../model/route.ts';
import { conversationAt, keyOf } from '../model/state.ts';
import { isAtWork } from '../model/words.ts';
import { type App, useApp, useSelect } from './context.ts';
import { Icon, type IconName } from './icon.tsx';

interface Choice {
  readonly key: string;
  readonly icon: IconName;
  readonly words: string;
  readonly aside: string;
  run(): void;
}

const MAX_SHOWN = 50;
const PARTS = [
  ['model', 'model', 'Choose the model', MODEL_HASH],
  ['usage', 'money', 'Usage and budgets', USAGE_HASH],
  ['letters', 'letter', 'Dead letters', LETTERS_HASH],
] as const;

export function Palette() {
  const app = useApp();
  const list = useSelect((state) => state.list) ?? [];
  const agents = useSelect((state) => state.status?.agents) ?? [];
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);

  const choices = useMemo(() => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const found = commands(
      app,
      agents.map((agent) => agent.name),
    ).filter((choice) => words.every((word) => choice.words.toLowerCase().includes(word)));
    const conversations = findConversations(list, query).map(
      (one): Choice => ({
        key: keyOf(one),
        icon: 'chat',
        words: one.title,
        aside: one.agent,
        run: () => app.actions.go(one),
      }),
    );
    return (query === '' ? [...found, ...conversations] : [...conversations, ...found]).slice(0, MAX_SHOWN);
  }, [query, list, agents, app]);

  const close = (): void => app.store.dispatch({ type: 'panels', paletteShown: false });
  const choose = (choice: Choice | undefined): void => {
    if (!choice) return;
    // Closed first: the dialog gives the focus back, and what is chosen may take it.
    dialog.current?.close();
    close();
    choice.run();
  };
  const move = (by: number): void =>
    setAt((now) => (now + by + choices.length) % Math.max(1, choices.length));
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the dialog closes it; by keyboard it is Escape
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Search or do"
      onClose={close}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="palette-inner">
        <div class="palette-query">
          <Icon name="search" />
          <input
            type="text"
            role="combobox"
            aria-label="Search or do"
            aria-expanded="true"
            aria-controls="choices"
            aria-activedescendant={choices[at] ? `choice-${at}` : undefined}
            placeholder="A conversation, or what to do"
            value={query}
            onInput={(event) => {
              setQuery(event.currentTarget.value);
              setAt(0);
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
                event.preventDefault();
                move(event.key === 'ArrowDown' ? 1 : -1);
              }
              if (event.key === 'Enter') choose(choices[at]);
            }}
          />
        </div>
        <div id="choices" class="choices" role="listbox" aria-label="What was found">
          {choices.map((choice, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys go to the field above
            <div
              key={choice.key}
              id={`choice-${index}`}
              class="choice"
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              ref={(element) => {
                if (index === at) element?.scrollIntoView({ block: 'nearest' });
              }}
              onClick={() => choose(choice)}
            >
              <Icon name={choice.icon} />
              <span class="line">{choice.words}</span>
              <span class="aside">{choice.aside}</span>
            </div>
          ))}
        </div>
        {choices.length === 0 && <p class="aside nothing">Nothing has this in its name.</p>}
      </div>
    </dialog>
  );
}

function commands({ actions, memory, store }: App, agents: readonly string[]): Choice[] {
  const state = store.get();
  const { ledgerShown, open } = state;
  const runs = open !== null && isAtWork(conversationAt(state, open));
  const begin = agents.map(
    (agent): Choice => ({
      key: `new ${agent}`,
      icon: 'new',
      words: agents.length > 1 ? `New conversation with ${agent}` : 'New conversation',
      aside: '',
      run: () => actions.begin(agent),
    }),
  );
  const ledger: Choice = {
    key: 'ledger',
    icon: 'activity',
    words: ledgerShown ? 'Close the ledger' : 'Open the ledger',
    aside: '',
    run: () => store.dispatch({ type: 'panels', ledgerShown: !ledgerShown }),
  };
  const stop: Choice = {
    key: 'stop',
    icon: 'stop',
    words: 'Stop the turn',
    aside: '',
    run: () => open && void actions.stop(open),
  };
  const themes = THEMES.map(
    (theme): Choice => ({
      key: `theme ${theme}`,
      icon: 'moon',
      words: `Theme: ${theme === 'system' ? 'as the system' : theme}`,
      aside: '',
      run: () => applyTheme(memory, theme),
    }),
  );
  const parts: Choice[] = PARTS.map(([key, icon, words, hash]) => ({
    key,
    icon,
    words,
    aside: '',
    run: () => {
      location.hash = hash;
    },
  }));
  const leave: Choice = {
    key: 'leave',
    icon: 'leave',
    words: 'Sign out',
    aside: '',
    run: () => void actions.signOut(),
  };
  return [...begin, ...(open ? [ledger] : []), ...(runs ? [stop] : []), ...parts, ...themes, leave];
}
