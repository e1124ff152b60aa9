/** A budget that is used up, seen by the person who talks: the message waits at no cost, and goes on with the money. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BudgetList } from '@bellhop/host/api';
import { until } from '../../packages/host/test/until.ts';
import { say } from '../fake-models/script.ts';
import { bwrapMissing } from './house/machine.ts';
import { houseWithModel } from './house/with-model.ts';

test('at the cap a conversation waits without a sandbox and its person reads why; money lets it go on, no ends it', {
  skip: bwrapMissing,
}, async (t) => {
  const { house, model } = await houseWithModel(t, 'anthropic', () => say('Yes.'));
  // A call reserves its 32,000 tokens out; each of them a micro-dollar.
  writeFileSync(join(house.data, 'egress/prices.json'), '{"models": {"test": {"input": 0, "output": 1}}}');
  const set = await house.bellhop(['budget', 'set', '0.032001']);
  assert.equal(set.stdout, 'bell: $0.03 a day, $0.00 used\n', set.stderr);
  assert.equal((await house.ask('one', 'money')).reply, 'Yes.');
  const calls = model.requests.length;

  const waiting = house.ask('two', 'money');
  const budgets = async () => JSON.parse((await house.bellhop(['budget', '--json'])).stdout) as BudgetList;
  await until('it is asked', async () => (await budgets()).stops.length === 1);
  const status = async () => (await house.bellhop(['status'])).stdout;
  await until('it waits, and why is said', async () => /budget for today .* used up/.test(await status()));
  assert.equal(model.requests.length, calls);
  const added = await house.bellhop(['budget', 'add', '1']);
  assert.match(added.stdout, /\$1\.00 added for this one/, added.stderr);
  assert.equal((await waiting).reply, 'Yes.');

  await house.bellhop(['budget', 'set', 'none']);
  await house.bellhop(['budget', 'set', '0.032001', '--per', 'session']);
  const refused = house.ask('three', 'money');
  await until('it is asked again', async () => (await budgets()).stops.length === 1);
  const [stop] = (await budgets()).stops;
  const stopped = await house.bellhop(['budget', 'stop', stop?.id ?? '']);
  assert.match(stopped.stdout, /is used up, and you said no more/, stopped.stderr);
  const { reply, stderr } = await refused;
  assert.match(reply + stderr, /the budget is used up \(it says: .*the owner adds nothing to it/);
  assert.equal((await house.ask('a new conversation', 'other')).reply, 'Yes.');
});
