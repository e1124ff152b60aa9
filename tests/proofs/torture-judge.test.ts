/** The judge of the torture, on logs that are wrong in one way each: each must be seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POINTS } from '../../packages/mailbox/src/index.ts';
import { type Asked, judge, type Verdict } from '../../proofs/torture/judge.ts';
import { MIN_BLOWS, planBlows } from '../../proofs/torture/plan.ts';
import { complaintsOf } from '../../proofs/torture/torture.ts';
import { Victims } from '../../proofs/torture/victims.ts';
import { seeded } from '../fake-platform/dice.ts';
import type { Entry } from '../fake-platform/log.ts';

const asked: readonly Asked[] = [{ chat: 'c', id: 'm', answers: ['first', 'second'] }];
const accepted: Entry = { t: 'accepted', atMs: 0, chat: 'c', id: 'm' };
const said = (text: string, key: string | null = 'k', marked = false): Entry => {
  return { t: 'said', atMs: 0, chat: 'c', key, marked, notice: false, text };
};
const right: readonly Entry[] = [accepted, said('first'), said('second\n\n(small print)')];
const NONE: Verdict = {
  messages: 1,
  lost: 0,
  unaccepted: 0,
  repeatedKey: 0,
  repeatedNoKey: 0,
  unmarked: 0,
  outOfOrder: 0,
  unexpected: [],
  notices: [],
};
const seen = (entries: readonly Entry[], change: Partial<Verdict>) =>
  assert.deepEqual(judge(entries, asked), { ...NONE, ...change });

test('a log in which each answer was said once, in order, has nothing to blame', () => seen(right, {}));

test('accepted and half answered is lost', () => seen([accepted, said('first')], { lost: 1 }));

test('what nobody accepted is not lost, but told', () => seen([], { unaccepted: 1 }));

test('said twice with a key', () => seen([...right, said('first')], { repeatedKey: 1 }));

test('said twice without a key: with the mark it is counted, without it is never allowed', () => {
  seen([...right, said('first', null, true)], { repeatedNoKey: 1 });
  seen([...right, said('first', null, false)], { unmarked: 1 });
});

test('the second before the first', () => {
  seen([accepted, said('second'), said('first')], { outOfOrder: 1 });
});

test('what nobody asked for, and what Bellhop itself says, are told apart', () => {
  seen([...right, said('By the way.')], { unexpected: ['By the way.'] });
  seen([...right, { ...said('It waits.'), notice: true } as Entry], { notices: ['It waits.'] });
});

test('a run that struck nothing, or a point less often than planned, proves nothing', () => {
  const names = Object.keys(POINTS) as (keyof typeof POINTS)[];
  const planned = names.flatMap((at) =>
    Array.from({ length: 30 }, () => ({ at, signal: 'SIGKILL' as const })),
  );
  const hits = Object.fromEntries(names.map((name) => [name, 30]));
  const run = { verdict: NONE, injected: planned.length, hits, waits: new Map(), doubles: 0, oddities: {} };
  assert.deepEqual(complaintsOf(run, 0, planned), []);
  assert.deepEqual(complaintsOf({ ...run, injected: 0 }, 0, planned), ['no blow fell: nothing was shown']);
  assert.deepEqual(complaintsOf({ ...run, hits: { ...hits, 'host.sent': 29 } }, 0, planned), [
    'struck 29 times, not 30: host.sent',
  ]);
  assert.deepEqual(complaintsOf({ ...run, hits: {} }, 0, planned).length, names.length);
  assert.equal(complaintsOf({ ...run, doubles: 1 }, 1, planned).length, 2);
});

test('every point gets its share: one of the fewest blows, thirty of two thousand', () => {
  for (const [blows, least] of [
    [MIN_BLOWS, 1],
    [2_000, 30],
  ] as const) {
    const { host, runner } = planBlows(blows, seeded(1));
    const all = [...host, ...runner];
    assert.equal(all.length, blows);
    assert.equal(host.length, blows / 5);
    for (const name of Object.keys(POINTS)) {
      assert.ok(all.filter(({ at }) => at === name).length >= least, `${name} of ${blows}`);
    }
  }
});

test('two sandboxes of one session are seen, two of two sessions are not blamed', () => {
  const marks = ['bellhop:i:s1:1', 'bellhop:i:s1:1', 'bellhop:i:s2:1'];
  const look = () => marks.map((mark) => ({ pid: 0, startTime: '', mark }));
  const victims = new Victims('i', look);
  assert.equal(victims.of('s1').length, 2);
  assert.deepEqual([...victims.doubles], []);
  marks.push('bellhop:i:s2:2');
  victims.of('s1');
  assert.deepEqual([...victims.doubles], ['s2']);
});
