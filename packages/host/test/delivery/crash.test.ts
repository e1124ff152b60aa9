/**
 * A host that dies between attempt and receipt, and the one that comes after it: the second engine opens the same store,
 * and all that the first one held in memory is gone (D2). Not here: the kill -9 of a whole host (tests/faults).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type OutgoingMessage, PermanentError, RetryableError } from '@bellhop/channels';
import type { Store } from '../../src/store/port.ts';
import { hang } from '../fake-channel.ts';
import { settle, until } from '../until.ts';
import { type DeliveryWorld, openDeliveryWorld } from './world.ts';

/** The platform takes the message, and the host dies before it hears of it. */
async function dieInMidSend(world: DeliveryWorld): Promise<OutgoingMessage> {
  world.channel.always = hang;
  void world.engine.send([await world.record('a', 'hello')]);
  await until('the platform was called', () => world.channel.calls.length === 1);
  world.channel.always = async () => ({ platformMessageId: 'second' });
  const [first] = world.channel.calls;
  assert.ok(first);
  return first;
}

/** A store whose transactions fail while the switch is on, as on a full disk. */
function faulty(store: Store): { store: Store; broken: { now: boolean; hits: number } } {
  const broken = { now: false, hits: 0 };
  const transaction: Store['transaction'] = (work) => {
    if (!broken.now) return store.transaction(work);
    broken.hits += 1;
    return Promise.reject(new Error('the disk is full'));
  };
  return { broken, store: { read: store.read, transaction, close: () => store.close() } };
}

describe('an attempt without a receipt', () => {
  test('D2: a channel with idempotency keys is sent the same again, under the same key', async (t) => {
    const world = await openDeliveryWorld(t, { onUnknown: 'resend-same-key' });
    const first = await dieInMidSend(world);
    await world.engineOn(world.store).start();
    await until('it is delivered', () => world.ends.length === 1);
    const second = world.channel.calls[1];
    assert.equal(second?.key, first.key);
    assert.equal(second?.maybeRepeat, false);
    assert.equal(await world.stateOf('a'), 'delivered');
  });

  test('D2: a channel without keys may ask for it again, marked as a possible repeat', async (t) => {
    const world = await openDeliveryWorld(t, { onUnknown: 'resend-marked' });
    const first = await dieInMidSend(world);
    assert.equal(first.maybeRepeat, false);
    await world.engineOn(world.store).start();
    await until('it is delivered', () => world.ends.length === 1);
    assert.equal(world.channel.calls[1]?.maybeRepeat, true);
  });

  test('D2: where the channel says hold, nothing is sent again and it is not called delivered', async (t) => {
    const world = await openDeliveryWorld(t, { onUnknown: 'hold' });
    await dieInMidSend(world);
    await world.engineOn(world.store).start();
    await until('it is held', () => world.ends.length === 1);
    assert.equal(await world.stateOf('a'), 'held');
    assert.equal(world.channel.calls.length, 1);
    const [row] = await world.rows('SELECT reason FROM deliveries');
    assert.match(String(row?.reason), /nobody knows whether it arrived/);
  });

  test('D2: what had its receipt is not sent again by the next host', async (t) => {
    const world = await openDeliveryWorld(t);
    await world.engine.send([await world.record('a', 'hello')]);
    const next = world.engineOn(world.store);
    await next.start();
    await settle();
    assert.equal(world.channel.calls.length, 1);
  });

  test('D2: a receipt that could not be written makes the next attempt a repeat, in the same host too', async (t) => {
    const world = await openDeliveryWorld(t, { onUnknown: 'resend-marked' });
    const { store, broken } = faulty(world.store);
    const engine = world.engineOn(store);
    world.channel.inside = () => {
      broken.now = true;
    };
    await engine.send([await world.record('a', 'hello')]);
    assert.equal(broken.hits, 1);
    world.channel.inside = () => undefined;
    broken.now = false;
    world.clock.advance(2_000);
    await until('it is delivered', () => world.ends.length === 1);
    assert.deepEqual(
      world.channel.calls.map((call) => call.maybeRepeat),
      [false, true],
    );
  });

  test('D2: and is held where the channel says hold', async (t) => {
    const world = await openDeliveryWorld(t, { onUnknown: 'hold' });
    const { store, broken } = faulty(world.store);
    const engine = world.engineOn(store);
    world.channel.inside = () => {
      broken.now = true;
    };
    await engine.send([await world.record('a', 'hello')]);
    broken.now = false;
    world.clock.advance(2_000);
    await until('it has ended', () => world.ends.length === 1);
    assert.equal(await world.stateOf('a'), 'held');
    assert.equal(world.channel.calls.length, 1);
  });

  test('D2: without an attempt on disk the platform is not called', async (t) => {
    const world = await openDeliveryWorld(t);
    const { store, broken } = faulty(world.store);
    const delivery = await world.record('a', 'hello');
    broken.now = true;
    await world.engineOn(store).send([delivery]);
    assert.equal(broken.hits, 1);
    assert.equal(world.channel.calls.length, 0);
    broken.now = false;
    world.clock.advance(2_000);
    await until('it is delivered', () => world.ends.length === 1);
  });
});

