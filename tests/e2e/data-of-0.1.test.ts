/**
 * A data folder of version 0.1, with work in every state, opens with the host of today and goes on. Its Docker sessions
 * go on in bubblewrap: the sandbox is the host's choice, not the session's.
 *
 * What these tests name by id was named so when the folder was made (tests/fixtures/data-0.1/README.md).
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ApprovalList, BudgetList, DeadLetterList } from '@bellhop/host/api';
import { until } from '../../packages/host/test/until.ts';
import { callTool, type ModelRequest, say } from '../fake-models/script.ts';
import { startFakeModel } from '../fake-models/server.ts';
import { Browser } from './house/browser.ts';
import { houseOf01, KILLED_AT } from './house/data-of-0.1.ts';
import { openEchoHost } from './house/echo-host.ts';
import type { House } from './house/house.ts';
import { bwrapMissing, NODE, ROOT } from './house/machine.ts';
import { run } from './house/run.ts';
import { asked, results } from './house/with-model.ts';

const DEMO = { BELLHOP_HARNESS: 'demo' };
const KEY = 'canary-key-of-the-fixture';

async function json<T>(house: House, ...words: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await house.bellhop([...words, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

/** `./bellhop audit verify`: reads the file, whether a host runs or not. */
async function verify(house: House): Promise<{ readonly rows: number; readonly fault: unknown }> {
  const words = [join(ROOT, 'packages/host/src/audit.ts'), 'verify', '--json'];
  const { stdout } = await run(NODE, words, { env: house.env({ BELLHOP_DATA: house.data }) });
  return JSON.parse(stdout) as { rows: number; fault: unknown };
}

/** What an agent says when it tries to reach a host. */
async function reach(house: House, host: string): Promise<string> {
  const connect = `curl -s -i --proxy '' --max-time 30 -X CONNECT --request-target ${host}:443 -H 'Host: ${host}:443' $HTTPS_PROXY`;
  return (await house.ask(`run ${connect}`, 'cards')).reply;
}

test('0.1: what waited is answered, once; what was due comes, what is not due waits; a failed message stays failed', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseOf01(t);
  const before = new Map(
    ['main', 'docker', 'docker-answers'].map((thread) => [thread, house.records.conversation(thread)]),
  );
  assert.ok([...before.values()].every((said) => said.length >= 2));
  await house.up({ env: DEMO });
  const said = (thread: string) => house.records.conversation(thread).map(({ text }) => text);
  const times = (thread: string, pattern: RegExp) => said(thread).filter((text) => pattern.test(text)).length;
  const all = ['waits-bwrap', 'waits-new', 'streams', 'follows'];
  await until('what waited has ended', async () => {
    const states = await Promise.all(all.map((id) => house.api.message(id)));
    return states.every(({ body }) => body.settled);
  });
  await until(
    'what was due has come',
    () => times('main', /^Reminder/) > 0 && times('docker', /^Reminder/) > 0,
  );
  assert.deepEqual(
    [
      times('main', /^You said: Are you there\?/),
      times('new', /^You said: A new conversation/),
      times('docker-answers', /^Every conversation gets its own room/),
      times('docker-answers', /^You said: Another one behind it/),
      times('main', /^Reminder: water the plants$/),
      times('docker', /^Reminder: feed the cat$/),
      times('main', /look back$/),
    ],
    [1, 1, 1, 1, 1, 1, 1],
  );
  for (const [thread, entries] of before) {
    assert.deepEqual(house.records.conversation(thread).slice(0, entries.length), entries);
  }
  // A host that dies costs no try: the turn of its Docker sandbox runs again in bubblewrap, and hangs as it is told to.
  const hanging = await house.api.message('hangs');
  const [row] = house.records.inbound(hanging.body.session).filter(({ id }) => id === 'hangs');
  assert.deepEqual([hanging.body.state, row?.status, row?.tries], ['at work', 'pending', 0]);
  await house.ask('/stop', 'docker');
  await until('it is stopped', async () => (await house.api.message('hangs')).body.state === 'failed');
  const again = await house.ask('and now?', 'docker');
  assert.match(again.reply, /^You said: and now\?/);
  assert.equal(again.session, hanging.body.session);
  const main = await house.ask('and here?', 'main');
  const waiting = house.records.inbound(main.session).filter(({ status }) => status === 'pending');
  assert.deepEqual(
    waiting.map(({ kind, content }) => [kind, /look back/.test(content)]),
    [['task', true]],
  );

  const [question] = house.records
    .conversation('question')
    .flatMap(({ body }) => (body.kind === 'question' ? body : []));
  await house.api.press({ id: 'late', question: question?.question, option: 'tea', thread: 'question' });
  await until('the press is answered', () => times('question', /^You chose: tea$/) === 1);

  const { deadLetters } = await json<DeadLetterList>(house, 'dead-letters');
  assert.deepEqual(
    deadLetters.map(({ thread, message }) => [thread, message === 'hangs']),
    [
      ['docker', true],
      ['failed', false],
    ],
  );
  const { stdout } = await house.bellhop(['why', deadLetters[1]?.message ?? '']);
  assert.match(stdout, /the demo was asked to fail/);
  assert.deepEqual(await json(house, 'sessions', '--quarantined'), { sessions: [] });
});

