/**
 * The host's side of mixed batches: a session that holds all threads of its chat answers each message in its own thread,
 * and what Bellhop itself says about a message is said there. The runner's side: runner/test/mixed.test.ts.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MessageId, NewMessage } from '@bellhop/mailbox';
import { SandboxUnavailable } from '../../src/sandboxes/port.ts';
import { addWiring } from '../../src/store/agents.ts';
import { noteDue, quarantine } from '../../src/store/sessions.ts';
import { CHANNEL } from '../store-world.ts';
import { until } from '../until.ts';
import { answering, type Behaviour, dyingAtBoot } from './behaviours.ts';
import { type House, openHouse } from './world.ts';

async function sharedHouse(t: Parameters<typeof openHouse>[0], change = {}): Promise<House> {
  const house = await openHouse(t, change);
  const modes = { engageMode: 'always', sessionMode: 'shared' } as const;
  await house.store.transaction((sql) =>
    addWiring(sql, { channel: CHANNEL, chat: 'room', agent: house.agent.id, ...modes }),
  );
  return house;
}

const inRoom = (thread: string | null) => ({ chat: 'room', thread, isGroup: true });

/** What the platform was given, each as `thread: text`. */
function heard(house: House): string[] {
  return house.channel.confirmed.map(({ chat, thread, content }) => {
    assert.equal(chat, 'room');
    return `${thread}: ${content.kind === 'text' ? content.text : content.kind}`;
  });
}

/** Ends each turn in this way. */
function ending(ack: Parameters<Parameters<Behaviour>[0]['commit']>[3]): Behaviour {
  return async (life, clock) => {
    await life.ready();
    for (let turn = life.claim(clock.now()); turn; turn = life.claim(clock.now()))
      life.commit(turn.turnId, turn.messages, [], ack);
    life.say({ t: 'bell' });
  };
}

describe('a shared session', () => {
  test('A2: answers each message in its own thread, whatever came last', async (t) => {
    const house = await sharedHouse(t, { batchSize: 10 });
    house.runtime.gate = new Promise((open) => {
      // All of them wait together, so that one look of the runner sees a mixed batch.
      setImmediate(async () => {
        for (const [id, thread] of [
          ['b', 't2'],
          ['c', null],
          ['d', 't1'],
        ] as const)
          await house.say(id, inRoom(thread));
        open();
      });
    });
    const session = await house.say('a', inRoom('t1'));
    assert.deepEqual([session.mode, session.thread], ['shared', null]);
    for (const id of ['a', 'b', 'c', 'd']) await house.end(id, 'answered');
    await until('all is said', () => heard(house).length === 4);
    assert.deepEqual(heard(house).sort(), [
      'null: re: text of c',
      't1: re: text of a',
      't1: re: text of d',
      't2: re: text of b',
    ]);
    assert.equal((await house.rows('SELECT 1 FROM sessions')).length, 1);
  });

  test('A3: says in the thread of a message that it has failed, waits, or was refused', async (t) => {
    const house = await sharedHouse(t);
    house.runtime.next = [ending({ status: 'failed', error: 'it cannot be done' })];
    const session = await house.say('a', inRoom('t1'));
    await house.end('a', 'failed');
    await until('it is told', () => heard(house).length === 1);
    house.runtime.last.exit(0);
    house.runtime.next = [ending({ status: 'released', errorClass: 'overload', retryAfterMs: 60_000 })];
    await house.say('b', inRoom('t2'));
    await until('it is told', () => heard(house).length === 2);
    await house.store.transaction((sql) => quarantine(sql, session.id, 'it is damaged'));
    await house.say('c', inRoom('t3'));
    await until('all is told', () => heard(house).length === 4);
    const [failed, waits, ...refused] = heard(house);
    assert.match(failed ?? '', /^t1: There is no answer/);
    assert.match(waits ?? '', /^t2: Your message is safe and waits: the model is overloaded/);
    assert.deepEqual(refused.map((text) => text.slice(0, 40)).sort(), [
      't2: This conversation has been stopped: ',
      't3: This conversation has been stopped: ',
    ]);
  });

  test('says in the thread that waits why no sandbox starts, and that one starts again', async (t) => {
    const house = await sharedHouse(t, { maxTries: 50 });
    house.runtime.refusal = new SandboxUnavailable('the engine is down', 'Start it.');
    await house.say('a', inRoom('t1'));
    await until('it is told', () => heard(house).length === 1);
    assert.match(heard(house)[0] ?? '', /^t1: Your message is safe and waits: the engine is down/);
    house.runtime.refusal = null;
    house.runtime.always = dyingAtBoot;
    house.clock.advance(2_000);
    await house.advanceToRetry();
    await until('the breaker is open', () => heard(house).length === 2);
    house.runtime.always = answering;
    await house.advanceToRetry();
    await house.end('a', 'answered');
    await until('all is said', () => heard(house).length === 4);
    for (const text of heard(house)) assert.match(text, /^t1: /);
  });

  test('answers a command where it was given', async (t) => {
    const house = await sharedHouse(t);
    await house.say('a', { ...inRoom('t1'), text: '/status' });
    await until('it is answered', () => heard(house).length === 1);
    assert.match(heard(house)[0] ?? '', /^t1: bell .* is at rest/);
  });

  test('a task is answered in the thread where it was asked for, and the next of its series too', async (t) => {
    const house = await sharedHouse(t);
    house.runtime.next = [
      async (life, clock) => {
        await life.ready();
        const turn = life.claim(clock.now());
        if (!turn) return;
        const [message] = turn.messages;
        life.outbound.addRow(
          turn.turnId,
          {
            ...{ id: 'task-row' as never, kind: 'system', inReplyTo: message?.id ?? null, dueMs: 0 },
            ...{ channel: CHANNEL, chat: 'room', thread: 't1' },
            content: JSON.stringify({
              ...{ action: 'schedule_task', taskId: 'stretch', prompt: 'stretch' },
              ...{ processAfter: new Date(clock.now() + 60_000).toISOString(), recurrence: '* * * * *' },
            }),
          },
          2,
          clock.now(),
        );
        life.commit(turn.turnId, turn.messages, ['as you wish']);
        life.say({ t: 'bell' });
        life.exit(0);
      },
    ];
    await house.say('a', inRoom('t1'));
    for (const count of [2, 3]) {
      await until('it is asleep', () => house.supervisor.summary().awake === 0);
      await house.advanceToRetry();
      await until('the task is answered', () => heard(house).length === count);
      house.runtime.last.exit(0);
    }
    assert.deepEqual(heard(house), ['t1: as you wish', 't1: re: stretch', 't1: re: stretch']);
  });
});

test('a message that lies in a mailbox of another thread fails in that thread', async (t) => {
  const house = await openHouse(t);
  house.runtime.always = ending({ status: 'failed', error: 'it cannot be done' });
  const session = await house.say('a', { thread: 't1' });
  await house.end('a', 'failed');
  const row: NewMessage = {
    ...{ id: 'old' as MessageId, kind: 'chat', timestampMs: 1, content: '{}', trigger: true, dueMs: 0 },
    ...{ recurrence: null, seriesId: null, channel: CHANNEL, chat: 'chat', thread: 't2' },
  };
  await house.mailboxes.inbound(session, (mailbox) => mailbox.enqueue([row]));
  await house.store.transaction((sql) => noteDue(sql, session.id, 0));
  house.runtime.last.exit(0);
  await until('both are told', () => house.channel.confirmed.length === 2);
  assert.deepEqual(
    house.channel.confirmed.map(({ thread }) => thread),
    ['t1', 't2'],
  );
});
