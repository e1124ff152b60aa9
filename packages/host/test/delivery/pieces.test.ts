/** Long texts: each piece has its receipt. Not here: where a text is cut (pure/pieces.test.ts). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PermanentError, RetryableError, UnknownOutcomeError } from '@bellhop/channels';
import { until } from '../until.ts';
import { openDeliveryWorld } from './world.ts';

const LONG = 'first part\n\nsecond part\n\nthird part';
const limits = { maxTextLength: 12 };

describe('a long text', () => {
  test('D3: goes out in pieces, each under a key of its own, the files with the first', async (t) => {
    const world = await openDeliveryWorld(t, limits);
    const files = [{ name: 'a.txt', path: '/a.txt', size: 1 }];
    const content = { kind: 'text' as const, text: LONG, files, notice: false };
    await world.engine.send([await world.record('a', content)]);
    assert.deepEqual(world.channel.texts, ['first part', 'second part', 'third part']);
    assert.equal(new Set(world.channel.calls.map((call) => call.key)).size, 3);
    assert.deepEqual(
      world.channel.calls.map(({ content: c }) => (c.kind === 'text' ? c.files.length : -1)),
      [1, 0, 0],
    );
    assert.equal(world.ends.length, 1);
  });

  for (const [name, error] of [
    ['refused for now', new RetryableError('429')],
    ['of unknown outcome', new UnknownOutcomeError('lost')],
  ] as const) {
    test(`D3: a piece ${name} is tried again, the pieces before it are not`, async (t) => {
      const world = await openDeliveryWorld(t, limits);
      world.channel.script(null, error);
      await world.engine.send([await world.record('a', LONG)]);
      assert.deepEqual(world.channel.texts, ['first part']);
      world.clock.advance(5_000);
      await until('it is delivered', () => world.ends.length === 1);
      assert.deepEqual(world.channel.texts, ['first part', 'second part', 'third part']);
    });
  }

  test('D3: and not by the next host either', async (t) => {
    const world = await openDeliveryWorld(t, limits);
    world.channel.script(null, null, new RetryableError('429'));
    await world.engine.send([await world.record('a', LONG)]);
    await world.engine.stop();
    world.clock.advance(5_000);
    await world.engineOn(world.store).start();
    await until('it is delivered', () => world.ends.length === 1);
    assert.deepEqual(world.channel.texts, ['first part', 'second part', 'third part']);
  });

  test('D1: a refused piece fails the whole message, and those behind it are not sent', async (t) => {
    const world = await openDeliveryWorld(t, limits);
    world.channel.script(null, new PermanentError('no'));
    await world.engine.send([await world.record('a', LONG)]);
    assert.equal(world.channel.calls.length, 2);
    assert.equal(await world.stateOf('a'), 'failed');
  });
});
