/** When a series runs next. Not here: that it is armed in the same commit (mailbox), nor who may schedule. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { InboundRow, MessageId } from '@bellhop/mailbox';
import fc from 'fast-check';
import { nextOccurrence, nextTime } from '../../src/schedule/series.ts';

const BERLIN = 'Europe/Berlin';
const at = (iso: string): number => Date.parse(iso);

function run(expression: string, after: string, times: number, zone = BERLIN): string[] {
  const found: string[] = [];
  for (let ms = at(after); found.length < times; ) {
    const next = nextTime(expression, ms, zone);
    if (next === null) break;
    found.push(new Date(next).toISOString());
    ms = next;
  }
  return found;
}

const row: InboundRow = {
  id: 'task-1' as MessageId,
  seq: 2,
  kind: 'task',
  status: 'pending',
  timestamp: '2026-05-01T00:00:00.000Z',
  content: '{"prompt":"stretch"}',
  trigger: true,
  dueMs: at('2026-06-01T09:00:00Z'),
  recurrence: '0 9 * * *',
  seriesId: null,
  tries: 4,
  attempt: 5,
  releases: 3,
  chargedGeneration: 7,
  channel: 'terminal',
  chat: 'local:bell',
  thread: null,
};

describe('nextTime', () => {
  test('W7: the hour that spring leaves out is run once, at the shifted hour', () => {
    assert.deepEqual(run('30 2 * * *', '2026-03-27T12:00:00Z', 4), [
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
      '2026-03-31T00:30:00.000Z',
    ]);
  });

  test('W7: the hour that autumn repeats is run once', () => {
    assert.deepEqual(run('30 2 * * *', '2026-10-24T12:00:00Z', 3), [
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
      '2026-10-27T01:30:00.000Z',
    ]);
  });

  test('W7: nine in the morning is nine by the clock on the wall, before and after both changes', () => {
    for (const [after, expected] of [
      ['2026-03-28T12:00:00Z', '2026-03-29T07:00:00.000Z'],
      ['2026-10-24T12:00:00Z', '2026-10-25T08:00:00.000Z'],
    ] as const) {
      assert.deepEqual(run('0 9 * * *', after, 1), [expected]);
    }
  });

  test('an expression that never comes true has no next time', () => {
    assert.equal(nextTime('0 0 30 2 *', at('2026-01-01T00:00:00Z'), 'UTC'), null);
  });

  test('W7: an expression that is none has no next time and throws nothing', () => {
    for (const bad of [
      '',
      'x',
      '61 * * * *',
      '* * * *',
      '0 0 * * 8',
      '@nonsense',
      '- - - - -',
      '*/0 * * * *',
      ' :',
      '2026-13-01T00:00:00',
    ]) {
      assert.equal(nextTime(bad, at('2026-01-01T00:00:00Z'), 'UTC'), null, bad);
    }
  });

  test('W7: no text makes it throw, and the next time always lies ahead', () => {
    const part = fc.oneof(
      fc.constant('*'),
      fc.integer({ min: 0, max: 70 }).map(String),
      fc.constantFrom('*/5', '1-3', 'L', '?', 'mon', '1,2'),
    );
    const expression = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.array(part, { minLength: 5, maxLength: 6 }).map((parts) => parts.join(' ')),
    );
    const afterMs = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') });
    const zone = fc.constantFrom('UTC', BERLIN, 'America/New_York', 'Australia/Lord_Howe');
    fc.assert(
      fc.property(expression, afterMs, zone, (text, after, tz) => {
        const next = nextTime(text, after, tz);
        assert.ok(next === null || next > after, `${text} after ${new Date(after).toISOString()} in ${tz}`);
      }),
      { numRuns: 300 },
    );
  });
});

describe('nextOccurrence', () => {
  test('W6: its id is series and time, so that arming twice arms once', () => {
    const first = nextOccurrence(row, at('2026-06-01T09:00:05Z'), 'UTC');
    const again = nextOccurrence({ ...row, attempt: 6 }, at('2026-06-01T23:00:00Z'), 'UTC');
    assert.equal(first?.id, 'task-1:2026-06-02T09:00:00.000Z');
    assert.deepEqual(again, first);
  });

  test('W6: the series keeps its name from occurrence to occurrence', () => {
    const second = nextOccurrence(
      { ...row, id: 'task-1:x' as MessageId, seriesId: 'task-1' },
      row.dueMs,
      'UTC',
    );
    assert.equal(second?.seriesId, 'task-1');
    assert.equal(second?.id, 'task-1:2026-06-02T09:00:00.000Z');
    assert.deepEqual([second?.content, second?.channel, second?.chat], [row.content, row.channel, row.chat]);
  });

  test('W7: what was missed while nothing ran is not made up for', () => {
    const next = nextOccurrence(row, at('2026-06-20T10:00:00Z'), 'UTC');
    assert.equal(next?.dueMs, at('2026-06-21T09:00:00Z'));
  });

  test('a message without a series, or with one that is not valid, has no next occurrence', () => {
    assert.equal(nextOccurrence({ ...row, recurrence: null }, row.dueMs, 'UTC'), null);
    assert.equal(nextOccurrence({ ...row, recurrence: 'every now and then' }, row.dueMs, 'UTC'), null);
  });
});
