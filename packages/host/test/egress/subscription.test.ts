/** A token of a Claude subscription in place of an API key: shown as a bearer, with the feature's name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyed, openUpstream, post, startEgress } from './world.ts';

test("a subscription's token is shown as a bearer, beside the betas that were asked for, and is taken out of answers", async (t) => {
  const token = 'sk-ant-oat01-canary-0123456789';
  const [upstream, world] = [await openUpstream(t), await startEgress(t)];
  upstream.handle = (incoming, response) => {
    incoming.resume().on('end', () => response.end(`{"echo":"${incoming.headers.authorization}"}`));
  };
  const door = await world.door('s', await keyed(world, upstream, token));
  const ask = (headers = {}) => post(door, '/model/v1/messages', '{"max_tokens":1}', headers);
  const { body } = await ask();
  await ask({ 'anthropic-beta': 'some-other-feature', authorization: 'Bearer mine' });
  const seen = upstream.seen.map(({ headers }) => [
    headers.authorization,
    headers['x-api-key'],
    headers['anthropic-beta'],
  ]);
  assert.deepEqual(seen, [
    [`Bearer ${token}`, undefined, 'oauth-2025-04-20'],
    [`Bearer ${token}`, undefined, 'some-other-feature,oauth-2025-04-20'],
  ]);
  assert.equal(body, `{"echo":"Bearer ${'*'.repeat(token.length)}"}`);
});
