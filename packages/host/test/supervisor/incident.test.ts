/** What only the owner can mend at the model is told once, and once when it is over; not once per message. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noticeOf } from '../../src/supervisor/incident.ts';
import { until } from '../until.ts';
import { answering, type Behaviour } from './behaviours.ts';
import { type House, notices, openHouse } from './world.ts';

const WORDS = 'the model did not accept the key. Enter another one: ./bellhop model set';

/** Ends every turn as the light harness does, with the class that the test has set last. */
function failing(state: { errorClass: string }): Behaviour {
  return async (life, clock) => {
    const work = (): void => {
      if (life.ended) return;
      for (let turn = life.claim(clock.now()); turn; turn = life.claim(clock.now())) {
        const ack = { status: 'failed', errorClass: state.errorClass, error: WORDS } as const;
        life.commit(turn.turnId, turn.messages, [], ack);
        life.say({ t: 'bell' });
      }
      life.say({ t: 'idle' });
    };
    life.onFrame = (frame) => (frame.t === 'stop' ? life.exit(0) : work());
    await life.ready();
    work();
  };
}

async function fails(house: House, id: string, change = {}): Promise<void> {
  await house.say(id, change);
  await house.end(id, 'failed');
}

describe('an incident at the model', () => {
  test('of its classes only the first failure is told; another class is another incident; an answer ends it', () => {
    const steps = [
      ['bad_key', 'told'],
      ['bad_key', 'silent'],
      ['bad_request', 'told'],
      ['bad_key', 'silent'],
      ['no_credit', 'told'],
      [null, 'over'],
      [null, 'silent'],
      ['unknown_model', 'told'],
    ] as const;
    let incident: string | null = null;
    for (const [errorClass, said] of steps) {
      const about = noticeOf(incident, errorClass === null ? null : 'why', errorClass);
      incident = about.incident;
      const heard = about.text === null ? 'silent' : about.text.includes('again. What') ? 'over' : 'told';
      assert.equal(heard, said, `${errorClass}`);
    }
  });

  test('a refused key is told once in a conversation, over a restart too, and once when it is over', async (t) => {
    const house = await openHouse(t);
    const state = { errorClass: 'bad_key' };
    house.runtime.always = failing(state);
    for (const id of ['m1', 'm2']) await fails(house, id);
    await until('it is told', () => notices(house).length === 1);
    assert.match(notices(house)[0] ?? '', /did not accept the key\. Enter another one/);
    house.runtime.last.exit(0);
    await until('its end is on record', async () => (await house.generations())[0]?.state === 'settled');
    house.rehouse();
    await house.supervisor.start();
    await fails(house, 'm3');
    house.runtime.always = answering;
    house.runtime.last.exit(0);
    for (const id of ['m4', 'm5']) {
      await house.say(id);
      await house.end(id, 'answered');
    }
    await until('both answers are out', () => house.channel.texts.includes('re: text of m5'));
    assert.equal(notices(house).length, 2);
    assert.match(notices(house)[1] ?? '', /^The model answers again\./);
  });

  test('each conversation is told for itself', async (t) => {
    const house = await openHouse(t);
    house.runtime.always = failing({ errorClass: 'no_credit' });
    await fails(house, 'm1');
    await fails(house, 'm2', { thread: 'another' });
    await until('both are told', () => notices(house).length === 2);
  });
});
