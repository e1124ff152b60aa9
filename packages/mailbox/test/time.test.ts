/** Times on disk: both forms are UTC, in whatever zone the process runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTime, toIso } from '../src/index.ts';
import { T0 } from './support.ts';

for (const [text, ms] of [
  ['2026-03-01T12:00:00.000Z', T0],
  ['2026-03-01 12:00:00', T0],
  ['2026-03-01 12:00:00.250', T0 + 250],
  ['2026-03-01T14:00:00+02:00', T0],
  ['2026-03-01T12:00:00', T0],
  ['2026-03-01 12:00', T0],
  ['soon', null],
  ['', null],
] as const) {
  test(`'${text}' is ${ms === null ? 'no time' : 'read as UTC'}`, (t) => {
    const zone = process.env.TZ;
    process.env.TZ = 'America/New_York';
    t.after(() => {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    });
    assert.equal(new Date(T0).getHours(), 7, 'the zone is in force');
    assert.equal(parseTime(text), ms);
  });
}

test('a time is written in UTC with milliseconds', () =>
  assert.equal(toIso(T0 + 5), '2026-03-01T12:00:00.005Z'));
