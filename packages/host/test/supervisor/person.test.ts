/** What a person may do to a turn and to a dead letter, and what they see of a turn: stop, try again, ledger. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MessageId } from '@bellhop/mailbox';
import type { SessionId } from '../../src/types.ts';
import { settle, until } from '../until.ts';
import { answering, type Behaviour, dyingAtWork, hangingAtWork } from './behaviours.ts';
import { type House, notices, openHouse } from './world.ts';

const SESSION = 'session-1' as SessionId;
const failing: Behaviour = async (life, clock) => {
  await life.ready();
  const turn = life.claim(clock.now());
  if (turn) life.commit(turn.turnId, turn.messages, [], { status: 'failed', error: 'no such thing' });
  life.say({ t: 'bell' });
};

const atWork = (house: House, id: string) =>
  until(`${id} is at work`, () => house.supervisor.working(SESSION).has(id));

describe('stopping a turn', () => {
  test('a runner that is asked to ends the turn itself, and its sandbox lives on', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [
      async (life, clock) => {
        await life.ready();
        const turn = life.claim(clock.now());
        if (!turn) return;
        life.say({ t: 'working', turn: turn.turnId, messages: turn.messages.map((m) => m.id) });
        life.onFrame = (frame) => {
          if (frame.t !== 'cancel') return;
          life.commit(turn.turnId, turn.messages, [], { status: 'failed', error: 'you stopped it' });
          life.say({ t: 'bell' });
          life.say({ t: 'idle' });
        };
      },
    ];
    await house.say('m1');
    await atWork(house, 'm1');
    assert.equal(house.supervisor.stopTurn(SESSION), true);
    await house.end('m1', 'failed');
    house.clock.advance(5_000);
    await settle();
    assert.equal(house.runtime.last.ended, null);
    assert.match(notices(house)[0] ?? '', /you stopped it/);
  });

  test('a runner that does not listen is ended, and its message has failed whatever tries it had left', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [hangingAtWork];
    await house.say('m1');
    await atWork(house, 'm1');
    assert.equal(house.supervisor.stopTurn(SESSION), true);
    house.clock.advance(4_999);
    await settle();
    assert.equal(house.runtime.last.ended, null, 'it is given its time');
    house.clock.advance(1);
    await house.end('m1', 'failed');
    assert.equal(house.runtime.lives.length, 1, 'nothing is started for it again');
    assert.deepEqual(
      (await house.generations()).map(({ costs, reason }) => ({ costs, reason })),
      [{ costs: 2, reason: 'you stopped it' }],
    );
    await until('it is said', () => notices(house).length === 1);
    assert.doesNotMatch(notices(house)[0] ?? '', /tries/);
  });

  test('the next message after a stopped one is answered', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [hangingAtWork];
    await house.say('m1');
    await atWork(house, 'm1');
    house.supervisor.stopTurn(SESSION);
    await house.say('m2');
    house.clock.advance(5_000);
    await house.end('m1', 'failed');
    await house.end('m2', 'answered');
    assert.deepEqual(
      house.channel.texts.filter((text) => text.startsWith('re:')),
      ['re: text of m2'],
    );
  });

  test('without a turn there is nothing to stop', async (t) => {
    const house = await openHouse(t);
    assert.equal(house.supervisor.stopTurn(SESSION), false);
    await house.say('m1');
    await house.end('m1', 'answered');
    await until('it is idle', () => house.supervisor.ledger(SESSION) === null);
    assert.equal(house.supervisor.stopTurn(SESSION), false);
  });
});

describe('trying a dead letter again', () => {
  test('it goes the way of any other message and is answered, once', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [failing];
    await house.say('m1');
    await house.end('m1', 'failed');
    house.runtime.last.exit(0);
    assert.equal(await house.supervisor.retry(SESSION, 'm1' as MessageId), true);
    assert.ok(house.told.includes('m1 accepted'));
    await house.end('m1', 'answered');
    assert.deepEqual(
      house.channel.texts.filter((text) => text.startsWith('re:')),
      ['re: text of m1'],
    );
    assert.equal(await house.supervisor.retry(SESSION, 'm1' as MessageId), false, 'it has been answered');
  });

  test('its tries begin anew', async (t) => {
    const house = await openHouse(t, { maxTries: 2 });
    house.runtime.next = [dyingAtWork, dyingAtWork];
    await house.say('m1');
    await house.end('m1', 'failed');
    house.runtime.next = [dyingAtWork];
    await house.supervisor.retry(SESSION, 'm1' as MessageId);
    await house.end('m1', 'answered');
    assert.equal(house.runtime.lives.length, 4);
  });

  test('one that is on its way, or that nobody sent, is not brought back', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [hangingAtWork];
    await house.say('m1');
    await atWork(house, 'm1');
    assert.equal(await house.supervisor.retry(SESSION, 'm1' as MessageId), false);
    assert.equal(await house.supervisor.retry(SESSION, 'm9' as MessageId), false);
    assert.equal(await house.supervisor.retry('session-9' as SessionId, 'm1' as MessageId), false);
  });

  test('a host that dies right after it was asked does it at its next start', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [failing];
    await house.say('m1');
    await house.end('m1', 'failed');
    house.runtime.last.exit(0);
    await until('it is asleep', () => house.supervisor.summary().awake === 0);
    await house.supervisor.stop();
    house.rehouse();
    // Durable, and nobody is there yet to act on it.
    await house.supervisor.stop();
    await house.supervisor.retry(SESSION, 'm1' as MessageId);
    house.rehouse();
    await house.engine.start();
    await house.supervisor.start();
    await house.end('m1', 'answered');
  });
});

describe('the ledger', () => {
  const toolsOf = (house: House) => house.supervisor.ledger(SESSION)?.tools ?? [];

  test('shows the running tool, and how long each took', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [hangingAtWork];
    await house.say('m1');
    await atWork(house, 'm1');
    const turn = house.supervisor.ledger(SESSION)?.turn ?? '';
    assert.deepEqual(house.supervisor.ledger(SESSION)?.messages, ['m1']);
    house.runtime.last.say({ t: 'tool', turn, n: 1, name: 'bash', detail: 'ls -la', ok: null });
    await until('it is seen', () => toolsOf(house).length === 1);
    assert.equal(toolsOf(house)[0]?.ms, null);
    house.clock.advance(250);
    house.runtime.last.say({ t: 'tool', turn, n: 1, name: 'bash', detail: 'ls -la', ok: true });
    await until('its end is seen', () => toolsOf(house)[0]?.ok === true);
    assert.equal(toolsOf(house)[0]?.ms, 250);
    assert.ok(house.told.includes('ledger bash null') && house.told.includes('ledger bash true'));
    house.runtime.last.exit(1);
    await until('it is gone with its sandbox', () => house.told.includes('ledger none'));
    await house.end('m1', 'answered');
  });

  test('attack: a runner that names tools for ever, or of a turn that is not its own, fills no memory', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [hangingAtWork];
    await house.say('m1');
    await atWork(house, 'm1');
    const turn = house.supervisor.ledger(SESSION)?.turn ?? '';
    const tool = { t: 'tool', turn, name: 'x', detail: '', ok: null } as const;
    for (let n = 1; n <= 200; n += 1) house.runtime.last.say({ ...tool, n });
    await until('the last one is seen', () => toolsOf(house).at(-1)?.n === 200);
    assert.equal(toolsOf(house).length, 50);
    house.runtime.last.say({ ...tool, turn: 'another', n: 201 });
    house.runtime.last.say({ ...tool, n: 202 });
    await until('the one after it is seen', () => toolsOf(house).at(-1)?.n === 202);
    assert.ok(!toolsOf(house).some(({ n }) => n === 201));
  });

  test('attack: a tool name longer than a frame may carry ends the connection', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [hangingAtWork, answering];
    await house.say('m1');
    await atWork(house, 'm1');
    const turn = house.supervisor.ledger(SESSION)?.turn ?? '';
    house.runtime.last.say({ t: 'tool', turn, n: 1, name: 'x'.repeat(101), detail: '', ok: null });
    house.runtime.last.say({ t: 'tool', turn, n: 2, name: 'x', detail: '', ok: null });
    await settle();
    assert.equal(toolsOf(house).length, 0);
  });
});
