/** What happens while a host is still finding out what its dead predecessor left running. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionId } from '../../src/types.ts';
import { settle, until } from '../until.ts';
import { hangingAtWork } from './behaviours.ts';
import { openHouse } from './world.ts';

const SESSION = 'session-1' as SessionId;

test('W10: a delivery that ends before the sandboxes of a dead host are taken over starts none beside them', async (t) => {
  const house = await openHouse(t);
  house.runtime.next = [hangingAtWork];
  await house.say('m1');
  await until('it works', () => house.supervisor.working(SESSION).has('m1'));
  await until('it is on record', async () => (await house.generations())[0]?.state === 'running');
  house.rehouse();
  // The engine is started first, and what was open goes out at once.
  house.supervisor.deliveryEnded(SESSION);
  house.supervisor.nudge(SESSION);
  await settle();
  assert.equal(house.runtime.lives.length, 1);
  await house.supervisor.start();
  await settle();
  assert.equal(house.runtime.lives.length, 1);
  const generations = (await house.generations()).map(({ number, state }) => [number, state]);
  assert.deepEqual(generations, [[1, 'running']]);
});

test('D2: and is not forgotten: its receipt is in the mailbox after the start', async (t) => {
  const house = await openHouse(t);
  const session = await house.say('m1');
  await house.end('m1', 'answered');
  await until('it is out', () => house.channel.texts.length === 1);
  house.rehouse();
  await house.store.transaction((sql) => sql.run('UPDATE deliveries SET mirrored = 0'));
  house.supervisor.deliveryEnded(session.id);
  await house.supervisor.start();
  await until('it is noted', async () => {
    const [row] = await house.store.read.all('SELECT min(mirrored) AS mirrored FROM deliveries');
    return row?.mirrored === 1;
  });
});
