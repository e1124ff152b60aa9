/**
 * The light harness: a tool loop over any model (`ai`), in the agent's workspace.
 *
 *   turn.ts      one turn: calls, tools, follow-ups, the answer
 *   prompt.ts    what the agent reads        output.ts   what it wrote
 *   errors.ts    what a failed call means    compact.ts  when the conversation grows too long
 *   tools/       what it can do              history.ts  what it keeps
 *
 * It holds no key and knows no address but the relay's: what it may reach is decided outside the sandbox.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Harness } from '../../harness.ts';
import { openModel } from './models.ts';
import { type Mind, runTurn } from './turn.ts';
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
      state.mind = { place, config, model: openModel(config, modelUrl), zone, wait };
    },
    run(input, tools) {
      if (!state.mind) throw new Error('the light harness was not started');
      return runTurn(state.mind, input, tools);
    },
  };
}
