/** Which image a sandbox is started on; what is in it is packages/'s. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openHouse } from './world.ts';

test('a sandbox starts on the image of its own agent, and on no other agent’s', async (t) => {
  const house = await openHouse(t);
  const other = await house.addAgent('other');
  await house.wire('elsewhere', other.id);
  house.images.set(other.id, 'with-packages');
  await house.say('m1');
  await house.end('m1', 'answered');
  assert.equal(house.runtime.last.spec.image, undefined);
  await house.say('m2', { chat: 'elsewhere' });
  await house.end('m2', 'answered');
  assert.equal(house.runtime.last.spec.image, 'with-packages');
});
