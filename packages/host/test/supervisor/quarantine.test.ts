/** One bad session is put out of service with its reason; the others, and the host, go on. */
import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import type { MessageId } from '@bellhop/mailbox';
import { damageOf } from '../../src/sessions/damage.ts';
import type { Session, SessionId } from '../../src/types.ts';
import { until } from '../until.ts';
import { type Behaviour, dyingAtBoot, hangingAtWork } from './behaviours.ts';
import { type House, notices, openHouse } from './world.ts';

async function answered(house: House): Promise<Session> {
  const session = await house.say('m1');
  await house.end('m1', 'answered');
  house.runtime.last.exit(0);
  await until('it is asleep', () => house.supervisor.summary().awake === 0);
  return session;
}

/** What a runner leaves that died inside a commit, as far as the host can see. */
function leaveJournal(house: House, session: Session): void {
  writeFileSync(join(house.mailboxes.paths(session).outDir, 'outbound.db-journal'), Buffer.alloc(512));
}

async function reasonOf(house: House, id: SessionId): Promise<unknown> {
  const [row] = await house.rows('SELECT state, state_reason FROM sessions WHERE id = ?', id);
  return row?.state === 'quarantined' ? row.state_reason : null;
}

/** Puts its message off, as the model asked, in numbers of its own. */
const puttingOff =
  (wish: string): Behaviour =>
  async (life, clock) => {
    await life.ready();
    const turn = life.claim(clock.now());
    if (!turn) return;
    life.commit(turn.turnId, turn.messages, [], {
      status: 'released',
      errorClass: 'rate_limit',
      retryAfterMs: 1,
    });
    const db = new DatabaseSync(join(life.config.outDir, 'outbound.db'));
    db.exec(`UPDATE processing_ack SET retry_after_ms = ${wish}`);
    db.close();
    life.exit(0);
  };

