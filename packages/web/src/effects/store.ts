/** Holds the state, and tells who listens that it has changed: once per frame, since a stream may bring 50 pieces in one. */
import { type Action, reduce } from '../model/reduce.ts';
import { INITIAL, type State } from '../model/state.ts';

export interface Store {
  get(): State;
  dispatch(action: Action): void;
  /** Returns the function that ends it. */
  subscribe(listener: () => void): () => void;
}

/** `soon` runs a function at the next frame; changes before it are told together. */
export function createStore(soon: (run: () => void) => void): Store {
  const listeners = new Set<() => void>();
  let state = INITIAL;
  let told = true;
  const tell = (): void => {
    told = true;
    for (const listener of listeners) listener();
  };
  return {
    get: () => state,
    dispatch(action) {
      const next = reduce(state, action);
      if (next === state) return;
      state = next;
      if (told) soon(tell);
      told = false;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
