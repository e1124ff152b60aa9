/** kill -9 before and behind every commit of a decision: the word is lost whole or done whole, and once. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Approvals } from '../../src/access/approvals.ts';
import { systemClock } from '../../src/clock.ts';
import { Grants } from '../../src/egress/policy/grants.ts';
import { Rules } from '../../src/egress/policy/rules.ts';
import { openApprovals } from './world.ts';

const DECIDER = fileURLToPath(new URL('./decider.ts', import.meta.url));
/** Decide; grant; applied: each with a moment before and one behind it; and the audit's row, with one. */
const STEPS = 7;

function run(args: readonly string[]): Promise<{ readonly signal: string | null; readonly said: string }> {
  return new Promise((resolve) => {
    const flags = ['--disable-warning=ExperimentalWarning', DECIDER, ...args];
    const child = execFile(process.execPath, flags, (_, stdout, stderr) => {
      resolve({ signal: child.signalCode, said: stdout + stderr });
    });
  });
}

test('P3: attack: promise 23: kill -9 between each two lines of a decision: one word, one grant, one message', async (t) => {
  let kills = 0;
  for (let step = 1; step <= STEPS + 1; step += 1) {
    const world = await openApprovals(t);
    const { store, dir, log, told, records } = world;
    // The child decides by the real clock.
    world.clock.now = () => Date.now();
    const { id, sha256 } = await world.asked();
    const { signal, said } = await run([dir, String(step), id, sha256]);
    if (step > STEPS) assert.equal(said, 'done\n', 'there are no more steps than these');
    else assert.equal(signal, 'SIGKILL', said);
    kills += signal === 'SIGKILL' ? 1 : 0;

    new Rules(dir);
    const grants = new Grants(dir);
    const asker = { session: 's1', agent: world.agent.id };
    const next = new Approvals({
      ...{ store, log, clock: systemClock },
      audit: { record: async () => undefined },
      policy: { grantHost: async (grant) => grants.add(grant) },
      delivery: { send: async () => undefined },
      nudge: () => undefined,
      ended: () => undefined,
    });
    // Used before the host is back: what is granted again then must not come back.
    const early = step >= 5 && grants.take(asker, 'api.example.com', 443);
    await next.start();
    const [record] = await records();
    if (step === 1) {
      assert.equal(record?.state, 'asked');
      assert.equal((await next.decide({ id, sha256, decision: 'once' }, 'web:local')).kind, 'decided');
    } else assert.equal((await next.decide({ id, sha256, decision: 'no' }, 'web:local')).kind, 'late');
    next.stop();
    const uses = [
      early,
      grants.take(asker, 'api.example.com', 443),
      grants.take(asker, 'api.example.com', 443),
    ];
    assert.equal(uses.filter(Boolean).length, 1, `step ${step}`);
    assert.equal((await told()).length, 1, `step ${step}`);
    assert.equal((await records())[0]?.applied, true);
  }
  assert.equal(kills, STEPS);
});