describe('what a dead host left', () => {
  test('D4: a wait that the platform asked for goes on under the next host', async (t) => {
    const world = await openDeliveryWorld(t);
    world.channel.script(new RetryableError('429', 60_000), null);
    await world.engine.send([await world.record('a', 'hello')]);
    await world.engine.stop();
    world.clock.advance(10_000);
    await world.engineOn(world.store).start();
    await until('it waits', () => world.clock.pending === 1);
    assert.equal(world.clock.nextInMs, 50_000);
    assert.equal(world.channel.calls.length, 1);
    world.clock.advance(50_000);
    await until('it is delivered', () => world.ends.length === 1);
  });

  test('D4: the number of attempts goes on as well', async (t) => {
    const world = await openDeliveryWorld(t);
    world.channel.always = () => Promise.reject(new RetryableError('down'));
    await world.record('a', 'hello');
    for (let host = 0; host < 6; host += 1) {
      const engine = world.engineOn(world.store);
      const made = world.channel.calls.length;
      await engine.start();
      await until(
        'an attempt has ended',
        async () => world.channel.calls.length > made && (await world.stateOf('a')) !== 'attempting',
      );
      await engine.stop();
      world.clock.advance(600_000);
    }
    assert.equal(world.channel.calls.length, 6);
    assert.equal(await world.stateOf('a'), 'failed');
  });

  test('D1: a permanent refusal stays one when the same rows are looked at again', async (t) => {
    const world = await openDeliveryWorld(t);
    world.channel.script(new PermanentError('the bot was kicked'));
    const delivery = await world.record('a', 'hello');
    await world.engine.send([delivery]);
    // The sweep that died before its last commit reads the row again, as if it were new.
    await world.engineOn(world.store).send([delivery]);
    assert.equal(world.channel.calls.length, 1);
    assert.equal(await world.stateOf('a'), 'failed');
  });

  test('D7: open deliveries go out in the order of their rows', async (t) => {
    const world = await openDeliveryWorld(t);
    for (const words of ['one', 'two', 'three']) await world.record(words, words);
    await world.engineOn(world.store).start();
    await until('all are delivered', () => world.ends.length === 3);
    assert.deepEqual(world.channel.texts, ['one', 'two', 'three']);
  });

  test('D2: a row that is sent by the new host and swept once more goes out once', async (t) => {
    const world = await openDeliveryWorld(t);
    const delivery = await world.record('a', 'hello');
    const next = world.engineOn(world.store);
    await Promise.all([next.start(), next.send([delivery])]);
    await until('it has ended', () => world.ends.length === 1);
    await settle();
    assert.equal(world.channel.calls.length, 1);
  });
});
