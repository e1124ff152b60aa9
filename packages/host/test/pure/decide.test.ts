/** The life of a sandbox as a table and as properties. Not here: what the supervisor does with a decision. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readSettings } from '../../src/settings.ts';
import {
  type AwakeFacts,
  decideLife,
  type LifeDecision,
  type LifeFacts,
} from '../../src/supervisor/decide.ts';
import type { Settings } from '../../src/types.ts';

/** Small numbers, so that the table can be read. */
const settings: Settings = {
  ...readSettings('/nowhere/without/settings'),
  claimStuckMs: 60,
  progressStuckMs: 1_800,
  idleStopMs: 600,
  readyTimeoutMs: 20,
};

const NOW = 100_000;

function awake(change: Partial<AwakeFacts> = {}): AwakeFacts {
  const fresh = { phase: 'ready', startedMs: NOW, claimSeenMs: null, lastSignMs: NOW } as const;
  return { ...fresh, lastProgressMs: NOW, toolTimeoutMs: 0, idleSinceMs: null, ...change };
}

function decide(change: Partial<LifeFacts>): LifeDecision {
  return decideLife({ nowMs: NOW, awake: null, nextDueMs: null, blockedUntilMs: 0, ...change }, settings);
}

const rest = (untilMs: number | null): LifeDecision => ({ kind: 'rest', untilMs });
const idleStop: LifeDecision = { kind: 'stop', why: 'idle', costs: false, hard: false };
const killed = (why: string): LifeDecision => ({ kind: 'stop', why, costs: true, hard: true });

const table: readonly (readonly [string, Partial<LifeFacts>, LifeDecision])[] = [
  ['asleep and nothing waits: rests until something happens', {}, rest(null)],
  ['asleep and work is due: wakes', { nextDueMs: NOW }, { kind: 'wake' }],
  ['asleep and work was due long ago: wakes', { nextDueMs: 0 }, { kind: 'wake' }],
  ['asleep and work is due later: rests until then', { nextDueMs: NOW + 5 }, rest(NOW + 5)],
  [
    'asleep, due, but the runtime is blocked: rests for the block',
    { nextDueMs: 0, blockedUntilMs: NOW + 7 },
    rest(NOW + 7),
  ],
  ['asleep, due at the very end of a block: wakes', { nextDueMs: 0, blockedUntilMs: NOW }, { kind: 'wake' }],
  ['starting: is given the time to become ready', { awake: awake({ phase: 'starting' }) }, rest(NOW + 20)],
  [
    'W2: starting for too long is an end of its own making',
    { awake: awake({ phase: 'starting', startedMs: NOW - 20 }) },
    killed('its sandbox was not ready within 0 s'),
  ],
  [
    'stopping: is left alone, whatever is due',
    { nextDueMs: 0, awake: awake({ phase: 'stopping', startedMs: 0, lastSignMs: 0 }) },
    rest(null),
  ],
  [
    'W9: a claim seen a while ago is alive as long as it gives signs',
    { awake: awake({ claimSeenMs: NOW - 500, lastSignMs: NOW - 59, lastProgressMs: NOW - 59 }) },
    rest(NOW + 1),
  ],
  [
    'W9: a claim with no sign of life is stuck after claimStuckMs',
    { awake: awake({ claimSeenMs: NOW - 500, lastSignMs: NOW - 60 }) },
    killed('it gave no sign of life for 0 s'),
  ],
  [
    'W9: silence before the claim does not count',
    { awake: awake({ claimSeenMs: NOW - 10, lastSignMs: NOW - 5_000, lastProgressMs: NOW - 5_000 }) },
    rest(NOW + 50),
  ],
  [
    'L15: a heart that beats without progress is stuck after progressStuckMs',
    { awake: awake({ claimSeenMs: NOW - 1_800, lastSignMs: NOW, lastProgressMs: NOW - 1_800 }) },
    killed('it made no progress for 2 s'),
  ],
  [
    'L15: a quiet tool is not dead before the time-out it declared',
    {
      awake: awake({
        claimSeenMs: NOW - 4_000,
        lastSignMs: NOW - 4_000,
        lastProgressMs: NOW - 4_000,
        toolTimeoutMs: 5_000,
      }),
    },
    rest(NOW + 1_000),
  ],
  [
    'W9: idle for less than idleStopMs stays awake',
    { awake: awake({ idleSinceMs: NOW - 599 }) },
    rest(NOW + 1),
  ],
  [
    'W9: idle for idleStopMs is stopped gently, and costs nothing',
    { awake: awake({ idleSinceMs: NOW - 600 }) },
    idleStop,
  ],
  [
    'W2: one that was idle all the time beside work that was due is charged for it',
    { awake: awake({ idleSinceMs: NOW - 600 }), nextDueMs: NOW - 600 },
    killed('it left its work lying for 1 s'),
  ],
  [
    'W9: work that became due while it was idle is not what it left lying',
    { awake: awake({ idleSinceMs: NOW - 600 }), nextDueMs: NOW - 599 },
    idleStop,
  ],
  [
    'W12: an idle one that holds a claim is not idle',
    { awake: awake({ idleSinceMs: NOW - 9_000, claimSeenMs: NOW }) },
    rest(NOW + 60),
  ],
  [
    'W9: ready but never looking at its work is as stuck as a claim',
    { nextDueMs: 0, awake: awake({ lastSignMs: NOW - 60 }) },
    killed('it took up no work for 0 s'),
  ],
];

