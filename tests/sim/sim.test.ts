/**
 * The simulator in the small: a few of its runs, that a run can be had again to the letter, and that it can fail. The
 * big run is `./bellhop sim`; what each of its rules is for, and that breaking a guard turns it red, is in
 * proofs/sim/README.md.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSimulator } from '../../proofs/sim/load.ts';
import { scriptWords, shrink } from '../../proofs/sim/shrink.ts';
import { add, lastLine, NOTHING, verdict } from '../../proofs/sim/totals.ts';

const RUNS = 20;
const { run, scriptOf } = await loadSimulator();

test('nothing is lost and nothing said twice, whatever dies between any two steps', async () => {
  let totals = NOTHING;
  const wrong: string[] = [];
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const outcome = await run(scriptOf(seed));
    totals = add(totals, outcome, 0);
    if (outcome.violation) wrong.push(...scriptWords(outcome));
  }
  assert.equal(verdict(totals), null, wrong.join('\n'));
  assert.match(
    lastLine(totals, 1),
    /^lost=0 repeated_key=0 repeated_nokey=\d+ violations=0 injected=[1-9]\d* /,
  );
  assert.ok(totals.killedAt.length > 20, `killed at ${totals.killedAt.length} kinds of step alone`);
});

test('the same seed gives the same run, to the letter of its trace', async () => {
  const [first, again, other] = [await run(scriptOf(5)), await run(scriptOf(5)), await run(scriptOf(6))];
  assert.equal(first.fingerprint, again.fingerprint);
  assert.notEqual(first.fingerprint, other.fingerprint);
});

test('a run from the script that another one wrote is the same run', async () => {
  const drawn = await run(scriptOf(12));
  assert.ok(drawn.injected > 0);
  assert.equal((await run(drawn.script)).fingerprint, drawn.fingerprint);
});

test('a run in which nothing goes wrong proves nothing, and says so', async () => {
  const { seed, story } = scriptOf(3);
  const calm = await run({ seed, story: { ...story, happenings: [] }, faults: new Map() });
  assert.equal(calm.violation, null);
  assert.equal(verdict(add(NOTHING, calm, 0)), 'nothing was injected, so nothing is proven');
});

test('a platform without keys that answers too late is the one that hears a thing twice, with its mark', async () => {
  const saying = { id: 'm1', atMs: 2_000, platform: 'marked', chat: 'chat-1', deed: 'say' } as const;
  const story = { sayings: [saying], happenings: [] };
  const fault = new Map([['host: send to marked#1', 'taken, no answer']]);
  const marked = await run({ seed: 1, story, faults: fault });
  assert.equal(marked.violation, null);
  assert.equal(marked.counts.repeatedNoKey, 1);
  const keyed = await run({
    seed: 1,
    story: { ...story, sayings: [{ ...saying, platform: 'keyed' }] },
    faults: new Map([['host: send to keyed#1', 'taken, no answer']]),
  });
  assert.equal(keyed.violation, null);
  assert.equal(keyed.sends, 2);
  assert.equal(keyed.counts.repeatedNoKey, 0);
});

test('a failing run is made as small as it can be', async () => {
  const drawn = await run(scriptOf(12));
  const [culprit] = [...(drawn.script.faults ?? [])].at(-1) ?? [''];
  const violation = { kind: 'lost', message: 'lost: m1', name: 'Violation' } as const;
  // Stands for a product that fails whenever this one thing happens.
  const smallest = await shrink({ ...drawn, violation }, async (script) => ({
    ...drawn,
    script,
    violation: script.faults?.has(culprit) ? violation : null,
  }));
  assert.deepEqual([...(smallest.script.faults?.keys() ?? [])], [culprit]);
  assert.deepEqual(smallest.script.story, { sayings: [], happenings: [] });
  assert.equal(scriptWords(smallest).length, 2);
});

test('what has failed goes back only where a person asks for it', async () => {
  const saying = { id: 'm1', atMs: 2_000, platform: 'keyed', chat: 'chat-1', deed: 'fail' } as const;
  const asked = { id: 'h1', atMs: 20_000, kind: 'a person tries it again' } as const;
  const lines: string[] = [];
  const tell = async (happenings: readonly (typeof asked)[]) => {
    lines.length = 0;
    const story = { sayings: [saying], happenings };
    const { violation } = await run({ seed: 1, story, faults: new Map() }, (line) => lines.push(line));
    assert.equal(violation, null);
    return lines.filter((line) => line.includes('There is no answer')).length;
  };
  assert.deepEqual([await tell([]), await tell([asked])], [1, 2]);
});

test('/stop ends the turn that is at work, and is answered', async () => {
  const where = { platform: 'keyed', chat: 'chat-1' } as const;
  const sayings = [
    { id: 'm1', atMs: 2_000, deed: 'hang once', ...where },
    { id: 'm2', atMs: 6_000, deed: '/stop', ...where },
  ] as const;
  const lines: string[] = [];
  const { violation } = await run(
    { seed: 1, story: { sayings, happenings: [] }, faults: new Map() },
    (line) => lines.push(line),
  );
  assert.equal(violation, null);
  for (const said of ['keyed says Stopping.', 'you stopped it']) {
    assert.ok(
      lines.some((line) => line.includes(said)),
      said,
    );
  }
});
