/** Edits and reactions name a row of the session; the platform is told its own id of it (D12). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MessageId } from '@bellhop/mailbox';
import { addTarget } from '../../src/store/events.ts';
import { openDeliveryWorld } from './world.ts';

describe('a target', () => {
  test('D12: an edit of an own message names the id that the platform gave it', async (t) => {
    const world = await openDeliveryWorld(t);
    await world.engine.send([
      await world.record('a', 'first version'),
      await world.record('b', { kind: 'edit', target: 'a', text: 'second version' }),
    ]);
    assert.deepEqual(world.channel.calls[1]?.content, {
      kind: 'edit',
      target: 'platform-1',
      text: 'second version',
    });
  });

  test('D12: an edit of a long message names its first piece', async (t) => {
    const world = await openDeliveryWorld(t, { maxTextLength: 5 });
    await world.engine.send([
      await world.record('a', 'one two'),
      await world.record('b', { kind: 'edit', target: 'a', text: 'x' }),
    ]);
    assert.deepEqual(world.channel.calls[2]?.content, { kind: 'edit', target: 'platform-1', text: 'x' });
  });

  test('D12: a reaction to a received message names the id that the platform sent', async (t) => {
    const world = await openDeliveryWorld(t);
    const message = 'event-7' as MessageId;
    const target = { session: world.home.id, message, channel: 'fake', thread: null };
    await world.store.transaction((sql) => addTarget(sql, target, '{}'));
    await world.engine.send([
      await world.record('a', { kind: 'reaction', target: 'event-7', emoji: 'eyes' }),
    ]);
    assert.deepEqual(world.channel.calls[0]?.content, { kind: 'reaction', target: 'event-7', emoji: 'eyes' });
  });

  test('D1: what refers to a message that is not there fails, and says so', async (t) => {
    const world = await openDeliveryWorld(t);
    await world.engine.send([await world.record('a', { kind: 'edit', target: 'nothing', text: 'x' })]);
    assert.equal(world.channel.calls.length, 0);
    const [row] = await world.rows('SELECT state, reason FROM deliveries');
    assert.deepEqual({ ...row }, { state: 'failed', reason: 'the message it refers to is not there' });
  });

  test('a message of another session: an agent cannot edit it by naming its row', async (t) => {
    const world = await openDeliveryWorld(t);
    await world.wire('other');
    const other = await world.session('other');
    await world.engine.send([await world.record('theirs', 'secret', { session: other.id, chat: 'other' })]);
    await world.engine.send([await world.record('mine', { kind: 'edit', target: 'theirs', text: 'forged' })]);
    assert.equal(world.channel.calls.length, 1);
    assert.equal(await world.stateOf('mine'), 'failed');
  });
});
