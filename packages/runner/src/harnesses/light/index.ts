/**
 * The light harness: a tool loop over any model (`ai`), in the agent's workspace.
 *
 *   turn.ts      one turn: calls, tools, follow-ups, the answer; dialogue.ts, how the model is asked
 *   prompt.ts    what the agent reads        output.ts   what it wrote
 *   errors.ts    what a failed call means    compact.ts  when the conversation grows too long
 *   tools/       what it can do              history.ts  what it keeps
 *   dialects/    how servers speak           conversation.ts  what every server takes
 *
 * It holds no key and knows no address but the relay's: what it may reach is decided outside the sandbox.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Harness } from '../../harness.ts';
import type { Mind } from './dialogue.ts';
import { openModel } from './models.ts';
import { runTurn } from './turn.ts';
import { Ways } from './ways.ts';
import { usableZone } from './zone.ts';

export function lightHarness(
  wait: Mind['wait'] = async (ms, signal) => {
    await delay(ms, undefined, { signal });
  },
): Harness {
  const state: { mind: Mind | null } = { mind: null };
  return {
    name: 'light',
    start(place) {
      const { model: config, modelUrl } = place;
      if (!config) throw new Error('the light harness needs a model. Choose one: ./bellhop model set');
      if (modelUrl === '') throw new Error('there is no way from this sandbox to the model');
      const zone = usableZone(Intl.DateTimeFormat().resolvedOptions().timeZone);
      const ways = new Ways(config);
      const model = openModel(config, modelUrl, { onThought: (field) => ways.onThought(field) });
      state.mind = { place, config, model, ways, zone, wait };
    },
    run(input, tools) {
      if (!state.mind) throw new Error('the light harness was not started');
      return runTurn(state.mind, input, tools);
    },
  };
}
