/** What follows from the end of a send. Not here: that it is written down (engine.test.ts). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PermanentError, RetryableError, UnknownOutcomeError } from '@bellhop/channels';
import fc from 'fast-check';
import { decideNext, MAX_ATTEMPTS, type Next, whyHeld } from '../../src/delivery/outcome.ts';

const NOW = 1_000_000;
const failed = (error: unknown) => ({ kind: 'error', error }) as const;

function next(
  error: unknown,
  attempts = 1,
  onUnknown: 'resend-same-key' | 'resend-marked' | 'hold' = 'hold',
  wasUnknown = false,
): Next {
  return decideNext(failed(error), { made: attempts, wasUnknown }, onUnknown, NOW);
}

const RESENDS = ['resend-same-key', 'resend-marked'] as const;

describe('decideNext', () => {
  test('a confirmed send is delivered, with the id of the platform', () => {
    const outcome = { kind: 'delivered', platformMessageId: 'p1' } as const;
    assert.deepEqual(decideNext(outcome, { made: MAX_ATTEMPTS, wasUnknown: true }, 'hold', NOW), outcome);
  });

  test('D4: a permanent refusal is never tried again', () => {
    assert.deepEqual(next(new PermanentError('no such chat')), { kind: 'failed', reason: 'no such chat' });
  });

  test('D4: the wait grows from attempt to attempt', () => {
    const waits = [1, 2, 3, 4, 5].map((attempts) => {
      const decision = next(new RetryableError('busy'), attempts);
      return decision.kind === 'again' ? decision.dueMs - NOW : null;
    });
    assert.deepEqual(waits, [5_000, 15_000, 45_000, 120_000, 300_000]);
  });

  test('D4: a wish of the platform that is longer than our wait is respected, a shorter one does not hurry us', () => {
    assert.deepEqual(next(new RetryableError('429', 60_000)), {
      kind: 'again',
      dueMs: NOW + 60_000,
      unknown: false,
      reason: '429',
    });
    assert.deepEqual(next(new RetryableError('429', 10)), {
      kind: 'again',
      dueMs: NOW + 5_000,
      unknown: false,
      reason: '429',
    });
  });

  test('D4: a wish for a time that nobody lives to see is a day', () => {
    for (const wish of [Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
      const decision = next(new RetryableError('429', wish));
      assert.equal(decision.kind === 'again' && decision.dueMs, NOW + 86_400_000);
    }
  });

  test('D4: a wish that is no number is none: our own wait counts', () => {
    for (const wish of [Number.NaN, -1, Number.NEGATIVE_INFINITY]) {
      const decision = next(new RetryableError('429', wish));
      assert.equal(decision.kind === 'again' && decision.dueMs, NOW + 5_000);
    }
  });

  test('D4: the last attempt ends as failed and says how many there were', () => {
    assert.deepEqual(next(new RetryableError('busy'), MAX_ATTEMPTS), {
      kind: 'failed',
      reason: `busy (${MAX_ATTEMPTS} attempts)`,
    });
  });

  test('D2: an unknown outcome is held where the channel says so, and sent again where it can', () => {
    const error = new UnknownOutcomeError('connection lost');
    assert.deepEqual(next(error, 1, 'hold'), {
      kind: 'held',
      reason: 'nobody knows whether it arrived: connection lost',
    });
    for (const policy of RESENDS) {
      assert.deepEqual(next(error, 1, policy), {
        kind: 'again',
        dueMs: NOW + 5_000,
        unknown: true,
        reason: 'connection lost',
      });
    }
  });

  test('U1: an unknown outcome on the last attempt is held and said, as it may have arrived', () => {
    for (const policy of RESENDS)
      for (const error of [new UnknownOutcomeError('no answer'), new Error('socket hang up'), 'a text'])
        assert.deepEqual(next(error, MAX_ATTEMPTS, policy), {
          kind: 'held',
          reason: `nobody knows whether it arrived: ${error instanceof Error ? error.message : error} (6 attempts)`,
        });
  });

  test('U1: after an unknown outcome no refusal makes it failed: it says nothing about the attempt before', () => {
    for (const policy of [...RESENDS, 'hold'] as const) {
      const refused = next(new PermanentError('the bot was kicked'), 2, policy, true);
      assert.deepEqual(refused, {
        kind: 'held',
        reason: 'nobody knows whether it arrived: the bot was kicked',
      });
      assert.equal(next(new RetryableError('busy'), MAX_ATTEMPTS, policy, true).kind, 'held');
      assert.equal(next(new RetryableError('busy'), 2, policy, true).kind, 'again');
    }
  });

  test('U1: an attempt that a host died in is made again six times at most, and then held', () => {
    for (const policy of RESENDS) {
      assert.equal(whyHeld(MAX_ATTEMPTS - 1, policy), null);
      assert.match(whyHeld(MAX_ATTEMPTS, policy) ?? '', /nobody knows .* stopped while .* \(6 attempts\)/);
    }
    assert.match(whyHeld(1, 'hold') ?? '', /nobody knows/);
  });

  test('D1: whatever a channel throws, it is never taken for delivered', () => {
    const thrown = fc.oneof(
      fc.constantFrom(undefined, null, 0, 'a text', { code: 500 }),
      fc.string().map((text) => new Error(text)),
      fc.string().map((text) => new PermanentError(text)),
      fc.string().map((text) => new UnknownOutcomeError(text)),
      fc.tuple(fc.string(), fc.integer()).map(([text, wait]) => new RetryableError(text, wait)),
    );
    const policies = fc.constantFrom('resend-same-key', 'resend-marked', 'hold');
    fc.assert(
      fc.property(
        thrown,
        fc.integer({ min: 1, max: 20 }),
        policies,
        fc.boolean(),
        (error, attempts, policy, was) => {
          const decision = next(error, attempts, policy, was);
          assert.notEqual(decision.kind, 'delivered');
          const mayBeThere = was || !(error instanceof PermanentError || error instanceof RetryableError);
          if (mayBeThere) assert.notEqual(decision.kind, 'failed');
          if (decision.kind === 'again') {
            assert.ok(decision.dueMs > NOW);
            assert.ok(attempts < MAX_ATTEMPTS);
          }
        },
      ),
    );
  });
});
