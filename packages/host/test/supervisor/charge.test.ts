/** What an end of a sandbox costs its messages. Not here: when a sandbox is ended (life.test.ts). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MessageId } from '@bellhop/mailbox';
import { SandboxUnavailable } from '../../src/sandboxes/port.ts';
import { settle, until } from '../until.ts';
import { answering, type Behaviour, dyingAtBoot, dyingAtWork, dyingWhenReady } from './behaviours.ts';
import { type House, notices, openHouse } from './world.ts';

async function triesOf(house: House, id: string): Promise<number> {
  const [row] = await house.rows('SELECT session_id FROM targets WHERE message_id = ?', id);
  const [session] = await house.rows('SELECT agent_id FROM sessions WHERE id = ?', String(row?.session_id));
  const key = { id: row?.session_id, agentId: session?.agent_id } as never;
  return house.mailboxes.inbound(key, (mailbox) => mailbox.rows([id as never]).get(id as never)?.tries ?? -1);
}

describe('a try', () => {
  test('a message is answered, once, in its chat', async (t) => {
    const house = await openHouse(t);
    await house.say('m1');
    await house.end('m1', 'answered');
    await until('the answer is out', () => house.channel.texts.length === 1);
    assert.deepEqual(house.channel.texts, ['re: text of m1']);
    assert.equal(await triesOf(house, 'm1'), 0);
  });

  test('W1: one sandbox that died at work costs one try, and the next one answers', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [dyingAtWork];
    await house.say('m1');
    await house.end('m1', 'answered');
    assert.equal(await triesOf(house, 'm1'), 1);
    assert.equal(house.runtime.lives.length, 2);
    await until('the answer is out', () => house.channel.texts.length === 1);
    assert.deepEqual(notices(house), []);
  });

  test('W4: it is charged once for a generation, however often the sweep runs', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [dyingAtWork, dyingAtWork];
    const session = await house.say('m1');
    await until('the second try is scheduled', async () => (await house.dueMs()) !== null);
    for (let n = 0; n < 20; n += 1) house.supervisor.nudge(session.id);
    await settle();
    assert.equal(await triesOf(house, 'm1'), 2);
    assert.equal(house.runtime.lives.length, 2);
  });

  for (const [name, incidents, behaviour] of [
    ['dies at boot', 1, () => dyingAtBoot],
    [
      'is ready and dies before it takes up work',
      1,
      (house: House) =>
        dyingWhenReady(async (text) => {
          await until('it was heard', () => house.told.includes(`live ${text}`));
        }),
    ],
    ['dies at work', 0, () => dyingAtWork],
  ] as const) {
    test(`W2: a sandbox that ${name}, always, ends as one dead letter with one notice after five tries`, async (t) => {
      const house = await openHouse(t);
      house.runtime.always = behaviour(house);
      await house.say('m1');
      const waits: number[] = [];
      for (let n = 0; n < 3; n += 1) waits.push(await house.advanceToRetry());
      await house.end('m1', 'failed');
      await until('the notices are out', () => notices(house).length > incidents);
      await settle();
      assert.deepEqual(waits, [5_000, 10_000, 20_000]);
      assert.equal(house.runtime.lives.length, 5);
      assert.equal(notices(house).length, incidents + 1);
      assert.match(notices(house).at(-1) ?? '', /its sandbox died .*5 tries/);
      assert.equal(house.channel.confirmed.at(-1)?.replyTo, 'm1');
      assert.equal(house.told.filter((line) => line === 'm1 failed').length, 1);
      // And it stays over.
      house.clock.advance(600_000);
      await settle();
      assert.equal(house.runtime.lives.length, 5);
    });
  }

  test('W6: a series goes on when its occurrence has failed because no sandbox came up', async (t) => {
    const house = await openHouse(t, { maxTries: 1 });
    const session = await house.say('m1');
    await house.end('m1', 'answered');
    house.runtime.always = dyingAtBoot;
    const { channel, chat, thread } = session;
    const content = '{"prompt":"stretch"}';
    const task = { id: 'daily' as MessageId, kind: 'task', timestampMs: 0, content, trigger: true } as const;
    const when = { dueMs: 1, recurrence: '0 9 * * *', seriesId: null, channel, chat, thread };
    house.runtime.last.exit(0);
    await until('its life is settled', async () => (await house.generations())[0]?.state === 'settled');
    await house.mailboxes.inbound(session, (mailbox) => mailbox.enqueue([{ ...task, ...when }]));
    house.supervisor.nudge(session.id);
    await house.end('daily', 'failed');
    await until('the next one waits', async () => (await house.dueMs()) !== null);
    const next = new Date((await house.dueMs()) ?? 0).toISOString();
    assert.match(next, /T09:00:00\.000Z$/);
  });

  test('W2: a dead letter does not take the next message with it', async (t) => {
    const house = await openHouse(t, { maxTries: 1 });
    house.runtime.next = [dyingAtBoot];
    await house.say('m1');
    await house.end('m1', 'failed');
    await house.say('m2');
    await house.end('m2', 'answered');
  });

  test('W18: what a sandbox said before it was ready is in the log, and only then', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [dyingAtBoot, (life, clock) => answering(life, clock)];
    await house.say('m1');
    await house.end('m1', 'answered');
    house.runtime.last.exit(1, null, 'the words of m1');
    await until(
      'its end is in the log',
      () => house.log.lines.filter((l) => l.what === 'sandbox ended').length === 2,
    );
    const outputs = house.log.lines.filter((l) => l.what === 'sandbox ended').map((l) => l.fields.output);
    assert.deepEqual(outputs, ['no such harness', undefined]);
  });
});

describe('an agent that does not answer', () => {
  /** Puts its work off at every bell. */
  const busy =
    (errorClass: string): Behaviour =>
    async (life, clock) => {
      const work = () => {
        const turn = life.ended ? null : life.claim(clock.now());
        if (!turn) return;
        const ack = { status: 'released', errorClass, error: 'busy', retryAfterMs: 7_000 } as const;
        life.commit(turn.turnId, turn.messages, [], ack);
        life.say({ t: 'bell' });
      };
      life.onFrame = (frame) => (frame.t === 'stop' ? life.exit(0) : work());
      await life.ready();
      work();
    };

  test('L4: "later" puts the message off, costs no try and keeps the sandbox', async (t) => {
    const house = await openHouse(t);
    house.runtime.always = busy('demo');
    await house.say('m1');
    await until('it is put off', async () => (await house.dueMs()) === house.clock.now() + 7_000);
    assert.equal(await triesOf(house, 'm1'), 0);
    assert.equal(await house.stateOf('m1'), 'enqueued');
    assert.deepEqual(notices(house), []);
  });

  test('a model that is away is told once, however often the turn is tried', async (t) => {
    const house = await openHouse(t);
    house.runtime.always = busy('overload');
    await house.say('m1');
    for (let put = 1; put <= 3; put += 1) {
      const dueMs = house.clock.now() + Math.max(7_000, 5_000 * 2 ** (put - 1));
      await until('it is put off', async () => (await house.dueMs()) === dueMs);
      house.clock.advance(dueMs - house.clock.now());
      // A runner that is awake looks at its own clock.
      house.runtime.last.onFrame({ t: 'bell' });
    }
    await until('the notice is out', () => notices(house).length > 0);
    assert.deepEqual(notices(house), [
      'Your message is safe and waits: the model is overloaded. It is tried again by itself.',
    ]);
    assert.equal(await triesOf(house, 'm1'), 0);
  });

  test('L4: "never" ends the message at once, in the words of the agent', async (t) => {
    const house = await openHouse(t);
    house.runtime.always = async (life, clock) => {
      life.onFrame = (frame) => (frame.t === 'stop' ? life.exit(0) : undefined);
      await life.ready();
      const turn = life.claim(clock.now());
      if (turn)
        life.commit(turn.turnId, turn.messages, [], {
          status: 'failed',
          errorClass: 'auth',
          error: 'The key is wrong.',
        });
      life.say({ t: 'bell' });
    };
    await house.say('m1');
    await house.end('m1', 'failed');
    await until('the notice is out', () => notices(house).length === 1);
    assert.match(notices(house)[0] ?? '', /^There is no answer to this message: The key is wrong\. /);
  });
});

