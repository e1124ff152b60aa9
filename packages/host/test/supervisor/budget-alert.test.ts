/** A budget's mark in the chat: its words, and that they are said once, however often they are told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery } from '../../src/store/deliveries.ts';
import { tellAlert } from '../../src/supervisor/budget-alert.ts';
import { openStoreWorld } from '../store-world.ts';

const ALERT = {
  id: 1,
  agent: 'a',
  period: 'day',
  startMs: 0,
  percent: 80,
  spentMicros: 1_600_000,
  capMicros: 2_000_000,
} as const;

test('it is said in the conversation whose call it was, once, with what was spent', async (t) => {
  const { store, clock, session } = await openStoreWorld(t);
  const { id } = await session();
  const sent: Delivery[] = [];
  const delivery = { send: async (all: readonly Delivery[]) => void sent.push(...all) };
  const tell = (change: object) =>
    tellAlert({ store, clock, delivery }, { ...ALERT, session: id, ...change });
  await tell({});
  // The host died before it could say that it had told it.
  await tell({});
  await tell({ percent: 100, spentMicros: 2_000_000 });
  // One that was raised has marks of its own.
  await tell({ capMicros: 2_500_000 });
  await tell({ session: 'of nobody' });
  assert.deepEqual(
    sent.map(({ content }) => JSON.parse(content).text),
    [
      'The budget for today is used to 80 %: $1.60 of $2.00.',
      'The budget for today is used to 100 %: $2.00 of $2.00.',
      'The budget for today is used to 80 %: $1.60 of $2.50.',
    ],
  );
  assert.ok(sent.every(({ session: of, content }) => of === id && JSON.parse(content).notice === true));
});
