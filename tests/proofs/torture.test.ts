/** The smallest torture that reaches every named point, as `./bellhop torture` runs it: real host, real sandboxes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MIN_BLOWS } from '../../proofs/torture/plan.ts';
import { torture } from '../../proofs/torture/torture.ts';
import { bwrapMissing } from '../e2e/house/machine.ts';

test(`${MIN_BLOWS} blows: nothing lost, nothing said twice, every point reached`, {
  skip: bwrapMissing,
}, async (t) => {
  const { complaints, injected } = await torture({ kills: MIN_BLOWS, seed: 60, sandbox: 'bwrap' }, (line) =>
    t.diagnostic(line),
  );
  assert.deepEqual(complaints, []);
  assert.ok(injected >= MIN_BLOWS);
});
