/** `/model` and `/usage`: which model answers here, and what it has used. Choosing is the owner's. */

import type { UsageSum } from '../egress/port.ts';
import { PROVIDERS } from '../egress/providers.ts';
import type { Models } from '../model/port.ts';
import { roleOf } from '../store/agents.ts';
import type { Command } from './command.ts';

const CONNECT = 'The owner connects one: ./bellhop model set';

export interface ModelCommandsDeps {
  readonly models: Pick<Models, 'of' | 'chooseWithin'>;
  /** Null: nothing yet. */
  readonly usage: (by: 'session' | 'agent', key: string) => UsageSum | null;
}

export function createModelCommands({ models, usage }: ModelCommandsDeps): readonly Command[] {
  return [
    {
      name: '/model',
      takes: 'name',
      what: 'which model answers here; with a name (owner only): take that one of the same provider',
      async run(sql, { agent, user, word }) {
        const { endpoint } = models.of(agent);
        if (!endpoint) return { text: `${agent.name} has no model. ${CONNECT}` };
        const { label } = PROVIDERS[endpoint.provider];
        if (word === null) return { text: `${agent.name} speaks to ${endpoint.model} of ${label}.` };
        if ((await roleOf(sql, user)) !== 'owner') return { text: 'Only the owner may choose the model.' };
        const after = await models.chooseWithin(sql, agent.id, { ...endpoint, model: word });
        return { text: `From its next turn on ${agent.name} speaks to ${word} of ${label}.`, after };
      },
    },
    {
      name: '/usage',
      what: 'what the model was used here, and by this agent in all',
      async run(_, { session, agent }) {
        const here = usage('session', session.id);
        const all = usage('agent', agent.id);
        return { text: `This conversation: ${sumWords(here)}\n${agent.name} in all: ${sumWords(all)}` };
      },
    },
  ];
}

function sumWords(sum: UsageSum | null): string {
  if (!sum) return 'no call to a model yet.';
  const calls = sum.calls === 1 ? '1 call' : `${sum.calls} calls`;
  const cached = sum.cachedTokens === 0 ? '' : ` (${sum.cachedTokens} from the cache)`;
  const tokens = `${sum.inputTokens} tokens in${cached}, ${sum.outputTokens} out`;
  return `${calls}, ${tokens}, ${costWords(sum)}.`;
}

function costWords({ costMicros, calls, unpriced }: UsageSum): string {
  if (unpriced === calls && costMicros === 0) return 'price not known';
  const dollars = `$${(costMicros / 1_000_000).toFixed(4)}`;
  return unpriced === 0 ? dollars : `${dollars} without ${unpriced} calls whose price is not known`;
}
