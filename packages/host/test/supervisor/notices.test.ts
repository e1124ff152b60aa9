/** What Bellhop itself has to say, when a commit after it fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../src/store/port.ts';
import { settle, until } from '../until.ts';
import type { Behaviour } from './behaviours.ts';
import { notices, openHouse } from './world.ts';

/** Says at once that it cannot be done. */
const failing: Behaviour = async (life, clock) => {
  await life.ready();
  const turn = life.claim(clock.now());
  if (turn) life.commit(turn.turnId, turn.messages, [], { status: 'failed', error: 'it cannot be done' });
  life.say({ t: 'bell' });
};

/** Takes nothing more once a notice is on record, until it is mended. */
function fullAfterNotice(store: Store): { store: Store; refused: number; mended: boolean } {
  const state = { refused: 0, mended: false, store };
  const transaction: Store['transaction'] = async (work) => {
    const [row] = await store.read.all("SELECT count(*) AS n FROM deliveries WHERE out_id LIKE 'notice:%'");
    if (Number(row?.n) === 0 || state.mended) return store.transaction(work);
    state.refused += 1;
    throw new Error('the disk is full');
  };
  state.store = { read: store.read, transaction, close: () => store.close() };
  return state;
}

test('D4: a notice that was recorded is sent, whatever becomes of the rest of its sweep', async (t) => {
  const house = await openHouse(t);
  const disk = fullAfterNotice(house.store);
  house.rehouse(disk.store);
  await house.supervisor.start();
  house.runtime.always = failing;
  await house.say('m1');
  await until('the disk is full', () => disk.refused > 0);
  await settle();
  assert.deepEqual(notices(house), []);
  disk.mended = true;
  // Both the round and delivery try again.
  house.clock.advance(5_000);
  await until('it is said', () => notices(house).length === 1);
  await house.end('m1', 'failed');
});
