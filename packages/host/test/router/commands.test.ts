/** Commands to Bellhop itself: matched to the letter, answered by the host, once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hangingAtWork } from '../supervisor/behaviours.ts';
import { notices, openHouse } from '../supervisor/world.ts';
import { until } from '../until.ts';

describe('commands of the host', () => {
  test('/help lists every command, and wakes nobody', async (t) => {
    const house = await openHouse(t);
    await house.say('c1', { text: ' /help\n' });
    await house.end('c1', 'answered');
    await until('it is said', () => notices(house).length === 1);
    for (const name of ['/help', '/stop', '/new', '/status', '/model', '/usage'])
      assert.match(notices(house)[0] ?? '', new RegExp(name));
    assert.equal(house.runtime.lives.length, 0);
    await until('its end is told', () => house.told.includes('c1 answered'));
  });

  test('R14: what only begins like a command, or is written otherwise, goes to the agent', async (t) => {
    const house = await openHouse(t);
    for (const [index, text] of ['/newish', '/new thing', '/NEW', 'new', '/clear'].entries()) {
      await house.say(`m${index}`, { text });
      await house.end(`m${index}`, 'answered');
      await until('the agent answered it', () => house.channel.texts.includes(`re: ${text}`));
    }
    assert.deepEqual(notices(house), []);
  });

  test('R3: a redelivered command is answered once', async (t) => {
    const house = await openHouse(t);
    for (let n = 0; n < 3; n += 1) await house.accept('c1', { text: '/status' });
    await house.say('m1');
    await house.end('m1', 'answered');
    assert.equal(notices(house).length, 1);
  });

  test('/new begins a fresh session in the same chat; what the old one still holds is answered', async (t) => {
    const house = await openHouse(t);
    const old = await house.say('m1');
    await house.accept('c1', { text: '/new' });
    const fresh = await house.say('m2');
    assert.notEqual(fresh.id, old.id);
    assert.deepEqual([fresh.channel, fresh.chat, fresh.thread], [old.channel, old.chat, old.thread]);
    for (const id of ['m1', 'm2']) await house.end(id, 'answered');
  });

  test('/stop ends the running turn, and says so when there is none', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [hangingAtWork];
    const session = await house.say('m1');
    await until('it is at work', () => house.supervisor.working(session.id).has('m1'));
    await house.accept('c1', { text: '/status' });
    await house.accept('c2', { text: '/stop' });
    house.clock.advance(5_000);
    await house.end('m1', 'failed');
    await house.accept('c3', { text: '/stop' });
    await until('all is said', () => notices(house).length === 4);
    const said = notices(house).join('\n');
    for (const words of [/is at work/, /^Stopping\.$/m, /you stopped it/, /^Nothing is at work here\.$/m])
      assert.match(said, words);
  });

  test('a stranger gets no answer, and nothing of it is kept', async (t) => {
    const house = await openHouse(t);
    const accepted = await house.accept('c1', {
      text: '/status',
      sender: { id: 'fake:stranger', name: 'you' },
    });
    assert.equal(accepted.kind, 'refused');
    assert.equal(notices(house).length, 0);
  });
});
