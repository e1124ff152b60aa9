/** Order within a chat, and that one chat holds up no other. Not here: what becomes of an attempt (attempts.test.ts). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RetryableError, type SendResult } from '@bellhop/channels';
import { hang } from '../fake-channel.ts';
import { settle, until } from '../until.ts';
import { openDeliveryWorld } from './world.ts';

describe('lanes', () => {
  test('D7: what goes to one chat arrives in order, even when the first is slow', async (t) => {
    const world = await openDeliveryWorld(t);
    const first = Promise.withResolvers<SendResult>();
    world.channel.script(() => first.promise);
    const sent = world.engine.send([
      await world.record('a', 'one'),
      await world.record('b', 'two'),
      await world.record('c', 'three'),
    ]);
    await until('the first is on its way', () => world.channel.calls.length === 1);
    await settle();
    assert.equal(world.channel.calls.length, 1);
    first.resolve({ platformMessageId: 'p' });
    await sent;
    assert.deepEqual(world.channel.texts, ['one', 'two', 'three']);
  });

  test('D7: a message that must be tried again holds back those behind it', async (t) => {
    const world = await openDeliveryWorld(t);
    world.channel.script(new RetryableError('429', 30_000));
    void world.engine.send([await world.record('a', 'one'), await world.record('b', 'two')]);
    await until('it waits', () => world.clock.pending === 1);
    await settle();
    assert.equal(world.channel.calls.length, 1);
    world.clock.advance(30_000);
    await until('both are delivered', () => world.ends.length === 2);
    assert.deepEqual(world.channel.texts, ['one', 'two']);
  });

  test('D7: one that comes while an earlier one waits stands behind it', async (t) => {
    const world = await openDeliveryWorld(t);
    world.channel.script(new RetryableError('429', 30_000));
    await world.engine.send([await world.record('a', 'one')]);
    void world.engine.send([await world.record('b', 'two')]);
    await settle();
    assert.deepEqual(world.channel.texts, []);
    world.clock.advance(30_000);
    await until('both are delivered', () => world.ends.length === 2);
    assert.deepEqual(world.channel.texts, ['one', 'two']);
  });

  test('D5: a hung chat holds up no other chat and no other thread', async (t) => {
    const world = await openDeliveryWorld(t);
    world.channel.always = async (message) =>
      message.chat === 'chat' && message.thread === null ? hang() : { platformMessageId: 'p' };
    void world.engine.send([
      await world.record('a', 'hung'),
      await world.record('b', 'other chat', { chat: 'other' }),
      await world.record('c', 'other thread', { thread: 'thread' }),
    ]);
    await until('the others are delivered', () => world.ends.length === 2);
    assert.deepEqual(world.channel.texts.sort(), ['other chat', 'other thread']);
    const stopped = world.engine.stop();
    world.clock.advance(3_000);
    await stopped;
  });

  test('D5: a failed message does not stop its chat', async (t) => {
    const world = await openDeliveryWorld(t);
    await world.engine.send([
      await world.record('a', 'x', { content: '{"kind":"edit","target":"gone","text":"x"}' }),
      await world.record('b', 'two'),
    ]);
    assert.deepEqual(
      world.ends.map((end) => end.state),
      ['failed', 'delivered'],
    );
  });

  test('D6: a message for later goes out at its time and holds back none in between', async (t) => {
    const world = await openDeliveryWorld(t);
    const dueMs = world.clock.now() + 60_000;
    void world.engine.send([await world.record('a', 'later', { dueMs }), await world.record('b', 'now')]);
    await until('the one for now is delivered', () => world.ends.length === 1);
    assert.deepEqual(world.channel.texts, ['now']);
    world.clock.advance(59_999);
    await settle();
    assert.deepEqual(world.channel.texts, ['now']);
    world.clock.advance(1);
    await until('the one for later is delivered', () => world.ends.length === 2);
    assert.deepEqual(world.channel.texts, ['now', 'later']);
  });

  test('D6: a time beyond the longest timer is waited for in steps', async (t) => {
    const world = await openDeliveryWorld(t);
    const dueMs = world.clock.now() + 40 * 86_400_000;
    void world.engine.send([await world.record('a', 'in forty days', { dueMs })]);
    for (let day = 0; day < 39; day += 1) {
      await until('it waits', () => world.clock.pending === 1);
      world.clock.advance(86_400_000);
    }
    await until('it waits', () => world.clock.pending === 1);
    assert.equal(world.channel.calls.length, 0);
    world.clock.advance(86_400_000);
    await until('it is delivered', () => world.ends.length === 1);
  });
});
