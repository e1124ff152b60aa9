/** What the components share: the state, and what a person can make the page do. */
import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Actions } from '../effects/actions.ts';
import type { LetterActions } from '../effects/letters.ts';
import type { Memory } from '../effects/memory.ts';
import type { ModelActions } from '../effects/model-actions.ts';
import type { MoneyActions } from '../effects/money-actions.ts';
import type { Store } from '../effects/store.ts';
import type { Markdown } from '../markdown/lazy.ts';
import type { State } from '../model/state.ts';

export interface App {
  readonly store: Store;
  readonly actions: Actions;
  readonly letters: LetterActions;
  readonly models: ModelActions;
  readonly money: MoneyActions;
  readonly memory: Memory;
  readonly markdown: Markdown;
}

const Context = createContext<App | null>(null);
export const AppProvider = Context.Provider;

export function useApp(): App {
  const app = useContext(Context);
  if (app === null) throw new Error('a component stands outside the app');
  return app;
}

/** A part of the state; the component is rendered again only when that part is another value. */
export function useSelect<T>(select: (state: State) => T): T {
  const { store } = useApp();
  const [, render] = useState<T>();
  const value = select(store.get());
  useEffect(() => {
    const update = (): void => render(() => select(store.get()));
    update();
    return store.subscribe(update);
  });
  return value;
}
