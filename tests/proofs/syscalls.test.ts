/** A part of `./bellhop syscalls`: the first of each kind of call, and every 25th after it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { operations } from '../../proofs/syscalls/operations.ts';
import { walk } from '../../proofs/syscalls/walk.ts';

const EVERY = 25;
const skip = (process.env.BELLHOP_TEST_MISSING ?? '').includes('strace')
  ? 'strace cannot be used on this machine'
  : false;

describe('killed as it enters a system call, the next life brings it to the right end', { skip }, () => {
  for (const operation of operations) {
    test(operation.name, async () => {
      const { points, failures } = await walk(operation, EVERY);
      assert.deepEqual(failures, []);
      for (const [call, deaths] of Object.entries(points)) assert.ok(deaths > 0, `nothing died at ${call}`);
    });
  }
});