const ms = fc.integer({ min: 0, max: 10_000 });
const maybeMs = fc.option(ms, { nil: null });
const anyAwake: fc.Arbitrary<AwakeFacts> = fc.record({
  phase: fc.constantFrom('starting', 'ready', 'stopping'),
  startedMs: ms,
  claimSeenMs: maybeMs,
  lastSignMs: ms,
  lastProgressMs: ms,
  toolTimeoutMs: ms,
  idleSinceMs: maybeMs,
});

describe('decideLife', () => {
  for (const [name, facts, expected] of table) {
    test(name, () => assert.deepEqual(decide(facts), expected));
  }

  test('W1: what was woken in this tick is never judged in it, whatever else is known', () => {
    const facts = fc.record({
      nowMs: ms,
      due: maybeMs,
      tool: ms,
      phase: fc.constantFrom('starting', 'ready'),
    });
    fc.assert(
      fc.property(facts, ({ nowMs, due, tool, phase }) => {
        const fresh = awake({
          phase,
          startedMs: nowMs,
          lastSignMs: nowMs,
          lastProgressMs: nowMs,
          toolTimeoutMs: tool,
        });
        const claimed = { ...fresh, claimSeenMs: nowMs };
        for (const one of [fresh, claimed]) {
          const decision = decideLife({ nowMs, awake: one, nextDueMs: due, blockedUntilMs: 0 }, settings);
          assert.equal(decision.kind, 'rest');
        }
      }),
    );
  });

  test('an awake session is never woken a second time', () => {
    fc.assert(
      fc.property(ms, anyAwake, maybeMs, ms, (nowMs, one, nextDueMs, blockedUntilMs) => {
        assert.notEqual(decideLife({ nowMs, awake: one, nextDueMs, blockedUntilMs }, settings).kind, 'wake');
      }),
    );
  });

  test('a rest always ends in the future, so no session spins', () => {
    fc.assert(
      fc.property(
        ms,
        fc.option(anyAwake, { nil: null }),
        maybeMs,
        ms,
        (nowMs, one, nextDueMs, blockedUntilMs) => {
          const decision = decideLife({ nowMs, awake: one, nextDueMs, blockedUntilMs }, settings);
          if (decision.kind === 'rest' && decision.untilMs !== null) assert.ok(decision.untilMs > nowMs);
        },
      ),
    );
  });

  test('L15: a longer declared tool time-out never makes a stop more likely', () => {
    fc.assert(
      fc.property(ms, anyAwake, ms, (nowMs, one, more) => {
        const before = decideLife({ nowMs, awake: one, nextDueMs: null, blockedUntilMs: 0 }, settings);
        const patient = { ...one, toolTimeoutMs: one.toolTimeoutMs + more };
        const after = decideLife({ nowMs, awake: patient, nextDueMs: null, blockedUntilMs: 0 }, settings);
        if (before.kind === 'rest') assert.equal(after.kind, 'rest');
      }),
    );
  });
});
