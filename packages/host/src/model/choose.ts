/**
 * Which model: the owner's choice; else the first provider whose key is found, in a fixed order; else an Ollama that
 * answers; else none, and the demo speaks. Pure.
 */
import type { Known } from '../egress/port.ts';
import { BY_KEY, type Endpoint, PROVIDERS } from '../egress/providers.ts';
import type { AgentModel, ModelChoice } from './port.ts';

export const DEMO_HARNESS = 'demo';
const MODEL_HARNESS = 'light';

export interface Facts {
  readonly choice: ModelChoice | null;
  readonly known: Known;
  /** The agent's own, as it was made. */
  readonly harness: string;
  /** BELLHOP_HARNESS: outranks all. */
  readonly forced: string | null;
}

export function chooseModel(facts: Facts): AgentModel {
  const { by, endpoint } = chooseEndpoint(facts);
  const own = facts.harness === DEMO_HARNESS && endpoint ? MODEL_HARNESS : facts.harness;
  const config = endpoint && {
    provider: endpoint.provider,
    model: endpoint.model,
    ...PROVIDERS[endpoint.provider].limits,
  };
  return { by, endpoint, config, harness: facts.forced ?? own };
}

function chooseEndpoint({ choice, known }: Facts): Pick<AgentModel, 'by' | 'endpoint'> {
  if (choice) return { by: 'owner', endpoint: choice };
  for (const provider of BY_KEY) {
    const { keyName, defaultModel } = PROVIDERS[provider];
    const key = known.keys.find((state) => state.name === keyName && state.readable);
    if (key && defaultModel !== null) return { by: key.from, endpoint: found(provider, defaultModel) };
  }
  const [model] = known.ollama ?? [];
  if (model !== undefined) return { by: 'ollama', endpoint: found('ollama', model) };
  return { by: 'nobody', endpoint: null };
}

function found(provider: Endpoint['provider'], model: string): Endpoint {
  return { provider, model, baseUrl: null };
}
