/**
 * Channels that refuse to start (H14): the host stays up, says so, tries again, and what is said through them waits. Around
 * the supervision alone, and in a whole host.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Channel, ChannelSink } from '@bellhop/channels';
import { startTestHost } from '../../../tests/test-host/host.ts';
import { Connections } from '../src/connections/connections.ts';
import { lookAtRecords } from '../src/doctor/records.ts';
import { addUser, addWiring } from '../src/store/agents.ts';
import { REFUSED } from '../src/store/connections.ts';
import { addDelivery } from '../src/store/deliveries.ts';
import { openStore } from '../src/store/sqlite.ts';
import type { AgentId } from '../src/types.ts';
import { groundAt, told } from './doctor/ground.ts';
import { FakeChannel } from './fake-channel.ts';
import { message } from './router/events.ts';
import { OWNER, openStoreWorld } from './store-world.ts';
import { settle, until } from './until.ts';

/** A channel whose starts are scripted: an error is thrown, null takes us; the last one stays. */
class Refusing extends FakeChannel {
  starts: (Error | string | null | Promise<void>)[] = [];
  started = 0;
  stopped = 0;
  /** Throws before it has a promise. */
  isRude = false;

  override start(sink: ChannelSink): Promise<void> {
    this.started += 1;
    const next = this.starts.length > 1 ? this.starts.shift() : this.starts[0];
    if (next === null || next === undefined) return super.start(sink);
    if (next instanceof Promise) return next.then(() => super.start(sink));
    if (this.isRude) throw next;
    return Promise.reject(next);
  }

  override async stop(): Promise<void> {
    this.stopped += 1;
    await super.stop();
  }
}

async function openConnections(t: TestContext, ...channels: Channel[]) {
  const world = await openStoreWorld(t);
  const ups: string[] = [];
  const connections = new Connections({
    ...world,
    channels: new Map(channels.map((one) => [one.name, one])),
    accept: async () => ({ kind: 'refused', reason: 'a test' }),
    onUp: (channel) => void ups.push(channel),
  });
  const noted = async () =>
    (await world.rows('SELECT name, value FROM settings WHERE name LIKE ?', `${REFUSED}%`)).map(
      ({ name, value }) => `${String(name).slice(REFUSED.length)}: ${value}`,
    );
  return { ...world, connections, ups, noted };
}

