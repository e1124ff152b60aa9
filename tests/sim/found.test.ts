/** Scripts of runs that went wrong once, made small; each is red with the code of its day. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSimulator } from '../../proofs/sim/load.ts';

const { run } = await loadSimulator();

test('what was accepted before the clock was set back is taken up first', async () => {
  const where = { platform: 'keyed', chat: 'chat-1', deed: 'say' } as const;
  const outcome = await run({
    seed: 1,
    story: {
      sayings: [
        { id: 'm1', atMs: 1_800, ...where },
        { id: 'm2', atMs: 5_500, ...where },
      ],
      happenings: [
        // Time begins to pass with the first thing that happens; the host is up from then on.
        { id: 'h0', atMs: 100, kind: 'the clock jumps', ms: 0 },
        { id: 'h1', atMs: 2_300, kind: 'the machine starts again with another clock', ms: -1_200_000 },
      ],
    },
    // So that the first one is accepted, and in no mailbox, when the second one is.
    faults: new Map([
      ['host: mkdir sessions#1', 'disk full'],
      ['host: mkdir sessions#2', 'disk full'],
    ]),
  });
  assert.equal(outcome.injected, 4);
  assert.equal(outcome.violation, null);
});
