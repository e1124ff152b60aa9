/** A sandbox that dies again and again before it takes up work (W2). Not here: what each such end costs (charge.test.ts). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { breakerDelayMs } from '../../src/supervisor/breaker.ts';
import { settle, until } from '../until.ts';
import { answering, dyingAtBoot, dyingAtWork, neverReady } from './behaviours.ts';
import { type House, notices, openHouse } from './world.ts';

const OPEN = /failed to start several times in a row \(its sandbox died at its start \(exit code 1\)\)/;
const OVER = 'The agent has started again. What waited is being answered.';

/** Three lives have died at boot, and the breaker is open. */
async function openBreaker(house: House): Promise<void> {
  house.runtime.always = dyingAtBoot;
  await house.say('m1');
  await house.advanceToRetry();
  await until('it is told', () => notices(house).length === 1);
}

describe('the breaker', () => {
  test('W2: the third failure in a row opens it, each further one doubles the wait, to ten minutes', () => {
    const waits = [0, 2, 3, 4, 5, 9, 100].map((count) => breakerDelayMs({ first: 1, count }));
    assert.deepEqual(waits, [null, null, 10_000, 20_000, 40_000, 600_000, 600_000]);
  });

  test('W2: tells the sender once per incident, and once when it is over', async (t) => {
    const house = await openHouse(t, { maxTries: 50 });
    await openBreaker(house);
    assert.match(notices(house)[0] ?? '', OPEN);
    for (let number = 4; number <= 6; number += 1) {
      await house.advanceToRetry();
      await until('it has failed', async () => (await house.generations())[number - 1]?.state === 'settled');
    }
    assert.equal(notices(house).length, 1);
    house.runtime.always = answering;
    await house.advanceToRetry();
    await house.end('m1', 'answered');
    await until('its end is told', () => notices(house).length === 2);
    assert.equal(notices(house)[1], OVER);
    await house.say('m2');
    await house.end('m2', 'answered');
    await settle();
    assert.equal(notices(house).length, 2);
  });

  test('W16: one life that takes up work closes it: later failures count from one again', async (t) => {
    const house = await openHouse(t, { maxTries: 50 });
    await openBreaker(house);
    house.runtime.always = answering;
    await house.advanceToRetry();
    await house.end('m1', 'answered');
    await until('its end is told', () => notices(house).length === 2);
    house.runtime.last.exit(0);
    await until('it is asleep', () => house.supervisor.summary().awake === 0);
    house.runtime.next = [dyingAtBoot, dyingAtBoot];
    await house.say('m2');
    await house.advanceToRetry();
    await house.end('m2', 'answered');
    await settle();
    assert.equal(notices(house).length, 2);
  });

  test('W2: messages that come while it is open start nothing before its time', async (t) => {
    const house = await openHouse(t, { maxTries: 50 });
    await openBreaker(house);
    const { length } = house.runtime.lives;
    for (const id of ['m2', 'm3', 'm4']) await house.say(id);
    await settle();
    assert.equal(house.runtime.lives.length, length);
    assert.match(house.supervisor.summary().waitingFor[0] ?? '', /failed to start 3 times in a row/);
    house.runtime.always = answering;
    house.clock.advance(10_000);
    for (const id of ['m1', 'm2', 'm3', 'm4']) await house.end(id, 'answered');
  });

  test('W2: a host that comes after goes on with the incident, and tells it no second time', async (t) => {
    const house = await openHouse(t, { maxTries: 50 });
    await openBreaker(house);
    house.rehouse();
    await house.engine.start();
    await house.supervisor.start();
    await house.advanceToRetry();
    await until('it was tried again', async () => (await house.generations())[3]?.state === 'settled');
    await settle();
    assert.equal(notices(house).length, 1);
    house.runtime.always = answering;
    await house.advanceToRetry();
    await house.end('m1', 'answered');
    await until('its end is told', () => notices(house).length === 2);
  });

  test('W2: a life that was cut off by the end of its host ends no incident', async (t) => {
    const house = await openHouse(t, { maxTries: 50 });
    await openBreaker(house);
    house.runtime.always = neverReady;
    await house.advanceToRetry();
    await until('it runs', async () => (await house.generations())[3]?.state === 'running');
    house.runtime.last.whole = false;
    house.rehouse();
    house.runtime.always = answering;
    await house.engine.start();
    await house.supervisor.start();
    await house.end('m1', 'answered');
    await until('its end is told', () => notices(house).length === 2);
  });

  test('a sandbox that dies at work is no incident: its tries are counted, nobody is told', async (t) => {
    const house = await openHouse(t, { maxTries: 50 });
    house.runtime.next = [dyingAtWork, dyingAtWork, dyingAtWork, dyingAtWork];
    await house.say('m1');
    for (let n = 0; n < 3; n += 1) await house.advanceToRetry();
    await house.end('m1', 'answered');
    await settle();
    assert.deepEqual(notices(house), []);
  });
});
