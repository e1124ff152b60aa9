/**
 * What a person can do about the model of an agent: look, choose, try. Results go to the form that asked; only what the
 * whole page shows of it (the agents, and whether they are demos) goes into its state. None of these rejects.
 *
 * A key passes through here once, on its way to the host, and is kept nowhere.
 */
import type { ModelTest, ModelView, SetModel } from '@bellhop/host/api';
import type { Problem } from '../model/state.ts';
import { problemOf } from './actions.ts';
import type { Client } from './client.ts';
import type { Store } from './store.ts';

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

export interface ModelActions {
  look(agent: string): Promise<Result<ModelView>>;
  /** The choice holds from the agent's next turn on. */
  choose(change: SetModel): Promise<Result<ModelView>>;
  /** One real, tiny call. */
  test(agent: string): Promise<Result<ModelTest>>;
  /** What the provider offers; nothing when it does not say. */
  names(agent: string, provider: string): Promise<readonly string[]>;
}

export function createModelActions(client: Client, store: Store): ModelActions {
  return {
    look: (agent) => outcome(client.model(agent)),
    async choose(change) {
      const chosen = await outcome(client.setModel(change));
      const status = await outcome(client.status());
      // Only its labels: what the host did not tell now it tells at the next visit.
      if (status.ok) store.dispatch({ type: 'signed in', status: status.value });
      return chosen;
    },
    test: (agent) => outcome(client.testModel(agent)),
    async names(agent, provider) {
      const listed = await outcome(client.models(agent, provider));
      return listed.ok ? listed.value.models : [];
    },
  };
}

export async function outcome<T>(call: Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await call };
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}
