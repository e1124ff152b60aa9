/** A house whose agent speaks to a model on loopback, by a script; and what a test reads out of its requests. */
import assert from 'node:assert/strict';
import type { Ending } from '../../../packages/host/test/temp-folder.ts';
import type { ModelRequest, Script } from '../../fake-models/script.ts';
import { type FakeModel, startFakeModel } from '../../fake-models/server.ts';
import { type House, houseFor, type UpOptions } from './house.ts';
import type { SandboxKind } from './machine.ts';

/** The only key that the model takes. */
export const CANARY = 'canary-key-9876543210';

/** Whose paths begin at the root of the server; the others' begin at /v1. */
const AT_ROOT: readonly string[] = ['anthropic', 'google'];

export async function houseWithModel(
  t: Ending,
  provider: string,
  script: Script,
  sandbox: SandboxKind = 'bwrap',
  options: UpOptions = {},
): Promise<{ readonly house: House; readonly model: FakeModel }> {
  const house = houseFor(t, sandbox);
  const model = await startFakeModel(script, CANARY);
  t.after(() => model.close());
  house.writeSettings({ retryBaseMs: 200 });
  await house.up(options);
  const url = AT_ROOT.includes(provider) ? model.url : `${model.url}/v1`;
  const set = await house.bellhop(
    ['model', 'set', provider, 'test', '--base-url', url, '--key-stdin'],
    `${CANARY}\n`,
  );
  assert.equal(set.code, 0, set.stderr);
  return { house, model };
}

/** The results of tools since the last thing that a person said. */
export function results({ turns }: ModelRequest): string[] {
  const last = turns.findLastIndex(({ role, text }) => role === 'user' && text.includes('<context'));
  return turns.slice(last).flatMap((turn) => turn.results);
}

/** Whether the turn that runs was begun with these words. */
export function asked({ turns }: ModelRequest, words: string): boolean {
  const begun = turns.findLast(({ role, text }) => role === 'user' && text.includes('<context'));
  return begun?.text.includes(words) ?? false;
}