describe('a channel that is refused', () => {
  test('H14: holds up no other, whether it rejects, throws at once, throws no error, or never answers', async (t) => {
    const [rejects, throws, odd, hangs, good] = ['rejects', 'throws', 'odd', 'hangs', 'good'].map(
      (name) => new Refusing({}, name),
    ) as [Refusing, Refusing, Refusing, Refusing, Refusing];
    rejects.starts = [new Error('bad token')];
    throws.starts = [new Error('a bug')];
    throws.isRude = true;
    odd.starts = ['no error at all'];
    hangs.starts = [new Promise(() => undefined)];
    const { connections, ups } = await openConnections(t, rejects, throws, odd, hangs, good);
    connections.start();
    await until('the good one is up', () => ups.length === 1);
    await settle();
    assert.deepEqual(
      connections.list().map(({ channel, state, reason }) => `${channel} ${state} ${reason}`),
      [
        'rejects refused bad token',
        'throws refused a bug',
        'odd refused no error at all',
        'hangs starting null',
        'good up null',
      ],
    );
    assert.deepEqual(
      [connections.isUp('good'), connections.isUp('hangs'), connections.isUp('none')],
      [true, false, false],
    );
  });

  test('H14: is tried again after 2, 4, 8 … seconds, five minutes at most, and goes on when it is taken', async (t) => {
    const channel = new Refusing();
    channel.starts = [...Array.from({ length: 10 }, () => new Error('bad token')), null];
    const { connections, clock, ups, noted, log } = await openConnections(t, channel);
    connections.start();
    const waits: number[] = [];
    for (let refusals = 1; refusals <= 10; refusals += 1) {
      await until('it is refused', () => connections.list()[0]?.refusals === refusals);
      const [state] = connections.list();
      const waitMs = (state?.retryAtMs ?? 0) - clock.now();
      waits.push(waitMs / 1_000);
      assert.equal(clock.nextInMs, waitMs);
      clock.advance(waitMs - 1);
      assert.equal(channel.started, refusals);
      clock.advance(1);
    }
    assert.deepEqual(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    await until('it is up', () => ups.length === 1);
    assert.deepEqual(connections.list(), [
      { channel: 'fake', state: 'up', reason: null, refusals: 0, retryAtMs: null },
    ]);
    await until('the note of it is gone', async () => (await noted()).length === 0);
    assert.equal(clock.pending, 0);
    assert.equal(log.errors.length, 1, 'one incident is one error');
  });

  test('H14: is noted for the doctor, under its last reason, and no longer when a host starts anew', async (t) => {
    const channel = new Refusing();
    channel.starts = [new Error('bad token'), new Error(`x${'y'.repeat(1_000)}`)];
    const { connections, clock, noted, dir, store } = await openConnections(t, channel);
    await store.transaction((sql) => sql.run('INSERT INTO settings VALUES (?, ?)', `${REFUSED}gone`, 'old'));
    connections.start();
    await until('it is noted', async () => (await noted()).join() === 'fake: bad token');
    const ground = { ...groundAt(t), dataDir: dir };
    const [found] = (await lookAtRecords(ground)).filter(({ id }) => id === 'channel');
    assert.equal(
      found?.what,
      'The channel fake could not be started: bad token. What is said through it waits.',
    );
    assert.deepEqual(told(found ? [found] : []), ['channel warning']);
    clock.advance(2_000);
    await until('its other reason is noted', async () => /^fake: xy+$/.test((await noted()).join()));
    assert.ok((await noted()).join().length < 320, 'an adapter’s words are bounded');
  });

  test('H14: that never answers is said to hang, is not started twice, and is up when it answers after all', async (t) => {
    const channel = new Refusing();
    const answer = Promise.withResolvers<void>();
    channel.starts = [answer.promise];
    const { connections, clock, ups } = await openConnections(t, channel);
    connections.start();
    clock.advance(3_600_000);
    assert.deepEqual(connections.list(), [
      {
        channel: 'fake',
        state: 'starting',
        reason: 'it has not answered for 60 s',
        refusals: 0,
        retryAtMs: null,
      },
    ]);
    assert.equal(channel.started, 1);
    answer.resolve();
    await until('it is up', () => ups.length === 1);
    assert.equal(connections.list()[0]?.reason, null);
  });

  test('H14: is not tried again once the host stops; a stop that fails or hangs, or a late start, is left behind', async (t) => {
    const [refused, late, broken, stuck] = ['refused', 'late', 'broken', 'stuck'].map(
      (name) => new Refusing({}, name),
    ) as [Refusing, Refusing, Refusing, Refusing];
    refused.starts = [new Error('bad token')];
    const answer = Promise.withResolvers<void>();
    late.starts = [answer.promise];
    broken.stop = () => Promise.reject(new Error('a bug'));
    stuck.stop = () => new Promise(() => undefined);
    const { connections, clock, log, ups } = await openConnections(t, refused, late, broken, stuck);
    connections.start();
    await until('two are up', () => ups.length === 2);
    const stopping = connections.stop();
    answer.resolve();
    await until('the late one was stopped again', () => late.stopped === 2);
    assert.equal(late.sink, null);
    clock.advance(5_000);
    await stopping;
    clock.advance(3_600_000);
    assert.equal(refused.started, 1);
    assert.equal(clock.pending, 0);
    assert.match(log.errors.join(), /channel not stopped.*broken/);
  });
});

describe('a whole host', () => {
  test('H14: is up while a channel is refused, says so, and serves it when it is taken', async () => {
    const telegram = new Refusing({}, 'telegram');
    const taken = Promise.withResolvers<void>();
    telegram.starts = [new Error('401: bad token'), taken.promise];
    await using host = await startTestHost({ channels: [telegram] });
    const [answer] = await host.person().ask('hello');
    assert.equal(answer, 'You said: hello', 'the others are served');
    const { body } = await host.person().api.status();
    const state = body.channels.find(({ name }) => name === 'telegram');
    assert.equal(state?.reason, '401: bad token');
    assert.notEqual(state?.state, 'up');
    await host.store.transaction(async (sql) => {
      await addUser(sql, OWNER, 'owner');
      const modes = { agent: 'bell' as AgentId, engageMode: 'always', sessionMode: 'per-thread' } as const;
      await addWiring(sql, { channel: 'telegram', chat: 'chat', ...modes });
    });
    taken.resolve();
    await until('it is up', () => telegram.sink !== null);
    for (const id of ['m1', 'm2']) await telegram.sink?.accept(message(id));
    await until('both are answered', () => telegram.texts.length === 2);
  });

  test('H14: sends nothing by a channel before it has started, and then what a dead host left, once and in order', async () => {
    const telegram = new Refusing({}, 'telegram');
    const host = await startTestHost({ channels: [telegram] });
    try {
      await host.store.transaction(async (sql) => {
        await addUser(sql, OWNER, 'owner');
        const modes = { agent: 'bell' as AgentId, engageMode: 'always', sessionMode: 'per-thread' } as const;
        await addWiring(sql, { channel: 'telegram', chat: 'chat', ...modes });
      });
      await telegram.sink?.accept(message('m1'));
      await until('it is answered', () => telegram.texts.length === 1);
      const [session] = await host.store.read.all("SELECT id FROM sessions WHERE channel = 'telegram'");
      const row = (n: number) => ({
        ...{ session: String(session?.id) as never, id: `left-${n}` as never, seq: 1_001 + 2 * n },
        ...{ inReplyTo: null, channel: 'telegram', chat: 'chat', thread: null, state: 'queued' },
        ...{ content: JSON.stringify({ kind: 'text', text: `left ${n}`, files: [], notice: false }) },
        ...{ reason: null, dueMs: 0, createdMs: 1 },
      });
      await host.stop();
      const taken = Promise.withResolvers<void>();
      telegram.starts = [new Error('bad token'), taken.promise];
      telegram.calls.length = 0;
      const dead = openStore(join(host.data, 'bellhop.db'));
      await dead.transaction((sql) => addDelivery(sql, row(1) as never));
      await dead.close();
      await host.start();
      for (const n of [2, 3]) await host.store.transaction((sql) => addDelivery(sql, row(n) as never));
      // Another channel's answer is out meanwhile.
      await host.person().ask('hello');
      await settle();
      assert.equal(telegram.calls.length, 0, 'nothing is sent before it has started');
      taken.resolve();
      await until('all is out', () => telegram.calls.length === 3);
      await settle();
      assert.deepEqual(telegram.texts.slice(1), ['left 1', 'left 2', 'left 3']);
    } finally {
      await host[Symbol.asyncDispose]();
    }
  });
});
