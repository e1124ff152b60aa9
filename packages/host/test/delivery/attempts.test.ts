/**
 * Attempts and receipts of the engine: what is on disk when, and what follows from each end. Not here: crashes
 * (crash.test.ts), order (lanes.test.ts), pieces (pieces.test.ts).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PermanentError, RetryableError, type SendResult, UnknownOutcomeError } from '@bellhop/channels';
import { hang } from '../fake-channel.ts';
import { settle, until } from '../until.ts';
import { openDeliveryWorld } from './world.ts';

describe('one delivery', () => {
  test('D2: the attempt is on disk before the platform is called', async (t) => {
    const world = await openDeliveryWorld(t);
    const seen: unknown[] = [];
    world.channel.inside = async () => {
      seen.push(
        ...(await world.rows(
          'SELECT d.state, p.state AS piece, p.attempts FROM deliveries d JOIN pieces p ON p.out_id = d.out_id',
        )),
      );
    };
    await world.engine.send([await world.record('a', 'hello')]);
    assert.deepEqual(
      seen.map((row) => ({ ...(row as object) })),
      [{ state: 'attempting', piece: 'attempting', attempts: 1 }],
    );
    assert.equal(await world.stateOf('a'), 'delivered');
  });

  test('a confirmed one is delivered under the id of the platform, and told once', async (t) => {
    const world = await openDeliveryWorld(t);
    await world.engine.send([await world.record('a', 'hello')]);
    const [piece] = await world.rows('SELECT state, platform_message_id FROM pieces');
    assert.deepEqual({ ...piece }, { state: 'delivered', platform_message_id: 'platform-1' });
    assert.deepEqual(world.ends, [{ session: world.home.id, id: 'a', state: 'delivered' }]);
  });

  test('D1: a permanent refusal is failed with its reason, never delivered, and not tried again', async (t) => {
    const world = await openDeliveryWorld(t);
    world.channel.script(new PermanentError('the bot was kicked'));
    await world.engine.send([await world.record('a', 'hello')]);
    assert.equal(await world.stateOf('a'), 'failed');
    const [row] = await world.rows('SELECT reason FROM deliveries');
    assert.equal(row?.reason, 'the bot was kicked');
    world.clock.advance(86_400_000);
    assert.equal(world.channel.calls.length, 1);
    assert.equal(world.ends[0]?.state, 'failed');
  });

  test('D1: without the channel it was for, it fails and says which is missing', async (t) => {
    const world = await openDeliveryWorld(t);
    await world.engine.send([
      await world.record('a', 'hello', { channel: 'pigeon' }),
      await world.record('b', 'hello', { channel: null }),
    ]);
    const rows = await world.rows('SELECT state, reason FROM deliveries ORDER BY out_id');
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [
        { state: 'failed', reason: 'there is no channel pigeon' },
        { state: 'failed', reason: 'there is no channel null' },
      ],
    );
    assert.equal(world.channel.calls.length, 0);
  });

  test('D4: it is tried again when the platform asked for it, not a millisecond earlier', async (t) => {
    const world = await openDeliveryWorld(t);
    world.channel.script(new RetryableError('429', 90_000), null);
    await world.engine.send([await world.record('a', 'hello')]);
    assert.equal(await world.stateOf('a'), 'retry');
    world.clock.advance(89_999);
    await settle();
    assert.equal(world.channel.calls.length, 1);
    world.clock.advance(1);
    await until('the second attempt is delivered', () => world.ends.length === 1);
    assert.equal(await world.stateOf('a'), 'delivered');
    assert.deepEqual(
      world.channel.calls.map((call) => call.key),
      [`${world.home.id}:a:0`, `${world.home.id}:a:0`],
    );
  });

  test('D4: a platform that is down for good ends it after six attempts, and someone is told', async (t) => {
    const world = await openDeliveryWorld(t);
    world.channel.always = () => Promise.reject(new RetryableError('down'));
    await world.engine.send([await world.record('a', 'hello')]);
    while (world.ends.length === 0) {
      const made = world.channel.calls.length;
      await until('it waits for the next attempt', () => world.clock.pending === 1);
      world.clock.advance(world.clock.nextInMs ?? 0);
      await until(
        'the attempt is made and over',
        async () => world.channel.calls.length > made && (await world.stateOf('a')) !== 'attempting',
      );
    }
    assert.equal(world.channel.calls.length, 6);
    assert.deepEqual(
      world.ends.map((end) => end.state),
      ['failed'],
    );
  });

  test('U1: of six attempts whose outcome nobody knows the last makes it held, with the reason, and not failed', async (t) => {
    const ends: readonly (readonly [string, (made: number) => Error])[] = [
      ['each of them', () => new UnknownOutcomeError('no answer')],
      [
        'the first alone',
        (made) => (made === 1 ? new UnknownOutcomeError('no answer') : new RetryableError('429')),
      ],
      [
        'the last alone',
        (made) => (made === 6 ? new UnknownOutcomeError('no answer') : new RetryableError('429')),
      ],
      [
        'the first, and the second was refused',
        (made) => (made === 1 ? new UnknownOutcomeError('no answer') : new PermanentError('kicked')),
      ],
    ];
    for (const [what, errorOf] of ends) {
      for (const onUnknown of ['resend-same-key', 'resend-marked'] as const) {
        const world = await openDeliveryWorld(t, { onUnknown });
        world.channel.always = () => Promise.reject(errorOf(world.channel.calls.length));
        await world.engine.send([await world.record('a', 'hello')]);
        while (world.ends.length === 0) {
          await until('it waits or has ended', () => world.clock.pending === 1 || world.ends.length === 1);
          world.clock.advance(world.clock.nextInMs ?? 0);
        }
        assert.equal(await world.stateOf('a'), 'held', what);
        const [row] = await world.rows('SELECT reason FROM deliveries');
        assert.match(String(row?.reason), /^nobody knows whether it arrived: /, what);
        assert.equal(world.channel.calls.length, what.endsWith('refused') ? 2 : 6);
        const pieces = await world.rows('SELECT state FROM pieces');
        assert.deepEqual(
          pieces.map(({ state }) => state),
          ['unknown'],
        );
      }
    }
  });

  test('U1: an unknown outcome stays one when its channel, or the message that it changes, is gone later', async (t) => {
    for (const gone of ['channel', 'target']) {
      const world = await openDeliveryWorld(t, { onUnknown: 'resend-marked' });
      await world.engine.send([await world.record('first', 'hello')]);
      world.channel.always = () => Promise.reject(new UnknownOutcomeError('no answer'));
      await world.engine.send([await world.record('edit', { kind: 'edit', target: 'first', text: 'x' })]);
      await world.engine.stop();
      if (gone === 'target')
        await world.store.transaction((sql) => sql.run("DELETE FROM pieces WHERE out_id = 'first'"));
      await world.engineOn(world.store, gone === 'channel' ? [] : undefined).start();
      world.clock.advance(5_000);
      await until('it has ended', () => world.ends.length === 2);
      assert.equal(await world.stateOf('edit'), 'held', gone);
      assert.equal(world.channel.calls.length, 2);
    }
  });

  test('D5: an answer that does not come in time is an unknown outcome, and the send is told to give up', async (t) => {
    const world = await openDeliveryWorld(t, { onUnknown: 'hold', sendTimeoutMs: 10_000 });
    const signals: AbortSignal[] = [];
    world.channel.always = (_message, signal) => {
      signals.push(signal);
      return hang();
    };
    const sent = world.engine.send([await world.record('a', 'hello')]);
    await until('the platform was called', () => signals.length === 1);
    world.clock.advance(9_999);
    assert.equal(signals[0]?.aborted, false);
    world.clock.advance(1);
    await sent;
    assert.equal(signals[0]?.aborted, true);
    assert.equal(await world.stateOf('a'), 'held');
    assert.equal(world.clock.pending, 0);
  });

  test('D2: once unknown it stays so: the send after one that was turned away is still marked as a repeat', async (t) => {
    const world = await openDeliveryWorld(t, { onUnknown: 'resend-marked' });
    world.channel.script(new UnknownOutcomeError('no answer'), new RetryableError('429'), null);
    await world.engine.send([await world.record('a', 'hello')]);
    for (const made of [1, 2]) {
      await until('it waits for the next attempt', () => world.clock.pending === 1);
      world.clock.advance(world.clock.nextInMs ?? 0);
      await until('the attempt is made', () => world.channel.calls.length > made);
    }
    await until('the last is delivered', () => world.ends.length === 1);
    assert.deepEqual(
      world.channel.calls.map((call) => call.maybeRepeat),
      [false, true, true],
    );
  });

  test('D1: an adapter that throws before it returns a promise is an unknown outcome as well', async (t) => {
    const world = await openDeliveryWorld(t, { onUnknown: 'hold' });
    world.channel.send = () => {
      throw new TypeError('a bug of the adapter');
    };
    await world.engine.send([await world.record('a', 'hello')]);
    assert.equal(await world.stateOf('a'), 'held');
    assert.equal(world.clock.pending, 0);
  });

  test('W11: a hung send does not block the stop', async (t) => {
    const world = await openDeliveryWorld(t);
    world.channel.always = hang;
    void world.engine.send([await world.record('a', 'hello'), await world.record('b', 'next')]);
    await until('the platform was called', () => world.channel.calls.length === 1);
    const stopped = world.engine.stop();
    world.clock.advance(3_000);
    await stopped;
    assert.equal(world.clock.pending, 0);
    assert.equal(await world.stateOf('a'), 'retry');
    const [piece] = await world.rows('SELECT state FROM pieces');
    assert.equal(piece?.state, 'unknown');
    assert.equal(world.channel.calls.length, 1);
  });

  test('W11: a send that ends within the grace of a stop has its receipt when the stop is over', async (t) => {
    const world = await openDeliveryWorld(t);
    const answer = Promise.withResolvers<SendResult>();
    world.channel.always = () => answer.promise;
    void world.engine.send([await world.record('a', 'hello'), await world.record('b', 'next')]);
    await until('the platform was called', () => world.channel.calls.length === 1);
    const stopped = world.engine.stop();
    answer.resolve({ platformMessageId: 'p' });
    await stopped;
    assert.deepEqual([await world.stateOf('a'), await world.stateOf('b')], ['delivered', 'queued']);
    assert.equal(world.clock.pending, 0);
  });

  test('W11: a stop cancels what waits for its time, and begins nothing more', async (t) => {
    const world = await openDeliveryWorld(t);
    world.channel.script(new RetryableError('429', 5_000));
    await world.engine.send([await world.record('a', 'again')]);
    void world.engine.send([await world.record('b', 'x', { dueMs: world.clock.now() + 1_000, chat: 'b' })]);
    await until('both wait', () => world.clock.pending === 2);
    await world.engine.stop();
    assert.equal(world.clock.pending, 0);
    world.clock.advance(60_000);
    assert.equal(world.channel.calls.length, 1);
  });
});
