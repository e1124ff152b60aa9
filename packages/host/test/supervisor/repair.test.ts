/** The repair scan of the due index: a lost entry is found at the next start. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { MessageId, NewMessage } from '@bellhop/mailbox';
import type { Session, SessionId } from '../../src/types.ts';
import { until } from '../until.ts';
import { type House, openHouse } from './world.ts';

const SESSION = 'session-1' as SessionId;

/** Answered once, asleep, and its host is gone. */
async function asleep(house: House) {
  const session = await house.say('m1');
  await house.end('m1', 'answered');
  house.runtime.last.exit(0);
  await until('it is asleep', () => house.supervisor.summary().awake === 0);
  await until('it is settled', async () => (await house.generations())[0]?.state === 'settled');
  house.rehouse();
  return session;
}

function task({ channel, chat, thread }: Session, id: string, dueMs: number): NewMessage {
  return {
    id: id as MessageId,
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
  };
}

describe('a due entry that was lost', () => {
  test('R4: of a message that was accepted is found at the next start, at once', async (t) => {
    const house = await openHouse(t);
    await asleep(house);
    await house.accept('m2');
    // The nudge went to a host that was never started; its entry is lost as well.
    house.rehouse();
    await house.store.transaction((sql) => sql.run('DELETE FROM due'));
    await house.supervisor.start();
    await house.end('m2', 'answered');
  });

  test('of a task that waits in a mailbox is found, and the task is done at its time', async (t) => {
    const house = await openHouse(t);
    const session = await asleep(house);
    const dueMs = house.clock.now() + 3_600_000;
    await house.mailboxes.inbound(session, (mailbox) => mailbox.enqueue([task(session, 'task:1', dueMs)]));
    assert.equal(await house.dueMs(), null);
    await house.supervisor.start();
    house.clock.advance(1_000);
    await until('its entry is there', async () => (await house.dueMs()) === dueMs);
    await until(
      'its timer is set',
      () => house.clock.isSetFor(dueMs) || (house.clock.nextInMs ?? 0) <= 60_000,
    );
    // No further: a sandbox that is starting then has its own time to be ready.
    while (house.clock.now() < dueMs) {
      house.clock.advance(60_000);
      await until('the timer is set again', () => house.clock.pending > 0);
    }
    await until('the task was done', () => house.channel.texts.includes('re: stretch'));
  });

  test('M10: behind one bad mailbox the others are looked at', async (t) => {
    const house = await openHouse(t);
    const session = await asleep(house);
    await house.store.transaction((sql) =>
      sql.run(
        `INSERT INTO sessions SELECT 'a-bad-one', agent_id, session_mode, 'other', channel, chat, thread, state, NULL, 0, NULL
         FROM sessions WHERE id = ?`,
        SESSION,
      ),
    );
    const bad = { ...session, id: 'a-bad-one' as SessionId };
    await house.mailboxes.make(bad);
    writeFileSync(
      `${house.mailboxes.paths(bad).inDir}/inbound.db`,
      'this is no database, and long enough for one',
    );
    await house.mailboxes.inbound(session, (mailbox) =>
      mailbox.enqueue([task(session, 'task:2', house.clock.now() + 5_000)]),
    );
    await house.supervisor.start();
    house.clock.advance(1_000);
    await until('the good one has its entry', async () => (await house.dueMs()) !== null);
    assert.ok(house.log.lines.some((line) => line.fields.session === 'a-bad-one'));
  });
});
