/** What a call may spend, and what it is charged: pure, over sums. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alertDue, type CallEnd, chargeOf, decideSpend } from '../../src/egress/usage/decide.ts';
import { startOf } from '../../src/egress/usage/windows.ts';

const line = (spentMicros: number, capMicros: number) => ({ spentMicros, capMicros });

test('a call goes out when the most it can cost fits into every budget, to the last micro-dollar', () => {
  assert.equal(decideSpend([], 1e12).kind, 'go');
  assert.equal(decideSpend([line(40, 100), line(0, 60)], 60).kind, 'go');
  assert.equal(decideSpend([line(41, 100), line(0, 60)], 60).kind, 'full');
});

test('the budget that is passed by the most is named; one that is spent is full, whatever is asked', () => {
  const [small, big] = [line(9, 10), line(90, 100)];
  assert.deepEqual(decideSpend([small, big], 20), { kind: 'too dear', line: small });
  assert.deepEqual(decideSpend([big], 20), { kind: 'full', line: big });
  assert.equal(decideSpend([line(10, 10)], 20).kind, 'full');
  assert.equal(decideSpend([line(0, 0)], 1).kind, 'full');
});

test('only a whole answer with a price costs what it says; a plain refusal costs nothing; all else, all', () => {
  const good: CallEnd = { status: 200, whole: true, sent: true, costMicros: 7 };
  const charged = (end: Partial<CallEnd>) => chargeOf({ ...good, ...end }, 100);
  assert.equal(charged({}), 7);
  assert.equal(charged({ costMicros: 0 }), 0);
  assert.equal(charged({ costMicros: null }), 100);
  // A client that hangs up before the last event, which alone tells what came out.
  assert.equal(charged({ whole: false }), 100);
  assert.equal(charged({ status: 0, whole: false, costMicros: null }), 100);
  for (const status of [500, 502, 504]) assert.equal(charged({ status }), 100, String(status));
  for (const status of [307, 400, 401, 429, 503, 529]) assert.equal(charged({ status }), 0, String(status));
  assert.equal(charged({ status: 0, sent: false, whole: false, costMicros: null }), 0);
  assert.equal(charged({ costMicros: 1_000 }), 1_000);
});

test('a mark is due once, and the highest one when several are passed at a time', () => {
  assert.equal(alertDue(line(49, 100), 0), null);
  assert.equal(alertDue(line(50, 100), 0), 50);
  assert.equal(alertDue(line(79, 100), 50), null);
  assert.equal(alertDue(line(200, 100), 0), 100);
  assert.equal(alertDue(line(200, 100), 100), null);
});

test('hours, days and months are those of this machine', () => {
  const at = new Date(2026, 9, 25, 13, 45, 59, 999).getTime();
  assert.equal(startOf('session', at), 0);
  assert.equal(startOf('hour', at), new Date(2026, 9, 25, 13).getTime());
  assert.equal(startOf('day', at), new Date(2026, 9, 25).getTime());
  assert.equal(startOf('month', at), new Date(2026, 9, 1).getTime());
});
