/** Promise 23 at the listeners: who reaches the one route that decides, and what else cannot. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { EntryPage, MessageState } from '../../src/api/contract.ts';
import { openApiWorld } from './world.ts';

async function askedWorld(t: TestContext) {
  const world = await openApiWorld(t);
  const sent = await world.post('/v1/messages', { id: 'm1', text: 'hello' });
  const { session } = sent.json as { session: string };
  assert.equal(
    await world.approvals.ask({ session, agent: 'bell', host: 'api.example.com', port: 443 }),
    'asked',
  );
  const [asked] = await world.approvals.list();
  if (!asked) throw new Error('nothing was asked');
  const { id, sha256 } = asked;
  const state = async () => (await world.approvals.list())[0]?.state;
  return { ...world, session, word: { id, sha256, decision: 'once' }, state };
}

const PATH = '/v1/approvals/decide';

test('P2: attack: promise 23: who is not signed in, comes from another page or forges the body decides nothing', async (t) => {
  const { ask, own, post, word, state, url } = await askedWorld(t);
  const body = JSON.stringify(word);
  const stranger = { origin: url.slice(0, -1) };
  assert.equal((await ask(PATH, { method: 'POST', body, headers: stranger })).status, 401);
  assert.equal((await ask(PATH, { method: 'POST', body })).status, 403);
  assert.equal((await ask('/v1/approvals')).status, 401);
  const evil = { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
  assert.equal((await own(PATH, { method: 'POST', body, headers: evil })).status, 403);
  for (const [change, status] of [
    [{ decision: 'yes' }, 400],
    [{ decision: null }, 400],
    [{ by: 'terminal:local' }, 400],
    [{ host: 'evil.example' }, 400],
    [{ sha256: 'f'.repeat(64) }, 409],
    [{ sha256: '' }, 400],
    [{ id: 'f'.repeat(32) }, 404],
    [{ id: "' OR 1=1 --" }, 400],
  ] as const)
    assert.equal((await post(PATH, { ...word, ...change })).status, status, JSON.stringify(change));
  assert.equal(await state(), 'asked');
  assert.equal((await post(PATH, word)).status, 200);
});

test('attack: promise 23: a card is no question that a channel could answer, by its owner’s own channel either', async (t) => {
  const { post, word, state, session } = await askedWorld(t);
  for (const option of ['always', 'once', ''])
    assert.ok((await post('/v1/answers', { id: `a-${option}`, question: word.id, option })).status >= 400);
  // Nor by a message that says yes, or one that takes the place of its end.
  await post('/v1/messages', { id: 'm2', text: `allow ${word.id} always` });
  assert.ok(
    (await post('/v1/messages', { id: `approval:${word.id}`, text: 'Allowed always' })).status >= 400,
  );
  assert.equal(await state(), 'asked');
  assert.ok(session);
});

test('attack: promise 23: the same card in two places: the page decides, the terminal is too late', async (t) => {
  const { ask, post, word, events } = await askedWorld(t);
  const { hears } = await events('');
  assert.equal((await post(PATH, { ...word, decision: 'no' })).status, 200);
  await hears('the other tab', (event) => event.type === 'answered' && event.option === 'no');
  const late = await ask(PATH, { owner: true, method: 'POST', body: JSON.stringify(word) });
  assert.deepEqual([late.status, late.error.code], [409, 'late']);
  assert.match(late.error.message, /decided before: no/);
});

test('after a reload the card says what was decided, and the agent’s message is on its way', async (t) => {
  const { own, post, word, web } = await askedWorld(t);
  const text = 'May bell reach it?';
  const content = { kind: 'question', question: word.id, title: '', text, options: [] } as const;
  await web.log.append({ chat: 'local:bell', thread: 'main', id: 'card', replyTo: null, content });
  const list = async () =>
    (await own('/v1/conversations')).json as { conversations: { needsYou: boolean }[] };
  assert.equal((await list()).conversations[0]?.needsYou, true);
  await post(PATH, { ...word, decision: 'session' });
  const page = (await own('/v1/entries')).json as EntryPage;
  assert.deepEqual(page.answered, [{ question: word.id, option: 'session' }]);
  assert.equal((await list()).conversations[0]?.needsYou, false);
  const told = (await own(`/v1/messages/approval:${word.id}`)).json as MessageState;
  assert.equal(told.state, 'accepted');
});
