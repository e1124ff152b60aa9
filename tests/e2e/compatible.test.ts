/** Whoever speaks OpenAI's Chat API answers with no more set-up than each needs: a whole turn with a tool, by its defaults. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { callTool, inTurn, say } from '../fake-models/script.ts';
import { type FakeModel, startFakeModel } from '../fake-models/server.ts';
import { type House, houseFor } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';

const options = { skip: bwrapMissing };
const KEY = 'canary-key-1122334455';

async function openModel(t: TestContext, key?: string): Promise<FakeModel> {
  const model = await startFakeModel(inTurn(callTool('list', {}), say('At your service.')), key);
  t.after(() => model.close());
  return model;
}

async function assertAnswers(house: House, model: FakeModel, name: string): Promise<void> {
  const asked = await house.ask('hello', 'main');
  assert.equal(asked.reply, 'At your service.', asked.stderr);
  const [first] = model.requests;
  assert.deepEqual([first?.protocol, first?.model, model.requests.length], ['openai-chat', name, 2]);
  const { rows } = JSON.parse((await house.bellhop(['usage', '--by', 'model', '--json'])).stdout);
  assert.deepEqual([rows[0].key, rows[0].inputTokens, rows[0].outputTokens], [name, 200, 20]);
}

test('an Ollama that answers where its own variable says is used without a word', options, async (t) => {
  const [house, model] = [houseFor(t), await openModel(t)];
  await house.up({ env: { OLLAMA_HOST: model.url } });
  const shown = await house.bellhop(['model']);
  assert.match(shown.stdout, /ollama test[\s\S]*it answers on this machine/);
  await assertAnswers(house, model, 'test');
  assert.equal(model.requests[0]?.headers.authorization, undefined, 'not even a placeholder goes out');
});

test('OpenRouter takes a key and its default model', options, async (t) => {
  const [house, model] = [houseFor(t), await openModel(t, KEY)];
  await house.up();
  const set = ['model', 'set', 'openrouter', '--base-url', `${model.url}/api/v1`, '--key-stdin'];
  assert.equal((await house.bellhop(set, `${KEY}\n`)).code, 0);
  assert.match((await house.bellhop(['model', 'list'])).stdout, /^test$/m);
  assert.match((await house.bellhop(['model', 'test'])).stdout, /openrouter .* answered in \d+ ms/);
  assert.equal((await house.ask('hello', 'main')).reply, 'At your service.');
  assert.equal(model.requests.at(-1)?.model, 'anthropic/claude-sonnet-4.5');
});

test('any other address takes the name of a model, and no key', options, async (t) => {
  const [house, model] = [houseFor(t), await openModel(t)];
  await house.up();
  const set = await house.bellhop(['model', 'set', 'compatible', 'tiny', '--base-url', `${model.url}/v1`]);
  assert.equal(set.code, 0, set.stderr);
  await assertAnswers(house, model, 'tiny');
});
