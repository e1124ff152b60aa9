/**
 * The owner's choices, kept under `model:<agent>` in the store's settings and in memory, so that a message needs no
 * read to know its harness. Whatever changes what an agent uses, a choice or a key, ends its sandboxes softly: its next
 * turn runs on the new model, and no host is started again.
 */
import * as v from 'valibot';
import type { Known } from '../egress/port.ts';
import { PROVIDERS, type ProviderId } from '../egress/providers.ts';
import { settingsBelow, storeSetting } from '../store/agents.ts';
import type { Store } from '../store/port.ts';
import type { Agent, AgentId } from '../types.ts';
import { chooseModel } from './choose.ts';
import type { AgentModel, ModelChoice, Models } from './port.ts';

const PREFIX = 'model:';
const WHY = 'its model was changed';

const choiceSchema = v.object({
  provider: v.picklist(Object.keys(PROVIDERS) as ProviderId[]),
  model: v.string(),
  baseUrl: v.nullable(v.string()),
});

export interface ModelsDeps {
  readonly store: Store;
  readonly known: () => Known;
  /** BELLHOP_HARNESS. */
  readonly forcedHarness: string | null;
  readonly renew: (agent: AgentId, why: string) => void;
}

export interface KeptModels extends Models {
  /** Keys or servers may have changed: whoever uses something else now is renewed. */
  lookAgain(): void;
}

export async function openModels(deps: ModelsDeps): Promise<KeptModels> {
  const { store, renew } = deps;
  const choices = new Map<string, ModelChoice>();
  for (const [name, json] of await settingsBelow(store.read, PREFIX)) {
    choices.set(name.slice(PREFIX.length), v.parse(choiceSchema, JSON.parse(json)));
  }
  /** What each agent was last told to use: only these can have sandboxes. */
  const used = new Map<AgentId, { readonly agent: Agent; readonly json: string }>();
  const of = (agent: Agent): AgentModel => {
    const { forcedHarness: forced, known } = deps;
    const choice = choices.get(agent.id) ?? null;
    return chooseModel({ choice, known: known(), harness: agent.harness, forced });
  };
  const lookAgain = () => {
    for (const { agent, json } of used.values()) {
      const now = JSON.stringify(of(agent));
      if (now === json) continue;
      used.set(agent.id, { agent, json: now });
      renew(agent.id, WHY);
    }
  };
  const chooseWithin: Models['chooseWithin'] = async (sql, agent, choice) => {
    await storeSetting(sql, PREFIX + agent, choice && JSON.stringify(choice));
    return () => {
      if (choice) choices.set(agent, choice);
      else choices.delete(agent);
      lookAgain();
    };
  };
  return {
    of(agent) {
      const model = of(agent);
      used.set(agent.id, { agent, json: JSON.stringify(model) });
      return model;
    },
    chosen: (agent) => choices.get(agent) ?? null,
    async choose(agent, choice) {
      const use = await store.transaction((sql) => chooseWithin(sql, agent, choice));
      use();
    },
    chooseWithin,
    lookAgain,
  };
}
