/** TLS that ends in the egress process: what works, and what is placed. Attacks: attacks.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EgressError } from '../../../src/egress/port.ts';
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

test('a secret is still placed after the vault has a new key, and in the next life of the process', async (t) => {
  const world = await openEndingWorld(t);
  await world.egress.keepSecret('github', SECRET);
  await world.egress.addRequestRules([world.rule({ secret: 'github', placing: 'header:X-Key' })]);
  assert.equal(await world.egress.rotate(), 1);
  await world.ask('GET', '/a');
  const [view] = await world.egress.secrets();
  assert.ok(view?.usedMs);
  assert.equal(view.grants.length, 1);
  await world.egress.stop();
  world.egress.start();
  await world.egress.settled();
  const next = await world.door('s2', null);
  await world.ask('GET', '/b', { socketPath: next });
  assert.deepEqual(
    world.seen.map(({ headers }) => headers['x-key']),
    [SECRET, SECRET],
  );
});

test('a rule by method and path alone opens just that, and what it opens is passed on whole', async (t) => {
  const world = await openEndingWorld(t);
  await world.egress.addRequestRules([world.rule({ method: 'PUT', path: '/files/*' })]);
  const headers = { authorization: 'Bearer own', 'accept-encoding': 'gzip', range: 'bytes=0-1' };
  assert.equal((await world.ask('PUT', '/files/a%2fb', { headers, body: 'x' })).status, 403);
  assert.equal((await world.ask('PUT', '/files/a?b=%2f', { headers, body: 'x' })).status, 200);
  const [seen] = world.seen;
  assert.deepEqual([seen?.url, seen?.body], ['/files/a?b=%2f', 'x']);
  for (const [name, value] of Object.entries(headers)) assert.equal(seen?.headers[name], value);
});

test('what makes no sense as a secret, a grant or a rule is refused in words, and all of it or none is taken', async (t) => {
  const world = await openEndingWorld(t);
  const { egress } = world;
  await egress.keepSecret('github', SECRET);
  for (const [name, value] of [
    ['1x', SECRET],
    ['a b', SECRET],
    ['anthropic@x', SECRET],
    ['short', 'short'],
    ['lines', 'one line\nand another'],
  ] as const)
    await assert.rejects(egress.keepSecret(name, value), EgressError, name);
  const grant = { secret: 'github', placing: 'bearer' };
  for (const wrong of [
    { ...grant, path: '/a/../b' },
    { ...grant, method: 'get' },
    { ...grant, placing: 'cookie:x' },
    { ...grant, secret: 'other' },
  ])
    await assert.rejects(egress.addRequestRules([world.rule(grant), world.rule(wrong)]), EgressError);
  await assert.rejects(
    egress.removeRequestRules({ ...world.rule(), secret: 'github', method: 'GET', path: null }),
    EgressError,
  );
  assert.deepEqual(await egress.requestRules(), []);
});
