/** Budgets through the real egress process: a hostile sandbox on one side, a counting endpoint on the other. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EgressError } from '../../src/egress/port.ts';
import type { Endpoint } from '../../src/egress/providers.ts';
import { readUsageSums } from '../../src/egress/usage/report.ts';
import { SandboxUnavailable } from '../../src/sandboxes/port.ts';
import { until } from '../until.ts';
import { keyed, open, openUpstream, pidOf, post, startEgress } from './world.ts';

const PATH = '/model/v1/messages';
/** What it can cost at most by the prices below: 100 out, and a few dozen bytes in that cost nothing. */
const BODY = '{"model":"m-1","max_tokens":100}';
const MOST = 100;

async function world(t: TestContext) {
  const [upstream, egress] = [await openUpstream(t), await startEgress(t)];
  // One micro-dollar for each token that comes out; the answers of openUpstream have four.
  writeFileSync(join(egress.dir, 'egress', 'prices.json'), '{"models": {"m-1": {"input": 0, "output": 1}}}');
  const endpoint = await keyed(egress, upstream);
  const budget = (capMicros: number | null, more = {}) =>
    egress.egress.setBudget({ agent: 'bell', period: 'day', capMicros, ...more });
  const charged = () =>
    readUsageSums(join(egress.dir, 'egress'), 'agent').reduce((sum, row) => sum + row.chargedMicros, 0);
  const settled = (calls: number) => until('all is on record', () => egress.calls.length === calls);
  return { upstream, ...egress, endpoint, budget, charged, settled };
}

async function ask(socket: string, body = BODY): Promise<readonly [number, unknown]> {
  const { status, headers } = await post(socket, PATH, body);
  return [status, headers['x-bellhop-error']];
}

test('at the cap the call is refused in words, nothing goes out, and its agent is parked', async (t) => {
  const { upstream, door, endpoint, budget, parked, egress } = await world(t);
  await budget(MOST + 3);
  const socket = await door('s', endpoint);
  assert.deepEqual(await ask(socket), [200, undefined]);
  await until('it is settled', async () => (await egress.budgets()).budgets[0]?.spentMicros === 4);
  const refused = await post(socket, PATH, BODY);
  assert.deepEqual([refused.status, refused.headers['x-bellhop-error']], [429, 'budget_asked']);
  assert.match(refused.body, /The budget for today \(\$0\.00\) is used up\. The owner is asked/);
  assert.equal(upstream.seen.length, 1);
  await until('the host is told', () => parked.length === 1);
  assert.deepEqual(parked, ['bell']);
});

test('a price that the owner edits counts from the next call on, without a restart', async (t) => {
  const { dir, door, endpoint, charged, settled } = await world(t);
  const socket = await door('s', endpoint);
  await ask(socket);
  await settled(1);
  assert.equal(charged(), 4);
  writeFileSync(join(dir, 'egress', 'prices.json'), '{"models": {"m-1": {"input": 0, "output": 25}}}');
  await ask(socket);
  await settled(2);
  assert.equal(charged(), 4 + 100);
});

test('a session that waits for money gets no way out; money lets it go on, once, for this period', async (t) => {
  const { door, endpoint, budget, egress } = await world(t);
  await budget(MOST - 1);
  const socket = await door('s', endpoint);
  // It would never fit: nobody is asked, and nothing waits.
  assert.deepEqual(await ask(socket), [402, 'budget_over']);
  await budget(MOST);
  assert.deepEqual(await ask(socket), [200, undefined]);
  assert.deepEqual(await ask(socket), [429, 'budget_asked']);
  const { stops } = await egress.budgets();
  const [stop] = stops;
  assert.deepEqual([stops.length, stop?.state, stop?.agent, stop?.period], [1, 'asked', 'bell', 'day']);
  await assert.rejects(door('s2', endpoint), (error) => {
    assert.ok(error instanceof SandboxUnavailable);
    assert.match(error.hint, /bellhop budget/);
    return /budget for today .* used up/.test(error.message);
  });
  const answer = { stop: stop?.id ?? '', addMicros: MOST };
  const after = await egress.answerStop(answer);
  assert.deepEqual([after.stops, after.budgets[0]?.addedMicros], [[], MOST]);
  // Double click: the second one is told so, and adds nothing.
  await assert.rejects(
    egress.answerStop(answer),
    (e) => e instanceof EgressError && e.code === 'no_such_stop',
  );
  assert.equal((await egress.budgets()).budgets[0]?.addedMicros, MOST);
  assert.deepEqual(await ask(await door('s3', endpoint)), [200, undefined]);
});

test('an owner who says no ends it: sessions go on, and are told so at each call', async (t) => {
  const { door, endpoint, budget, egress, upstream } = await world(t);
  await budget(MOST);
  const socket = await door('s', endpoint);
  await ask(socket);
  assert.deepEqual(await ask(socket), [429, 'budget_asked']);
  const [stop] = (await egress.budgets()).stops;
  await egress.answerStop({ stop: stop?.id ?? '', addMicros: null });
  // An old card: what was decided stays.
  await assert.rejects(egress.answerStop({ stop: stop?.id ?? '', addMicros: MOST }), EgressError);
  const refused = await post(await door('s2', endpoint), PATH, BODY);
  assert.deepEqual([refused.status, refused.headers['x-bellhop-error']], [402, 'budget_over']);
  assert.match(refused.body, /the owner adds nothing to it/);
  assert.equal(upstream.seen.length, 1);
  // A budget that is changed is a new one.
  await budget(10 * MOST);
  assert.deepEqual(await ask(socket), [200, undefined]);
});

