/** Promise 23: a card for one exact action, decided once, in time, by its owner; each test is an attack or its pair. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPIRES_MS, MAX_OPEN, NO_MS } from '../../src/access/approvals.ts';
import { removeOldApprovals } from '../../src/store/approvals.ts';
import { questionById } from '../../src/store/questions.ts';
import { until } from '../until.ts';
import { BY_PAGE, BY_TERMINAL, openApprovals } from './world.ts';

test('promise 23: the owner’s word is what is done, and the agent that asked is told', async (t) => {
  const { approvals, asked, granted, told, ended, records, nudged, agent } = await openApprovals(t);
  const { id, sha256 } = await asked();
  const decided = await approvals.decide({ id, sha256, decision: 'session' }, BY_PAGE);
  assert.equal(decided.kind, 'decided');
  const host = { agent: agent.id, session: 's1', host: 'api.example.com', port: 443 };
  assert.deepEqual(granted, [{ approval: id, ...host, lasts: 'session' }]);
  assert.match(
    (await told()).join(),
    /^Allowed in this conversation: .*api\.example\.com, port 443\. Try again/,
  );
  assert.deepEqual([ended, nudged], [[`${id} session`], ['s1']]);
  const [record] = await records();
  assert.deepEqual(
    [record?.state, record?.decision, record?.decidedBy, record?.applied],
    ['decided', 'session', BY_PAGE, true],
  );
});

test('a no opens nothing, is told, and stands for a day without another card', async (t) => {
  const { approvals, asked, granted, told, ask, cards, clock } = await openApprovals(t);
  const { id, sha256 } = await asked();
  await approvals.decide({ id, sha256, decision: 'no' }, BY_TERMINAL);
  assert.deepEqual(granted, []);
  assert.match((await told()).join(), /^Refused: .*Do not ask again/);
  assert.equal(await approvals.ask(ask()), 'refused');
  clock.advance(NO_MS - 1);
  assert.equal(await approvals.ask(ask()), 'refused');
  assert.equal((await cards()).length, 1);
  clock.advance(1);
  assert.equal(await approvals.ask(ask()), 'asked');
});

test('the card says who asks for which host and port, until when, and is Bellhop’s own', async (t) => {
  const { asked, cards } = await openApprovals(t);
  const { id, sha256, expiresMs } = await asked();
  const [card] = await cards();
  assert.deepEqual(card.approval, {
    ...{ agent: 'bell', host: 'api.example.com', port: 443, sha256 },
    expiresAt: new Date(expiresMs).toISOString(),
  });
  assert.equal(card.question, id);
  assert.deepEqual(
    card.options.map(({ value }: { value: string }) => value),
    ['once', 'session', 'always', 'no'],
  );
});

test('attack: promise 23: a double click in two tabs, with different words, counts once', async (t) => {
  const { approvals, asked, granted, told } = await openApprovals(t);
  const { id, sha256 } = await asked();
  const both = await Promise.all([
    approvals.decide({ id, sha256, decision: 'once' }, BY_PAGE),
    approvals.decide({ id, sha256, decision: 'always' }, BY_TERMINAL),
  ]);
  assert.deepEqual(both.map(({ kind }) => kind).sort(), ['decided', 'late']);
  assert.equal(granted.length, 1);
  assert.equal((await told()).length, 1);
  assert.equal((await approvals.decide({ id, sha256, decision: 'once' }, BY_PAGE)).kind, 'late');
  assert.equal(granted.length, 1);
});

test('attack: promise 23: a card that has expired decides nothing, before and after its end is noted', async (t) => {
  const { approvals, asked, granted, told, clock, ended, store } = await openApprovals(t);
  const { id, sha256 } = await asked();
  // Time passes, and no timer has run yet.
  clock.now = () => Date.parse('2026-06-01T12:00:00Z') + EXPIRES_MS;
  assert.equal((await approvals.decide({ id, sha256, decision: 'always' }, BY_PAGE)).kind, 'late');
  await approvals.start();
  assert.deepEqual(ended, [`${id} expired`]);
  assert.equal((await approvals.decide({ id, sha256, decision: 'always' }, BY_PAGE)).kind, 'late');
  assert.deepEqual(granted, []);
  assert.match((await told()).join(), /Nobody has answered/);
  assert.equal((await questionById(store.read, id))?.chosen, 'expired');
});

test('an open card expires by itself', async (t) => {
  const { asked, clock, ended } = await openApprovals(t);
  const { id } = await asked();
  await until('the timer is set', () => clock.isSetFor(clock.now() + EXPIRES_MS));
  clock.advance(EXPIRES_MS);
  await until('its end is told', () => ended.length === 1);
  assert.deepEqual(ended, [`${id} expired`]);
});

test('attack: promise 23: a forged word: a wrong id, another agent’s card, a hash that was changed', async (t) => {
  const { approvals, asked, granted, records } = await openApprovals(t);
  const mine = await asked('api.example.com');
  const other = await asked('evil.example');
  assert.notEqual(mine.id, other.id);
  const decide = async (id: string, sha256: string) =>
    (await approvals.decide({ id, sha256, decision: 'always' }, BY_PAGE)).kind;
  assert.equal(await decide('0'.repeat(32), mine.sha256), 'unknown');
  assert.equal(await decide(other.id, mine.sha256), 'changed');
  assert.equal(await decide(mine.id, other.sha256), 'changed');
  assert.deepEqual(granted, []);
  assert.ok((await records()).every(({ state }) => state === 'asked'));
  assert.match(mine.id, /^[0-9a-f]{32}$/);
});

test('attack: promise 23: arguments that were changed after the card was shown are not done', async (t) => {
  const { approvals, asked, granted, store } = await openApprovals(t);
  const { id, sha256, action } = await asked();
  const swapped = action.replace('api.example.com', 'evil.example');
  await store.transaction((sql) => sql.run('UPDATE approvals SET action = ? WHERE id = ?', swapped, id));
  assert.equal((await approvals.decide({ id, sha256, decision: 'always' }, BY_PAGE)).kind, 'changed');
  assert.deepEqual(granted, []);
  // Between the word and its effect: neither.
  await store.transaction((sql) =>
    sql.run("UPDATE approvals SET state = 'decided', decision = 'always' WHERE id = ?", id),
  );
  await approvals.start();
  assert.deepEqual(granted, []);
});

test('P1: attack: promise 23: nobody but the local owner decides: no agent, no user of a platform, not even its owner', async (t) => {
  const { approvals, asked, granted, agent } = await openApprovals(t);
  const { id, sha256 } = await asked();
  for (const by of [agent.id, 'bell', 'fake:owner', 'fake:stranger', 'agent:bell', '', 'web:'])
    assert.equal((await approvals.decide({ id, sha256, decision: 'always' }, by)).kind, 'forbidden', by);
  assert.deepEqual(granted, []);
  assert.equal((await approvals.decide({ id, sha256, decision: 'once' }, BY_TERMINAL)).kind, 'decided');
});

test('attack: promise 23: a session on a platform gets no card, nor one that is not its agent’s', async (t) => {
  const { approvals, ask, cards, addAgent } = await openApprovals(t);
  assert.equal(await approvals.ask(ask('api.example.com', 's3')), 'not asked');
  assert.equal(await approvals.ask(ask('api.example.com', 'nowhere')), 'not asked');
  const other = await addAgent('other');
  assert.equal(await approvals.ask({ ...ask(), agent: other.id }), 'not asked');
  assert.deepEqual(await cards(), []);
});

test('attack: asking a thousand times makes one card; many hosts make no more than a stated number', async (t) => {
  const { approvals, ask, cards } = await openApprovals(t);
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => approvals.ask(ask())));
  assert.deepEqual([...new Set(answers)], ['asked']);
  assert.equal((await cards()).length, 1);
  const more = await Promise.all(
    Array.from({ length: 50 }, (_, n) => approvals.ask(ask(`h${n}.example.com`))),
  );
  assert.equal(more.filter((answer) => answer === 'asked').length, MAX_OPEN - 1);
  assert.equal(more.filter((answer) => answer === 'full').length, 50 - (MAX_OPEN - 1));
  assert.equal((await cards()).length, MAX_OPEN);
  // Another conversation is not held up by that.
  assert.equal(await approvals.ask(ask('api.example.com', 's2')), 'asked');
});

test('the same host for two sessions is two cards, and each decides its own', async (t) => {
  const { approvals, ask, records, granted } = await openApprovals(t);
  await approvals.ask(ask('api.example.com', 's1'));
  await approvals.ask(ask('api.example.com', 's2'));
  const [one, two] = await records();
  assert.notEqual(one?.sha256, two?.sha256);
  await approvals.decide({ id: one?.id ?? '', sha256: one?.sha256 ?? '', decision: 'session' }, BY_PAGE);
  assert.deepEqual(
    granted.map(({ session }) => session),
    [one?.session],
  );
});

test('promise 24: the owner’s word is in the audit before its effect; a no has a row, a late word none', async (t) => {
  const { approvals, asked, audit, agent } = await openApprovals(t);
  const yes = await asked('a.example.com');
  await approvals.decide({ ...yes, decision: 'once' }, BY_PAGE);
  const no = await asked('b.example.com');
  await approvals.decide({ ...no, decision: 'no' }, BY_PAGE);
  await approvals.decide({ ...no, decision: 'always' }, BY_PAGE);
  // The last number: grants that had been made by then.
  assert.deepEqual(audit, [
    `owner approval decided ${agent.id} s1 a.example.com:443 once 0`,
    `owner approval decided ${agent.id} s1 b.example.com:443 no 1`,
  ]);
});

test('what the egress process could not do is done when it is back, and the agent is told only then', async (t) => {
  const { approvals, asked, granted, told, egress, clock, records } = await openApprovals(t);
  const { id, sha256 } = await asked();
  egress.down = true;
  const decided = await approvals.decide({ id, sha256, decision: 'once' }, BY_PAGE);
  assert.equal(decided.kind === 'decided' && decided.approval.applied, false);
  assert.deepEqual([granted, await told()], [[], []]);
  egress.down = false;
  clock.advance(5_000);
  await until('it is applied', async () => (await records())[0]?.applied === true);
  assert.equal(granted.length, 1);
  assert.equal((await told()).length, 1);
});

test('H6: what was decided goes when it is old, with its question; what is open or not applied stays', async (t) => {
  const { approvals, asked, store, egress, records } = await openApprovals(t);
  const [done, left] = [await asked('a.example.com'), await asked('b.example.com')];
  const open = await asked('c.example.com');
  await approvals.decide({ ...done, decision: 'no' }, BY_PAGE);
  egress.down = true;
  await approvals.decide({ ...left, decision: 'once' }, BY_PAGE);
  const span = { afterMs: 0, beforeMs: done.askedMs + 1, limit: 10 };
  assert.equal(await store.transaction((sql) => removeOldApprovals(sql, span)), done.askedMs);
  assert.deepEqual((await records()).map(({ id }) => id).sort(), [left.id, open.id].sort());
  assert.equal(await questionById(store.read, done.id), null);
  assert.ok(await questionById(store.read, open.id));
});

test('a question survives a restart: it is decided by the next host', async (t) => {
  const { approvals, asked, make, granted } = await openApprovals(t);
  const { id, sha256 } = await asked();
  approvals.stop();
  const next = make();
  await next.start();
  assert.equal((await next.decide({ id, sha256, decision: 'once' }, BY_TERMINAL)).kind, 'decided');
  assert.equal(granted.length, 1);
});
