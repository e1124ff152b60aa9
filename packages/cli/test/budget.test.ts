/** `budget`: what it says and sends, against a host that is nothing but the contract. */
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { BudgetList, BudgetStop } from '@bellhop/host/api';
import { type FakeHost, fakeHost } from './fake-host.ts';
import { run, testWorld } from './test-world.ts';

const STOP: BudgetStop = {
  id: 'a1b2',
  agent: 'bell',
  period: 'day',
  session: null,
  at: '2026-01-01T00:00:00.000Z',
  state: 'asked',
};
const LIST: BudgetList = {
  budgets: [
    { agent: 'bell', period: 'day', capMicros: 5_000_000, addedMicros: 1_000_000, spentMicros: 5_990_000 },
    { agent: null, period: 'month', capMicros: 80_000_000, addedMicros: 0, spentMicros: 0 },
    { agent: 'bell', period: 'session', capMicros: 500_000, addedMicros: 0, spentMicros: null },
  ],
  stops: [STOP],
};

/** Returns what was asked to change. */
function scripted(host: FakeHost, list: BudgetList): string[] {
  const asked: string[] = [];
  host.intercept = (request, response) => {
    if (!request.url?.startsWith('/v1/budgets')) return false;
    void text(request).then((body) => {
      if (request.method !== 'GET') asked.push(`${request.method} ${request.url} ${body}`);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
    });
    return true;
  };
  return asked;
}

test('budget shows caps, what is used, what is asked, and what to type', async () => {
  await using host = await fakeHost();
  scripted(host, LIST);
  const { out } = await run(['budget'], testWorld({ data: host.data }));
  assert.deepEqual(out.split('\n').slice(0, 4), [
    'bell: $5.00 a day, $5.99 used, $1.00 added for this one',
    'all agents: $80.00 a month, $0.00 used',
    'bell: $0.50 for each conversation',
    'a1b2: the budget of bell a day is used up; what it holds waits for you',
  ]);
  assert.match(out, /budget add AMOUNT \[ID\] .* budget stop \[ID\]\n$/);
});

test('amounts are dollars; the only question needs no id, and one of two does', async () => {
  await using host = await fakeHost();
  const asked = scripted(host, LIST);
  const budget = (...words: string[]) => run(['budget', ...words], testWorld({ data: host.data }));
  await budget('set', '$2.50', '--per', 'month', '--all');
  await budget('set', 'none', '--agent', 'bell');
  await budget('add', '1');
  await budget('stop');
  assert.deepEqual(asked, [
    'PUT /v1/budgets {"agent":null,"period":"month","capMicros":2500000}',
    'PUT /v1/budgets {"agent":"bell","period":"day","capMicros":null}',
    'POST /v1/budgets/answer {"stop":"a1b2","addMicros":1000000}',
    'POST /v1/budgets/answer {"stop":"a1b2","addMicros":null}',
  ]);
  scripted(host, { ...LIST, stops: [STOP, { ...STOP, id: 'c3' }] });
  const { code, err } = await budget('add', '1');
  assert.equal(code, 1);
  assert.match(err, /More than one budget is used up: a1b2, c3/);
});

test('what is no amount, no period and no verb is a usage error, and nothing is sent', async () => {
  await using host = await fakeHost();
  const asked = scripted(host, LIST);
  for (const words of [
    ['set'],
    ['set', '-1'],
    ['set', '1e3'],
    ['add', '1,5'],
    ['set', '1', '--per', 'week'],
    ['set', '1', '--all', '--agent', 'bell'],
    ['set', '1', '--all', '--per', 'session'],
    ['toString'],
  ])
    assert.equal((await run(['budget', ...words], testWorld({ data: host.data }))).code, 2, words.join(' '));
  assert.deepEqual(asked, []);
});
