/** A few kills of proofs/spend, which makes some hundreds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Killed, spend } from '../../../../proofs/spend/spend.ts';

const KILLS = 12;

for (const killed of ['egress', 'host'] satisfies Killed[]) {
  test(`attack: the ${killed} process dies by kills between reserve and settle: each call that went out is charged, and in the audit`, async (t) => {
    const { kills, wrong } = await spend(t, killed, KILLS);
    assert.deepEqual(wrong, []);
    assert.deepEqual(Object.values(kills), [3, 3, 3, 3]);
  });
}
