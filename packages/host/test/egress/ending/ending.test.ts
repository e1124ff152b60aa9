/** TLS that ends in the egress process: what works, and what is placed. Attacks: attacks.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Echoed, openEndingWorld, SECRET } from './world.ts';

test('a granted request carries the secret, which its sender never sees', async (t) => {
  const world = await openEndingWorld(t);
  await world.egress.keepSecret('github', SECRET);
  await world.egress.addRequestRules([
    world.rule({ method: 'GET', path: '/v1/*', secret: 'github', placing: 'bearer' }),
  ]);
  const { status, body } = await world.ask('GET', '/v1/me?x=1', { headers: { 'x-own': 'kept' } });
  assert.equal(status, 200);
  const [seen] = world.seen;
  assert.equal(seen?.headers.authorization, `Bearer ${SECRET}`);
  assert.equal(seen?.url, '/v1/me?x=1');
  assert.equal(seen?.headers['x-own'], 'kept');
  assert.equal((JSON.parse(body) as Echoed).headers.authorization, `Bearer ${'*'.repeat(SECRET.length)}`);
});
