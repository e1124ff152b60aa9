/** A host that died, and the one that comes after it. Not here: real processes (sandboxes/, tests/e2e). */
import assert from 'node:assert/strict';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SandboxUnavailable } from '../../src/sandboxes/port.ts';
import { markSettled } from '../../src/store/generations.ts';
import { quarantine } from '../../src/store/sessions.ts';
import type { SessionId } from '../../src/types.ts';
import { settle, until } from '../until.ts';
import { type Behaviour, hangingAtWork, neverReady } from './behaviours.ts';
import type { Life } from './life.ts';
import { type House, notices, openHouse } from './world.ts';

const SESSION = 'session-1' as SessionId;

/** A session whose sandbox works on m1; then its host is gone. */
async function orphan(
  house: House,
  behaviour: Behaviour = hangingAtWork,
  isThere = () => house.supervisor.working(SESSION).has('m1'),
): Promise<Life> {
  house.runtime.next = [behaviour];
  await house.say('m1');
  await until('it runs', async () => (await house.generations())[0]?.state === 'running');
  await until('it works', isThere);
  house.rehouse();
  return house.runtime.last;
}

/** What a real runner does when its host is back. */
async function comeBack(life: Life): Promise<void> {
  life.hangUp();
  await life.ready();
}

describe('a host that comes after one that died', () => {
  test('W10: goes on with the sandbox that works: the turn ends there, and costs nothing', async (t) => {
    const house = await openHouse(t);
    const life = await orphan(house);
    // Hours without a host are no silence of the sandbox.
    house.clock.advance(7_200_000);
    await house.supervisor.start();
    house.supervisor.nudge(SESSION);
    await settle();
    await comeBack(life);
    life.say({ t: 'working', turn: 'turn-1-1', messages: ['m1'] });
    await until('it is heard', () => house.supervisor.working(SESSION).has('m1'));
    const [row] = await house.mailboxes.inbound(await sessionOf(house), (mailbox) => [
      ...mailbox.rows(['m1' as never]).values(),
    ]);
    assert.ok(row);
    life.commit('turn-1-1' as never, [row], ['the one answer']);
    life.say({ t: 'bell' });
    await house.end('m1', 'answered');
    await until('it is out', () => house.channel.texts.length === 1);
    assert.deepEqual(house.channel.texts, ['the one answer']);
    assert.equal(house.runtime.lives.length, 1);
    assert.equal(life.kills, 0);
    assert.deepEqual(
      (await house.generations()).map(({ number, state }) => [number, state]),
      [[1, 'running']],
    );
  });

  test('W10: leaves the mounted folder of a living sandbox the very same, and removes those of the dead', async (t) => {
    const house = await openHouse(t);
    await orphan(house);
    const run = join(house.dir, 'run');
    const folder = join(run, house.sockets().find((name) => !name.includes('/')) ?? '');
    const { ino } = lstatSync(folder);
    const socket = lstatSync(join(folder, 'host.sock')).ino;
    await house.supervisor.start();
    assert.equal(lstatSync(folder).ino, ino);
    assert.notEqual(lstatSync(join(folder, 'host.sock')).ino, socket, 'the socket is the new host’s');
  });

  test('W10: one that does not say that it is ready in time is killed and charged, and another answers', async (t) => {
    const house = await openHouse(t, { readyTimeoutMs: 20_000 });
    const stopped = await orphan(house);
    await house.supervisor.start();
    await until('it is watched', () => house.clock.isSetFor(house.clock.now() + 20_000));
    assert.equal(house.runtime.lives.length, 1, 'nobody is started beside it');
    house.clock.advance(20_000);
    await house.end('m1', 'answered');
    assert.equal(stopped.kills, 1);
    const [first, second] = await house.generations();
    assert.deepEqual([first?.costs, first?.reason], [1, 'its sandbox was not ready within 20 s']);
    assert.deepEqual([second?.number, second?.costs], [2, 0]);
  });

  test('W10: half a sandbox is not gone on with: it is killed, costs nothing, and another answers', async (t) => {
    const house = await openHouse(t);
    const half = await orphan(house);
    half.whole = false;
    await house.supervisor.start();
    assert.equal(half.kills, 1);
    await house.end('m1', 'answered');
    assert.deepEqual(
      (await house.generations()).map(({ costs, reason }) => [costs, reason]),
      [
        [0, 'the host stopped'],
        [0, null],
      ],
    );
  });

  test('W10: one of an older life, though it runs under our mark, is killed', async (t) => {
    const house = await openHouse(t);
    const old = await orphan(house);
    await house.store.transaction((sql) => markSettled(sql, SESSION, 1));
    await house.supervisor.start();
    assert.equal(old.kills, 1);
    house.supervisor.nudge(SESSION);
    await house.end('m1', 'answered');
    assert.equal(house.runtime.most, 1, 'never two at once');
  });

  test('W10: one whose start was never recorded is killed: nobody knows who it is', async (t) => {
    const house = await openHouse(t);
    const unknown = await orphan(house);
    await house.store.transaction((sql) =>
      sql.run("UPDATE generations SET state = 'intent', identity = NULL"),
    );
    await house.supervisor.start();
    assert.equal(unknown.kills, 1);
    await house.end('m1', 'answered');
    assert.equal(house.runtime.most, 1);
  });

  test('W10: one of a session that was quarantined meanwhile is killed', async (t) => {
    const house = await openHouse(t);
    const life = await orphan(house);
    await house.store.transaction((sql) => quarantine(sql, SESSION, 'it misbehaved'));
    await house.supervisor.start();
    assert.equal(life.kills, 1);
    await house.end('m1', 'failed');
  });

  test('attack: a runner of another life that connects is cut off and believed nothing', async (t) => {
    const house = await openHouse(t);
    const life = await orphan(house);
    await house.supervisor.start();
    life.hangUp();
    Object.assign(life.config, { generation: 7 });
    await life.ready();
    life.say({ t: 'working', turn: 'x', messages: ['m1'] });
    await settle();
    assert.equal(house.supervisor.working(SESSION).size, 0);
  });

  test('promise 14: the way out is open again for one that was taken over, and closes with it', async (t) => {
    const house = await openHouse(t);
    const life = await orphan(house);
    house.egress.done.length = 0;
    await house.supervisor.start();
    assert.deepEqual(house.egress.done, ['open 1'], 'before anybody hears of it');
    await comeBack(life);
    life.exit(0);
    await until('its door is closed', () => house.egress.done.includes('close 1'));
  });

  test('promise 14: one whose way out cannot be opened again is ended, at no cost, and another answers', async (t) => {
    const house = await openHouse(t);
    const life = await orphan(house);
    house.egress.refusal = new SandboxUnavailable('the egress process does not start', './bellhop logs');
    await house.supervisor.start();
    await until('it is ended', () => life.ended !== null);
    house.egress.refusal = null;
    house.supervisor.nudge(SESSION);
    house.clock.advance(2_000);
    await house.end('m1', 'answered');
    const [first] = await house.generations();
    assert.deepEqual([first?.costs, first?.reason], [0, 'its way out could not be opened again']);
    assert.equal(house.runtime.lives.length, 2);
  });

  test('W12: those that were taken over count as places', async (t) => {
    const house = await openHouse(t, { maxAwake: 1 });
    const life = await orphan(house);
    await house.supervisor.start();
    await comeBack(life);
    life.say({ t: 'working', turn: 't', messages: ['m1'] });
    await house.wire('other');
    await house.say('m2', { chat: 'other' });
    await until('the other waits', () => house.supervisor.summary().waitingFor.length === 1);
    assert.equal(house.runtime.most, 1);
  });

  test('D8: what one committed just before it died with its host is delivered at once', async (t) => {
    const house = await openHouse(t);
    const done = { committed: false };
    const lastWords: Behaviour = async (self, clock) => {
      await self.ready();
      const turn = self.claim(clock.now());
      self.hangUp();
      if (turn) self.commit(turn.turnId, turn.messages, ['last words']);
      done.committed = true;
    };
    const life = await orphan(house, lastWords, () => done.committed);
    life.exit(1);
    await house.supervisor.start();
    await house.end('m1', 'answered');
    await until('it is out', () => house.channel.texts.length === 1);
    assert.deepEqual(house.channel.texts, ['last words']);
    assert.equal(house.runtime.lives.length, 1);
  });

  test('W11: stopping one that was taken over ends it, with no timer and no socket left', async (t) => {
    const house = await openHouse(t, { stopGraceMs: 3_000 });
    const life = await orphan(house, neverReady, () => true);
    await house.supervisor.start();
    const stopped = house.supervisor.stop();
    await until('its grace runs', () => house.clock.isSetFor(house.clock.now() + 3_000));
    house.clock.advance(3_000);
    await stopped;
    assert.ok(life.ended);
    assert.deepEqual(house.sockets(), []);
    assert.deepEqual(notices(house), []);
  });
});

async function sessionOf(house: House) {
  const [row] = await house.rows('SELECT agent_id FROM sessions WHERE id = ?', SESSION);
  return { id: SESSION, agentId: String(row?.agent_id) as never };
}