test('attack: twenty calls at once pass a budget for five no more than five times', async (t) => {
  const { door, endpoint, budget, upstream, charged, settled } = await world(t);
  await budget(5 * MOST);
  const waiting: (() => void)[] = [];
  upstream.handle = (_, response) => void waiting.push(() => response.end('{}'));
  const sockets = [await door('a', endpoint), await door('b', endpoint)];
  let refused = 0;
  const all = Array.from({ length: 20 }, async (_, n) => {
    const end = await ask(sockets[n % 2] ?? '');
    if (end[0] === 429) refused += 1;
    return end;
  });
  await until('all have been judged', () => waiting.length === 5 && refused === 15);
  for (const end of waiting) end();
  const ends = await Promise.all(all);
  assert.equal(ends.filter(([status]) => status === 200).length, 5);
  assert.equal(upstream.seen.length, 5);
  await settled(5);
  // None of them said what it used.
  assert.equal(charged(), 5 * MOST);
});

test('attack: hanging up before the last event, which tells what came out, pays the whole reservation', async (t) => {
  const { door, endpoint, upstream, charged, settled } = await world(t);
  upstream.handle = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const usage = { input_tokens: 1, output_tokens: 1 };
    response.write(`data: ${JSON.stringify({ message: { model: 'm-1', usage } })}\n\n`);
  };
  const answer = await open(await door('s', endpoint), PATH, BODY);
  answer.on('error', () => undefined);
  answer.once('data', () => answer.destroy());
  await settled(1);
  assert.equal(charged(), MOST);
});

test('attack: a dear model that has no price is reserved and charged as the dearest that has one', async (t) => {
  const { door, endpoint, upstream, charged, settled, calls } = await world(t);
  upstream.handle = (_, response) =>
    void response
      .setHeader('content-type', 'application/json')
      .end('{"model": "m-x", "usage": {"input_tokens": 1, "output_tokens": 1}}');
  await ask(await door('s', endpoint), '{"model":"m-x","max_tokens":100}');
  await settled(1);
  assert.equal(calls[0]?.costMicros, null);
  assert.ok(charged() >= 7_500, `${charged()}`);
});

test('attack: a budget of one session is none of another, one of all agents is of each', async (t) => {
  const { door, endpoint, budget } = await world(t);
  await budget(MOST, { period: 'session' });
  const [one, two] = [await door('one', endpoint), await door('two', endpoint)];
  assert.deepEqual(await ask(one), [200, undefined]);
  assert.deepEqual(await ask(one), [429, 'budget_asked']);
  assert.deepEqual(await ask(two), [200, undefined]);
  await budget(null, { period: 'session' });
  assert.deepEqual(await ask(one), [200, undefined]);
  await budget(MOST, { agent: '', period: 'month' });
  assert.deepEqual(await ask(two), [429, 'budget_asked']);
});

test('50, 80 and 100 % are told once each; what was spent before a budget was set counts', async (t) => {
  const { door, endpoint, budget, alerts, settled } = await world(t);
  const socket = await door('s', endpoint);
  await ask(socket);
  await settled(1);
  await budget(MOST + 4);
  await ask(socket);
  await settled(2);
  assert.equal(alerts.length, 0);
  await budget(4 * 4, { period: 'month' });
  await ask(socket, '{"model":"m-1","max_tokens":4}');
  await settled(3);
  await until('one is told', () => alerts.length === 1);
  const [alert] = alerts;
  assert.deepEqual(
    [alert?.session, alert?.agent, alert?.period, alert?.percent, alert?.spentMicros],
    ['s', 'bell', 'month', 50, 12],
  );
  await ask(socket, '{"model":"m-1","max_tokens":4}');
  await until('the last is told', () => alerts.length === 2);
  assert.equal(alerts[1]?.percent, 100);
});

test('a mark is told until somebody has heard of it, whoever is killed in between', async (t) => {
  const { egress, door, endpoint, budget, alerts, settled, dir } = await world(t);
  const kill = async () => {
    process.kill(pidOf(dir), 'SIGKILL');
    // Asked until the next one answers: from then on it has told what it had to tell.
    await until('it is up again', () =>
      egress.budgets().then(
        () => true,
        () => false,
      ),
    );
  };
  await budget(4 * 2, { period: 'month' });
  await ask(await door('s', endpoint), '{"model":"m-1","max_tokens":4}');
  await settled(1);
  await until('it is told', () => alerts.length === 1);
  await kill();
  await until('it is told again', () => alerts.length === 2);
  const [first, second] = alerts;
  assert.deepEqual(second, first);
  await egress.alertTold(first?.id ?? 0);
  await kill();
  await egress.budgets();
  assert.equal(alerts.length, 2);
});

test("the owner's own test of a model is charged, and never refused", async (t) => {
  const { egress, endpoint, budget, charged } = await world(t);
  await budget(0);
  await egress.test(endpoint as Endpoint, 'bell');
  assert.equal(charged(), 4);
});