describe('a session that is bad', () => {
  for (const [name, spoil, reason] of [
    [
      'whose folder was deleted',
      (inDir: string) => rmSync(join(inDir, '..'), { recursive: true }),
      'its folder is gone',
    ],
    [
      'whose inbound.db is rubbish',
      (inDir: string) => writeFileSync(join(inDir, 'inbound.db'), 'rubbish '.repeat(2_000)),
      'its inbound.db is no database',
    ],
  ] as const) {
    test(`W14: ${name} is put out of service with its reason, and others are answered`, async (t) => {
      const house = await openHouse(t);
      const session = await answered(house);
      spoil(house.mailboxes.paths(session).inDir);
      await house.say('m2');
      await house.end('m2', 'failed');
      assert.equal(await reasonOf(house, session.id), reason);
      await until('it is told', () => notices(house).some((text) => text.includes(reason)));
      await house.wire('other');
      await house.say('m3', { chat: 'other' });
      await house.end('m3', 'answered');
    });
  }

  for (const wish of ['9007199254741000', '9223372036854775807', '9e999']) {
    test(`T1: what a provider asked to wait for takes no session out of service: a runner of 0.1 wrote ${wish}`, async (t) => {
      const house = await openHouse(t);
      house.runtime.next = [puttingOff(wish)];
      const session = await house.say('m1');
      await until(
        'its sandbox is over',
        () => house.runtime.lives.length === 1 && house.supervisor.summary().awake === 0,
      );
      await until(
        'its end was taken over',
        async () => (await house.rows("SELECT 1 FROM generations WHERE state <> 'settled'")).length === 0,
      );
      assert.equal(await reasonOf(house, session.id), null);
      house.clock.advance(86_400_000);
      // The timer may be armed only now, and then waits for the clock to move again.
      await until('m1 is answered', async () => {
        house.clock.advance(1);
        return (await house.stateOf('m1')) === 'answered';
      });
    });
  }

  test('W17: put back into service, the session whose folder was deleted gets new ones before its sandbox starts', async (t) => {
    const house = await openHouse(t);
    const session = await answered(house);
    const { inDir, outDir } = house.mailboxes.paths(session);
    rmSync(join(inDir, '..'), { recursive: true });
    await house.say('m2');
    await house.end('m2', 'failed');
    await house.supervisor.release(session.id);
    await house.say('m3');
    await house.end('m3', 'answered');
    assert.deepEqual([existsSync(inDir), existsSync(outDir)], [true, true]);
  });

  test('what is tried again while it is out of service fails again, and its sender hears it again', async (t) => {
    const house = await openHouse(t);
    const session = await answered(house);
    rmSync(join(house.mailboxes.paths(session).inDir, '..'), { recursive: true });
    await house.say('m2');
    await house.end('m2', 'failed');
    await until('it is told', () => notices(house).length === 1);
    house.clock.advance(1_000);
    assert.equal(await house.supervisor.retry(session.id, 'm2' as MessageId), true);
    await house.end('m2', 'failed');
    await until('it is told again', () => notices(house).length === 2);
  });

  test('a message that never reached its mailbox can be tried again once the session is back', async (t) => {
    const house = await openHouse(t);
    const session = await answered(house);
    rmSync(join(house.mailboxes.paths(session).inDir, '..'), { recursive: true });
    await house.say('m2');
    await house.end('m2', 'failed');
    await house.supervisor.release(session.id);
    assert.equal(await house.supervisor.retry(session.id, 'm2' as MessageId), true);
    await house.end('m2', 'answered');
  });

  test('a dead letter whose text went with its folder fails once more, with that reason, and waits for nobody', async (t) => {
    const house = await openHouse(t, { maxTries: 1 });
    house.runtime.next = [dyingAtBoot];
    const session = await house.say('m1');
    await house.end('m1', 'failed');
    await until('it is asleep', () => house.supervisor.summary().awake === 0);
    rmSync(join(house.mailboxes.paths(session).inDir, '..'), { recursive: true });
    await house.say('m2');
    await house.end('m2', 'failed');
    await house.supervisor.release(session.id);
    assert.equal(await house.supervisor.retry(session.id, 'm1' as MessageId), true);
    await until('it is told', () =>
      notices(house).some((text) => text.includes('is no longer in its mailbox')),
    );
    assert.equal(await house.stateOf('m1'), 'failed');
    await house.say('m3');
    await house.end('m3', 'answered');
  });

  test('what failed with the session is not taken up when it is back, unless a person asks for it', async (t) => {
    const house = await openHouse(t);
    house.runtime.next = [hangingAtWork];
    const session = await house.say('m1');
    await until('it is at work', () => house.supervisor.working(session.id).has('m1'));
    const outbox = join(house.mailboxes.paths(session).outDir, 'outbound.db');
    writeFileSync(outbox, 'rubbish '.repeat(2_000));
    await house.say('m2');
    await house.end('m2', 'failed');
    await house.end('m1', 'failed');
    await until('it is asleep', () => house.supervisor.summary().awake === 0);
    rmSync(outbox);
    await house.supervisor.release(session.id);
    await house.say('m3');
    await house.end('m3', 'answered');
    assert.equal(await house.supervisor.retry(session.id, 'm1' as MessageId), true);
    await house.end('m1', 'answered');
    const answers = () => house.channel.texts.filter((text) => text.startsWith('re:'));
    await until('both are out', () => answers().length >= 2);
    assert.deepEqual(answers(), ['re: text of m3', 're: text of m1']);
    assert.equal(await house.stateOf('m2'), 'failed');
  });

  test('M11: a commit that its dead runner left half-written is rolled back in a throwaway sandbox, and it goes on', async (t) => {
    const house = await openHouse(t);
    const session = await answered(house);
    leaveJournal(house, session);
    await house.say('m2');
    await house.end('m2', 'answered');
    assert.equal(house.runtime.recoveries.length, 1);
    const [recovery] = house.runtime.recoveries;
    assert.equal(recovery?.config.socketPath, '', 'it has no way to the host');
    assert.equal(await reasonOf(house, session.id), null);
  });

  test('M11: whose outbox no throwaway sandbox can recover is put out of service, with that reason', async (t) => {
    const house = await openHouse(t);
    const session = await answered(house);
    leaveJournal(house, session);
    house.runtime.recovers = false;
    await house.say('m2');
    // Time goes by, a second for each look: a recovery that is under way has ended already, and those to come are due.
    await until('it is given up', async () => {
      house.clock.advance(1_000);
      return (await reasonOf(house, session.id)) !== null;
    });
    await house.end('m2', 'failed');
    assert.equal(await reasonOf(house, session.id), 'its outbox cannot be recovered');
    assert.equal(house.runtime.recoveries.length, 3);
  });

  test('trouble of the machine is not its damage: a full disk, no descriptors, a lock', () => {
    const error = (errcode: number) => Object.assign(new Error(), { errcode });
    assert.deepEqual(
      [13, 10, 5, 14].map((code) => damageOf(error(code), true)),
      [null, null, null, null],
    );
    assert.equal(damageOf(error(11 | (1 << 8)), true), 'its inbound.db is damaged');
    assert.equal(damageOf(error(14), false), 'its folder is gone');
    assert.equal(damageOf(error(8), true), 'its inbound.db cannot be written');
    assert.equal(damageOf(new TypeError('ours'), true), null);
  });
});

describe('what the host says itself', () => {
  test('R1, W15: goes out by delivery, and never into the outbox of the agent', async (t) => {
    const house = await openHouse(t, { maxTries: 1 });
    house.runtime.always = dyingAtBoot;
    const session = await house.say('m1');
    await house.end('m1', 'failed');
    await until('it is told', () => notices(house).length === 1);
    assert.equal(existsSync(join(house.mailboxes.paths(session).outDir, 'outbound.db')), false);
  });

  test('D9: a look at an outbox reads what is new in it, and an idle one is not looked at', async (t) => {
    const house = await openHouse(t);
    const looks: { ackSeq: number; rowSeq: number }[] = [];
    const { outbound } = house.mailboxes;
    Object.assign(house.mailboxes, {
      outbound: ((session, after, lives) => {
        looks.push(after);
        return outbound(session, after, lives);
      }) as typeof outbound,
    });
    await house.say('m1');
    await house.end('m1', 'answered');
    await until('its idle time runs', () => house.clock.isSetFor(house.clock.now() + 600_000));
    const before = looks.length;
    house.clock.advance(500_000);
    assert.equal(looks.length, before, 'nobody looks while nothing rings');
    await house.say('m2');
    await house.end('m2', 'answered');
    const second = looks.slice(before);
    assert.ok(second.length > 0 && second.every(({ ackSeq, rowSeq }) => ackSeq >= 1 && rowSeq >= 1));
  });
});
