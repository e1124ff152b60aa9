/** What an ack or a death means for a message: tables over the pure decisions. Applying them: inbound-settle.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideAck, decideCharge, type InboundChange, keepTogether } from '../src/host/index.ts';
import type { Ack, InboundRow } from '../src/index.ts';
import { inboundRow, mid, POLICY, T0, tid } from './support.ts';

const ack = (change: Partial<Ack> = {}): Ack => ({
  messageId: mid('a'),
  status: 'completed',
  attempt: 1,
  generation: 1,
  turnId: tid('T'),
  ackSeq: 1,
  errorClass: null,
  error: null,
  retryAfterMs: null,
  ...change,
});

const released = (change: Partial<Ack> = {}) => ack({ status: 'released', ...change });
const of = (a: Ack, row: InboundRow | undefined, jitter = 0) => decideAck(a, row, POLICY, T0, jitter);
const a1 = { id: mid('a'), attempt: 1 };

const ACKS: readonly [string, Ack, Partial<InboundRow>, unknown][] = [
  ['completed ends it', ack(), {}, { kind: 'completed', ...a1 }],
  [
    'failed ends it, in the words of the agent',
    ack({ status: 'failed', error: 'no' }),
    {},
    { kind: 'failed', ...a1, reason: 'no' },
  ],
  [
    'failed without words says that there were none',
    ack({ status: 'failed' }),
    {},
    { kind: 'failed', ...a1, reason: 'the agent gave no reason' },
  ],
  ['a claim is no ack', ack({ status: 'processing' }), {}, null],
  ['an ack of an older attempt decides nothing', ack(), { attempt: 2 }, null],
  ['an ack of an attempt that was never handed out decides nothing', ack({ attempt: 2 }), {}, null],
  ['an older release decides nothing', released(), { attempt: 2 }, null],
  ['completed stays completed', ack({ status: 'failed' }), { status: 'completed' }, null],
  ['W4: failed stays failed', ack(), { status: 'failed' }, null],
  ['W4: paused stays paused', ack(), { status: 'paused' }, null],
  ['W4: cancelled stays cancelled', ack(), { status: 'cancelled' }, null],
  ['released waits for the first delay', released(), {}, { kind: 'released', ...a1, dueMs: T0 + 5_000 }],
  [
    'released again waits twice as long',
    released(),
    { releases: 1 },
    { kind: 'released', ...a1, dueMs: T0 + 10_000 },
  ],
  [
    'the agent may ask for longer',
    released({ retryAfterMs: 30_000 }),
    {},
    { kind: 'released', ...a1, dueMs: T0 + 30_000 },
  ],
  [
    'the agent may not ask for less',
    released({ retryAfterMs: -1 }),
    {},
    { kind: 'released', ...a1, dueMs: T0 + 5_000 },
  ],
  [
    'the last release still counts',
    released(),
    { releases: 2 },
    { kind: 'released', ...a1, dueMs: T0 + 20_000 },
  ],
  [
    'one more than that ends it',
    released({ error: 'rate limit' }),
    { releases: 3 },
    { kind: 'failed', ...a1, reason: 'rate limit (put off 3 times)' },
  ],
  ['a release costs no try', released(), { tries: 4 }, { kind: 'released', ...a1, dueMs: T0 + 5_000 }],
];

for (const [title, given, row, expected] of ACKS) {
  test(`ack: ${title}`, () => assert.deepEqual(of(given, inboundRow('a', row)), expected));
}

test('ack: a message that is not there decides nothing', () => assert.equal(of(ack(), undefined), null));

test('ack: the agent may not put a message off for more than a day', () => {
  const change = of(released({ retryAfterMs: 4e15 }), inboundRow('a'));
  assert.deepEqual(change, { kind: 'released', ...a1, dueMs: T0 + 86_400_000 });
});

test('ack: the back-off of a release has a longest value', () => {
  const policy = { ...POLICY, maxReleases: 100 };
  const change = decideAck(released(), inboundRow('a', { releases: 50 }), policy, T0, 0.9);
  assert.deepEqual(change, { kind: 'released', ...a1, dueMs: T0 + POLICY.maxReleaseMs });
});

const charge = (row: InboundRow | undefined, generation = 7, jitter = 0) =>
  decideCharge(row, generation, 'it died', POLICY, T0, jitter);

for (const [tries, delayMs] of [
  [0, 0],
  [1, 5_000],
  [2, 10_000],
  [3, 20_000],
] as const) {
  test(`charge: the retry after try ${tries + 1} is due ${delayMs === 0 ? 'at once' : `in ${delayMs / 1_000} s`}`, () => {
    const expected = { kind: 'charged', ...a1, generation: 7, dueMs: T0 + delayMs };
    assert.deepEqual(charge(inboundRow('a', { tries })), expected);
  });
}

test('charge: the fifth try is the last: a dead letter with its reason', () => {
  const expected = { kind: 'failed', ...a1, generation: 7, reason: 'it died (5 tries)' };
  assert.deepEqual(charge(inboundRow('a', { tries: 4 })), expected);
  assert.deepEqual(charge(inboundRow('a', { tries: 9 })), { ...expected, reason: 'it died (10 tries)' });
});

test('charge: jitter adds up to half of the delay, and nothing to the first retry', () => {
  const dueMs = (tries: number, jitter: number) => {
    const change = charge(inboundRow('a', { tries }), 7, jitter);
    assert.ok(change?.kind === 'charged');
    return change.dueMs - T0;
  };
  assert.deepEqual(
    [0, 0.5, 0.999].map((jitter) => dueMs(0, jitter)),
    [0, 0, 0],
  );
  assert.deepEqual(
    [0, 0.5, 0.999].map((jitter) => dueMs(1, jitter)),
    [5_000, 6_250, 7_498],
  );
  assert.deepEqual(
    [0, 0.5, 0.999].map((jitter) => dueMs(3, jitter)),
    [20_000, 25_000, 29_990],
  );
});

for (const [title, row, generation, counts] of [
  ['a generation is charged once', { chargedGeneration: 7, tries: 1 }, 7, false],
  [
    'an older generation than the one charged last is not charged',
    { chargedGeneration: 8, tries: 1 },
    7,
    false,
  ],
  ['the next generation is charged', { chargedGeneration: 6, tries: 1 }, 7, true],
  ['N1: a claim of no generation is charged to nobody', { chargedGeneration: 0, tries: 4 }, 0, false],
  ['completed stays completed', { status: 'completed' }, 7, false],
  ['W4: failed stays failed', { status: 'failed' }, 7, false],
  ['W4: paused stays paused', { status: 'paused' }, 7, false],
  ['W4: cancelled stays cancelled', { status: 'cancelled' }, 7, false],
] as const) {
  test(`charge: ${title}`, () => assert.equal(charge(inboundRow('a', row), generation) !== null, counts));
}

test('charge: a message that is not there is not charged', () => assert.equal(charge(undefined), null));

test('M7: what one turn held waits for the last of it; others, and what has ended, are left as they are', () => {
  const charged = (id: string, dueMs: number): InboundChange => ({
    kind: 'charged',
    id: mid(id),
    attempt: 1,
    generation: 1,
    dueMs,
  });
  const ended: InboundChange = { kind: 'failed', id: mid('c'), attempt: 1, reason: 'no' };
  const claims = ['a', 'b', 'c'].map((id) => ack({ messageId: mid(id), status: 'processing' }));
  const other = ack({ messageId: mid('d'), status: 'processing', turnId: tid('U') });
  assert.deepEqual(
    keepTogether(
      [charged('a', 5), charged('b', 9), ended, charged('d', 1), charged('e', 2)],
      [...claims, other],
    ),
    [charged('a', 9), charged('b', 9), ended, charged('d', 1), charged('e', 2)],
  );
});
