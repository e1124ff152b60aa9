/** The way out and the life of a sandbox: no door, no sandbox; a new model, a new sandbox, in the middle of no turn. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SandboxUnavailable } from '../../src/sandboxes/port.ts';
import type { AgentId } from '../../src/types.ts';
import { settle, until } from '../until.ts';
import { hangingAtWork } from './behaviours.ts';
import { notices, openHouse } from './world.ts';

const BELL = 'agent-bell' as AgentId;

test('promise 14: with the egress process down no sandbox starts; it costs no try and is told once', async (t) => {
  const house = await openHouse(t);
  house.egress.refusal = new SandboxUnavailable(
    'the way out of the sandbox cannot be opened',
    './bellhop logs',
  );
  const session = await house.say('m1');
  await until('it waits', () => house.supervisor.waitingFor(session.id) !== null);
  assert.equal(house.runtime.lives.length, 0);
  assert.match(house.supervisor.waitingFor(session.id) ?? '', /way out/);
  await until('it is told', () => notices(house).length === 1);
  house.egress.refusal = null;
  house.clock.advance(2_000);
  await house.end('m1', 'answered');
  assert.equal(house.runtime.last.config.egressSocketPath.endsWith('/egress.sock'), true);
});

test('a door opens before its sandbox starts, and closes with its generation', async (t) => {
  const house = await openHouse(t);
  const started: string[][] = [];
  const start = house.runtime.start.bind(house.runtime);
  house.runtime.start = (spec) => {
    started.push([...house.egress.done]);
    return start(spec);
  };
  await house.say('m1');
  await house.end('m1', 'answered');
  assert.deepEqual(started, [['open 1']]);
  house.runtime.last.exit(0);
  await until('its door is closed', () => house.egress.done.includes('close 1'));
});

test('a new model ends an idle sandbox softly, at no cost, and the next turn has a new one', async (t) => {
  const house = await openHouse(t);
  await house.say('m1');
  await house.end('m1', 'answered');
  house.supervisor.renew(BELL, 'its model was changed');
  await until('it is gone', () => house.runtime.running.length === 0);
  await until('its end is on record', async () => (await house.generations())[0]?.state !== 'running');
  const [first] = await house.generations();
  assert.deepEqual([first?.costs, first?.reason], [0, 'its model was changed']);
  await house.say('m2');
  await house.end('m2', 'answered');
  assert.equal((await house.generations()).length, 2);
});

test('a new model waits for the turn that runs; another agent is left alone', async (t) => {
  const house = await openHouse(t);
  house.runtime.next = [hangingAtWork];
  const session = await house.say('m1');
  await until('the turn runs', () => house.supervisor.working(session.id).has('m1'));
  house.supervisor.renew('other' as AgentId, 'its model was changed');
  house.supervisor.renew(BELL, 'its model was changed');
  await settle();
  assert.equal(house.runtime.running.length, 1);
  assert.ok(house.supervisor.working(session.id).has('m1'));
});

test("a call counts in its turn's ledger; one of another generation, or of no turn, in none", async (t) => {
  const house = await openHouse(t);
  house.runtime.next = [hangingAtWork];
  const session = await house.say('m1');
  await until('the turn runs', () => house.supervisor.ledger(session.id) !== null);
  const call = { session: session.id, generation: 1, inputTokens: 10, outputTokens: 2, costMicros: 5 };
  house.supervisor.modelCalled(call);
  house.supervisor.modelCalled({ ...call, generation: 9 });
  house.supervisor.modelCalled({ ...call, session: 'nobody' });
  house.supervisor.modelCalled({ ...call, outputTokens: null });
  assert.deepEqual(house.supervisor.ledger(session.id)?.usage, {
    calls: 2,
    inputTokens: 20,
    outputTokens: 2,
    costMicros: 10,
  });
  house.supervisor.modelCalled({ ...call, costMicros: null });
  assert.equal(house.supervisor.ledger(session.id)?.usage?.costMicros, null);
});

test('word of a call that comes behind the end of its turn counts there, and the turn stays ended', async (t) => {
  const house = await openHouse(t);
  const session = await house.say('m1');
  await house.end('m1', 'answered');
  await until('the turn has ended', () => house.told.includes('ledger none'));
  const seen = house.told.length;
  const call = { session: session.id, generation: 1, inputTokens: 10, outputTokens: 2, costMicros: 5 };
  house.supervisor.modelCalled(call);
  assert.deepEqual(house.told.slice(seen), ['ledger  after 1 calls', 'ledger none']);
  assert.equal(house.supervisor.ledger(session.id), null);
});
