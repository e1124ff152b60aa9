/** A place is held by what runs, and by nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../src/store/port.ts';
import { until } from '../until.ts';
import { openHouse } from './world.ts';

/** Has no room for the generation of one session. */
function refusing(store: Store): { store: Store; session: string | null; refused: number } {
  const state = { store, session: null as string | null, refused: 0 };
  const transaction: Store['transaction'] = (work) =>
    store.transaction((sql) =>
      work({
        all: (text, ...values) => sql.all(text, ...values),
        run(text, ...values) {
          if (!text.startsWith('INSERT INTO generations') || values[0] !== state.session)
            return sql.run(text, ...values);
          state.refused += 1;
          throw new Error('database or disk is full');
        },
      }),
    );
  state.store = { read: store.read, transaction, close: () => store.close() };
  return state;
}

test('a generation that a full disk refuses takes no place: the next session in line gets it', async (t) => {
  const house = await openHouse(t, { maxAwake: 1, idleStopMs: 1 });
  await house.wire('other');
  const disk = refusing(house.store);
  disk.session = (await house.say('m1')).id;
  await house.end('m1', 'answered');
  await until('it sleeps', () => {
    house.clock.advance(1_000);
    return house.supervisor.awake().length === 0;
  });
  house.rehouse(disk.store);
  await house.supervisor.start();
  await house.say('m2');
  await until('it is refused', () => disk.refused > 0);
  await house.say('m3', { chat: 'other' });
  await house.end('m3', 'answered');
  assert.equal(house.runtime.most, 1);
});
