/** When a sandbox is woken, watched and stopped. Not here: what its end costs (charge.test.ts). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { trustVariables } from '../../src/supervisor/trust.ts';
import { settle, until } from '../until.ts';
import { answering, hangingAtWork, neverLooking, neverReady, textOf } from './behaviours.ts';
import { notices, openHouse } from './world.ts';

describe('waking', () => {
  test('W1: a fresh sandbox is woken before the claims of the last one are cleaned up, and not judged by them', async (t) => {
    const house = await openHouse(t, { claimStuckMs: 60_000 });
    house.runtime.next = [hangingAtWork];
    await house.say('m1');
    await until('the first has claimed', () => house.supervisor.working('session-1' as never).has('m1'));
    house.clock.advance(600_000);
    await house.end('m1', 'answered');
    assert.equal(house.runtime.lives.length, 2);
    assert.deepEqual(house.runtime.last.ended, null, 'the second one lives on');
    assert.match((await house.generations())[0]?.reason ?? '', /no sign of life/);
  });

  test('R8: the second agent of a chat has its message while the sandbox of the first one still starts', async (t) => {
    const house = await openHouse(t);
    await house.wire('chat', (await house.addAgent('second')).id);
    const gate = Promise.withResolvers<void>();
    house.runtime.gate = gate.promise;
    const accepted = await house.accept('m1');
    assert.equal(accepted.kind, 'accepted');
    await until('both mailboxes hold it', async () => {
      const [row] = await house.rows("SELECT count(*) AS n FROM targets WHERE state = 'enqueued'");
      return row?.n === 2;
    });
    assert.equal(house.runtime.lives.length, 0);
    gate.resolve();
    await until('both have answered', () => house.channel.texts.length === 2);
  });

  test('W10: a due task wakes its session at its time, and not before', async (t) => {
    const house = await openHouse(t);
    const session = await house.say('m1');
    await house.end('m1', 'answered');
    house.runtime.last.exit(0);
    await until('it is asleep', () => house.supervisor.summary().awake === 0);
    const dueMs = house.clock.now() + 45_000;
    const { channel, chat, thread } = session;
    const task = {
      id: 'task' as never,
      kind: 'task',
      timestampMs: 0,
      content: '{"prompt":"stretch"}',
      trigger: true,
      dueMs,
      recurrence: null,
      seriesId: null,
      channel,
      chat,
      thread,
    } as const;
    await house.mailboxes.inbound(session, (mailbox) => mailbox.enqueue([task]));
    house.supervisor.nudge(session.id);
    await until('its timer is set', () => house.clock.isSetFor(dueMs));
    house.clock.advance(44_999);
    await settle();
    assert.equal(house.runtime.lives.length, 1);
    house.clock.advance(1);
    await until('the task was done', () => house.channel.texts.includes('re: stretch'));
  });

  test('a batch that came while the sandbox was asleep is answered by one life', async (t) => {
    const house = await openHouse(t);
    for (const id of ['m1', 'm2', 'm3']) await house.accept(id);
    for (const id of ['m1', 'm2', 'm3']) await house.end(id, 'answered');
    await until('all are out', () => house.channel.texts.length === 3);
    assert.deepEqual(house.channel.texts, ['re: text of m1', 're: text of m2', 're: text of m3']);
    assert.equal(house.runtime.lives.length, 1);
  });

  test('a warm sandbox is rung, not started again', async (t) => {
    const house = await openHouse(t);
    await house.say('m1');
    await house.end('m1', 'answered');
    await house.say('m2');
    await house.end('m2', 'answered');
    assert.equal(house.runtime.lives.length, 1);
    assert.ok(house.runtime.last.heard.some((frame) => frame.t === 'bell'));
  });

  test('H9: the sandbox gets its own folders only, and in/ is not writable', async (t) => {
    const house = await openHouse(t);
    const session = await house.say('m1');
    await house.end('m1', 'answered');
    const { inDir, outDir, workDir, memoryDir, homeDir } = house.mailboxes.paths(session);
    const writable = house.runtime.last.spec.mounts
      .filter((mount) => mount.writable)
      .map((mount) => mount.source);
    assert.deepEqual(writable.sort(), [outDir, workDir, memoryDir].sort());
    for (const dir of [inDir, homeDir])
      assert.ok(house.runtime.last.spec.mounts.some((mount) => mount.source === dir && !mount.writable));
    const { TZ, ...trust } = house.runtime.last.spec.env;
    assert.ok(TZ);
    // Whom to trust, by the names that programs know, and nothing else of the host's environment.
    const shown = house.runtime.last.spec.mounts.find((mount) => mount.source.endsWith('/trust'));
    assert.equal(shown?.writable, false);
    assert.deepEqual(trust, trustVariables(shown.source));
  });
});

describe('watching', () => {
  test('L15: a quiet turn that beats is left alone, one that stops beating is ended and its message answered', async (t) => {
    const house = await openHouse(t, { claimStuckMs: 60_000 });
    house.runtime.next = [hangingAtWork];
    const session = await house.say('m1');
    await until('it works', () => house.supervisor.working(session.id).has('m1'));
    for (let n = 1; n <= 10; n += 1) {
      house.runtime.last.say({ t: 'live', turn: 't', text: `${n}` });
      await until('the sign was heard', () => house.told.includes(`live ${n}`));
      house.clock.advance(50_000);
      await settle();
    }
    assert.equal(house.runtime.lives.length, 1);
    house.clock.advance(60_000);
    await house.end('m1', 'answered');
    assert.equal(house.runtime.lives.length, 2);
  });

  test('W9: one that is never ready is ended, and its message goes to the next', async (t) => {
    const house = await openHouse(t, { readyTimeoutMs: 20_000 });
    house.runtime.next = [neverReady];
    await house.say('m1');
    await until('its timer is set', () => house.clock.isSetFor(house.clock.now() + 20_000));
    house.clock.advance(20_000);
    await house.end('m1', 'answered');
    assert.deepEqual(
      (await house.generations()).map((g) => g.costs),
      [1, 0],
    );
  });

  test('W9: one that is ready and never takes up work is ended as well, and that costs a try', async (t) => {
    const house = await openHouse(t, { claimStuckMs: 60_000, maxTries: 2 });
    house.runtime.always = neverLooking;
    await house.say('m1');
    for (let n = 1; n <= 2; n += 1) {
      await until('it runs', () => house.runtime.lives.length === n);
      await until('it is watched', () => house.clock.isSetFor(house.clock.now() + 60_000));
      await until('it was heard', async () => (await house.generations())[n - 1]?.state === 'running');
      await settle();
      house.clock.advance(60_000);
    }
    await house.end('m1', 'failed');
    await until('the notice is out', () => notices(house).length === 1);
    assert.equal(house.runtime.lives.length, 2);
  });

  test('W9: an idle one is stopped after its time, gently, and costs nothing', async (t) => {
    const house = await openHouse(t, { idleStopMs: 600_000 });
    const session = await house.say('m1');
    await house.end('m1', 'answered');
    await until('its idle time runs', () => house.clock.isSetFor(house.clock.now() + 600_000));
    house.clock.advance(599_999);
    await settle();
    assert.equal(house.supervisor.summary().awake, 1);
    house.clock.advance(1);
    await until('it is asleep', () => house.supervisor.summary().awake === 0);
    assert.deepEqual(house.runtime.last.ended, { code: 0, signal: null, output: '', why: null });
    assert.equal(house.runtime.last.kills, 0);
    const [generation] = await house.generations();
    assert.deepEqual([generation?.costs, generation?.reason], [0, 'idle']);
    assert.equal(house.supervisor.working(session.id).size, 0);
  });

  test('W9: saying again that it is idle does not keep it awake', async (t) => {
    const house = await openHouse(t, { idleStopMs: 600_000 });
    await house.say('m1');
    await house.end('m1', 'answered');
    await until('its idle time runs', () => house.clock.isSetFor(house.clock.now() + 600_000));
    house.clock.advance(400_000);
    // As the real one does after each look at its mailbox; the text behind it is how we know that it was heard.
    house.runtime.last.say({ t: 'idle' });
    house.runtime.last.say({ t: 'live', turn: 'none', text: 'after' });
    await until('it was heard', () => house.told.includes('live after'));
    house.clock.advance(200_000);
    await until('it is asleep', () => house.supervisor.summary().awake === 0);
  });

  test('W9: one that does not stop when asked is killed after the grace', async (t) => {
    const house = await openHouse(t, { idleStopMs: 600_000, stopGraceMs: 3_000 });
    house.runtime.always = async (life, clock) => {
      await answering(life, clock);
      life.onFrame = () => undefined;
    };
    await house.say('m1');
    await house.end('m1', 'answered');
    await until('its idle time runs', () => house.clock.isSetFor(house.clock.now() + 600_000));
    house.clock.advance(600_000);
    await until('it was asked to stop', () => house.runtime.last.heard.some((frame) => frame.t === 'stop'));
    assert.equal(house.runtime.last.kills, 0);
    house.clock.advance(3_000);
    await until('it is asleep', () => house.supervisor.summary().awake === 0);
    assert.equal(house.runtime.last.kills, 1);
  });

  test('W3: one that survives its kill is killed again, and no second one is started beside it', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [
      async (life, clock) => {
        life.killable = false;
        await hangingAtWork(life, clock);
      },
    ];
    await house.say('m1');
    await until('it works', () => house.supervisor.summary().working === 1);
    const stuck = house.runtime.last;
    house.clock.advance(60_000);
    await until('it was killed', () => stuck.kills === 1);
    await settle();
    house.clock.advance(5_000);
    await until('it was killed again', () => stuck.kills === 2);
    await house.say('m2');
    await settle();
    assert.equal(house.runtime.lives.length, 1);
    stuck.exit(null, 'SIGKILL');
    await house.end('m2', 'answered');
  });
});

describe('the bell', () => {
  test('D8, M2: a commit whose bell was lost is out as soon as the sandbox has ended', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [
      async (life, clock) => {
        await life.ready();
        const turn = life.claim(clock.now());
        life.hangUp();
        if (turn)
          life.commit(
            turn.turnId,
            turn.messages,
            turn.messages.map((m) => `quiet: ${textOf(m.content)}`),
          );
        life.exit(1);
      },
    ];
    await house.say('m1');
    await house.end('m1', 'answered');
    await until('it is out', () => house.channel.texts.length === 1);
    assert.deepEqual(house.channel.texts, ['quiet: text of m1']);
    assert.equal(house.runtime.lives.length, 1);
  });

  test('M2: a commit whose bell never rang is found when the host looks again', async (t) => {
    const house = await openHouse(t);
    await house.supervisor.start();
    house.runtime.next = [
      async (life, clock) => {
        await life.ready();
        const turn = life.claim(clock.now());
        life.hangUp();
        if (turn) life.commit(turn.turnId, turn.messages, ['quiet']);
      },
    ];
    await house.say('m1');
    await until(
      'it has committed',
      async () => (await house.generations())[0]?.state === 'running' && house.runtime.lives.length === 1,
    );
    await settle();
    house.clock.advance(60_000);
    await house.end('m1', 'answered');
    await until('it is out', () => house.channel.texts.length === 1);
  });

  test('M10: a runner that talks nonsense loses its line, not the host', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [
      async (life, clock) => {
        await life.ready();
        life.say({ t: 'take over the host' } as never);
        const turn = life.claim(clock.now());
        if (turn) life.commit(turn.turnId, turn.messages, ['still here']);
        life.exit(1);
      },
    ];
    await house.say('m1');
    await house.end('m1', 'answered');
    assert.deepEqual(house.log.errors, []);
  });
});

describe('what people see', () => {
  test('D13: typing goes on with a turn and off with its end, also when the sandbox dies', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [hangingAtWork];
    await house.say('m1');
    await until('it works', () => house.told.includes('m1 at work'));
    house.runtime.last.exit(null, 'SIGKILL');
    await house.end('m1', 'answered');
    await until(
      'the last word is off',
      () => house.told.filter((line) => line.startsWith('typing')).length >= 4,
    );
    const typing = house.told.filter((line) => line.startsWith('typing'));
    assert.deepEqual(typing.slice(0, 2), ['typing on', 'typing off']);
    assert.equal(typing.at(-1), 'typing off');
  });

  test('D8: an end is told once what was said before it is out', async (t) => {
    const house = await openHouse(t);
    await house.say('m1');
    await until('the end is told', () => house.told.includes('m1 answered'));
    assert.deepEqual(house.channel.texts, ['re: text of m1']);
  });
});
