/** `/model` and `/usage`: said by the host, and changed by the owner alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addUser } from '../../src/store/agents.ts';
import { type House, notices, openHouse } from '../supervisor/world.ts';
import { until } from '../until.ts';

const ENDPOINT = { provider: 'anthropic', model: 'one', baseUrl: 'https://gateway.example' } as const;

async function told(house: House, id: string, text: string, sender?: string): Promise<string> {
  const before = notices(house).length;
  await house.accept(id, sender === undefined ? { text } : { text, sender: { id: sender, name: 'Ann' } });
  await until('it is answered', () => notices(house).length > before);
  return notices(house).at(-1) ?? '';
}

test('/model names the model; with one word the owner takes another of the same provider, at once', async (t) => {
  const house = await openHouse(t);
  assert.match(await told(house, 'c1', '/model'), /bell has no model.*bellhop model set/);
  assert.match(await told(house, 'c2', '/model two'), /bell has no model/);
  await house.models.choose(house.agent.id, ENDPOINT);
  assert.equal(await told(house, 'c3', ' /model\n'), 'bell speaks to one of Anthropic.');
  assert.match(await told(house, 'c4', '/model two'), /next turn on bell speaks to two of Anthropic/);
  assert.deepEqual(house.models.chosen(house.agent.id), { ...ENDPOINT, model: 'two' });
  assert.equal(house.runtime.lives.length, 0, 'no agent saw any of it');
});

test('attack: who may only talk asks which model it is, and cannot change it', async (t) => {
  const house = await openHouse(t);
  await house.store.transaction((sql) => addUser(sql, 'fake:guest', 'member'));
  await house.models.choose(house.agent.id, ENDPOINT);
  assert.equal(await told(house, 'c1', '/model', 'fake:guest'), 'bell speaks to one of Anthropic.');
  assert.match(await told(house, 'c2', '/model two', 'fake:guest'), /Only the owner/);
  assert.deepEqual(house.models.chosen(house.agent.id), ENDPOINT);
});

test('R14: more words, or what can be no name, go to the agent', async (t) => {
  const house = await openHouse(t);
  for (const [n, text] of [
    '/model two three',
    '/model  two',
    '/model a;b',
    '/usage all',
    '/models',
  ].entries()) {
    await house.say(`m${n}`, { text });
    await until('the agent answered it', () => house.channel.texts.includes(`re: ${text}`));
  }
  assert.deepEqual(notices(house), []);
});

test('a choice and its answer are one commit: a redelivered /model changes nothing any more', async (t) => {
  const house = await openHouse(t);
  await house.models.choose(house.agent.id, ENDPOINT);
  await told(house, 'c1', '/model two');
  await house.models.choose(house.agent.id, ENDPOINT);
  await house.accept('c1', { text: '/model two' });
  assert.deepEqual(house.models.chosen(house.agent.id), ENDPOINT);
});

test('/usage adds up this conversation and the agent; what has no price is said', async (t) => {
  const house = await openHouse(t);
  assert.match(await told(house, 'c1', '/usage'), /This conversation: no call.*\n.*bell in all: no call/);
  const money = { costMicros: 1_234, chargedMicros: 1_234 };
  const sum = { key: '', calls: 3, inputTokens: 900, outputTokens: 30, cachedTokens: 600, ...money };
  house.used.set('session session-1', { ...sum, unpriced: 0 });
  house.used.set(`agent ${house.agent.id}`, {
    ...sum,
    calls: 1,
    cachedTokens: 0,
    costMicros: 0,
    unpriced: 1,
  });
  assert.equal(
    await told(house, 'c2', '/usage'),
    'This conversation: 3 calls, 900 tokens in (600 from the cache), 30 out, $0.0012.\n' +
      'bell in all: 1 call, 900 tokens in, 30 out, price not known.',
  );
});