test('0.1: rules, approvals, secrets, budgets, skills, the password and the audit are there, and hold', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseOf01(t);
  const { rows: audited, fault } = await verify(house);
  assert.deepEqual([fault, audited >= 25], [null, true], `${audited} rows`);
  // As if it was opened a minute later: an open card is good for a day.
  const clock = `const now = Date.now; const off = Date.parse('${KILLED_AT}') + 60_000 - now(); Date.now = () => now() + off;`;
  await house.up({
    env: { ...DEMO, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(clock)}` },
  });

  const { hosts } = await json<{
    hosts: { host: string; port: number; method: string | null; path: string | null }[];
  }>(house, 'hosts');
  assert.deepEqual(hosts.map(({ host, port, method, path }) => [host, port, method, path]).sort(), [
    ['always.bellhop-test.invalid', 443, null, null],
    ['api.example.com', 443, 'GET', '/v1/*'],
    ['files.example.org', 8443, null, null],
  ]);
  const { approvals } = await json<ApprovalList>(house, 'approvals');
  assert.deepEqual(
    approvals.map(({ host, state, decision }) => [host.split('.')[0], state, decision]).sort(),
    [
      ['always', 'decided', 'always'],
      ['denied', 'decided', 'no'],
      ['once', 'decided', 'once'],
      ['open', 'asked', null],
      ['session', 'decided', 'session'],
    ],
  );
  // Past the policy there is no such name; a refusal would come before it.
  for (const name of ['always', 'session', 'once']) {
    assert.match(await reach(house, `${name}.bellhop-test.invalid`), /502[\s\S]*No address was found/, name);
  }
  assert.match(await reach(house, 'denied.bellhop-test.invalid'), /403[\s\S]*was asked, and said no/);
  const open = approvals.find(({ state }) => state === 'asked');
  const allowed = await house.bellhop(['approvals', 'allow', open?.id ?? '', '--always']);
  assert.equal(allowed.code, 0, allowed.stderr);
  assert.match(await reach(house, 'open.bellhop-test.invalid'), /502[\s\S]*No address was found/);

  const secrets = (await house.bellhop(['secrets'])).stdout;
  assert.match(
    secrets,
    /^github {2}set 2026-11-30[\s\S]*bell: api\.github\.com GET \/user as bearer\nunused {2}set/,
  );
  const budgets = await json<BudgetList>(house, 'budget');
  assert.deepEqual(
    budgets.budgets.map(({ agent, period, capMicros }) => [agent, period, capMicros]),
    [
      [null, 'month', 500_000_000],
      ['bell', 'month', 100_000_000],
      ['bell', 'session', 1],
    ],
  );
  assert.equal((await house.api.message('parked')).body.settled, false);
  const [stop] = budgets.stops;
  assert.equal((await house.bellhop(['budget', 'add', '1', stop?.id ?? ''])).code, 0);
  await until('what the budget held goes on', async () => (await house.api.message('parked')).body.settled);
  assert.match((await house.bellhop(['usage'])).stdout, /bell/);
  assert.match((await house.bellhop(['skills'])).stdout, /^greeting: on for bell/);
  const browser = new Browser();
  browser.moveTo((await house.api.status()).body.url);
  assert.equal((await browser.post('/v1/sign-in', { password: 'fixture password of nobody' })).status, 204);
  await house.host.stop();
  const after = await verify(house);
  assert.deepEqual([after.fault, after.rows > audited], [null, true]);
});

test('0.1: its vault opens, and an agent with a model lists the reminder that was made then', {
  skip: bwrapMissing,
}, async (t) => {
  const house = houseOf01(t);
  const echo = await openEchoHost(t, house.root);
  const wanted = [
    ['bash', { command: `NO_PROXY= no_proxy= curl -s --max-time 20 https://${echo.at}/user` }],
    ['list_tasks', {}],
  ] as const;
  // What waited in other conversations is answered as well.
  const script = (request: ModelRequest) => {
    const next = asked(request, 'Fetch it') ? wanted[results(request).length] : undefined;
    return next ? callTool(next[0], next[1]) : say('Done.');
  };
  const model = await startFakeModel(script, KEY);
  t.after(() => model.close());
  await house.up({ env: echo.env });
  const set = await house.bellhop(
    ['model', 'set', 'anthropic', 'test', '--base-url', model.url, '--key-stdin'],
    `${KEY}\n`,
  );
  assert.match(set.stdout, /anthropic test\n[\s\S]*harness +light/, set.stderr);
  assert.equal((await house.bellhop(['budget', 'set', 'none', '--per', 'session'])).code, 0);
  const to = ['--host', echo.at, '--path', '/user', '--private'];
  const granted = await house.bellhop(['secrets', 'grant', 'github', '--as', 'bearer', ...to]);
  assert.equal(granted.code, 0, granted.stderr);
  assert.equal((await house.ask('Fetch it', 'main')).reply, 'Done.');
  assert.deepEqual(
    echo.seen.map(({ url, headers }) => [url, headers.authorization]),
    [['/user', 'Bearer fixture-secret-of-nobody']],
  );
  const fetching = model.requests.filter((request) => asked(request, 'Fetch it'));
  assert.match(results(fetching.at(-1) as ModelRequest)[1] ?? '', /2072-\S+: look back/);
});