describe('a runtime that cannot start anything', () => {
  test('W2: costs no try, is told once, and the message is answered when it can again', async (t) => {
    const house = await openHouse(t);
    house.runtime.refusal = new SandboxUnavailable('bubblewrap is missing', 'Type: apt install bubblewrap');
    const session = await house.say('m1');
    for (let refused = 1; refused <= 4; refused += 1) {
      await until(
        'it was refused and waits',
        () => house.runtime.refused === refused && house.supervisor.waitingFor(session.id) !== null,
      );
      await until('its block has a timer', () =>
        house.clock.isSetFor(house.clock.now() + 2_000 * 2 ** (refused - 1)),
      );
      house.clock.advance(2_000 * 2 ** (refused - 1));
    }
    house.runtime.refusal = null;
    await until('one refusal more at most', () => house.runtime.refused >= 4);
    house.clock.advance(60_000);
    await house.end('m1', 'answered');
    assert.equal(await triesOf(house, 'm1'), 0);
    assert.deepEqual(notices(house), [
      'Your message is safe and waits: bubblewrap is missing. Type: apt install bubblewrap',
    ]);
    assert.equal(house.supervisor.waitingFor(session.id), null);
  });

  test('W2: a message that comes while it waits starts nothing early', async (t) => {
    const house = await openHouse(t);
    house.runtime.refusal = new SandboxUnavailable('no engine', 'Start it.');
    await house.say('m1');
    await until('it waits', () => house.supervisor.summary().waitingFor.length === 1);
    await house.say('m2');
    await settle();
    assert.equal(house.runtime.refused, 1);
    assert.deepEqual(house.supervisor.summary().waitingFor, ['no engine']);
  });
});
