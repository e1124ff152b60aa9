/** Rows that the host itself put into a mailbox grow old as well: tasks that ran or were called off, notes to the agent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PermanentError } from '@bellhop/channels';
import { Retention } from '../../src/retention/retention.ts';
import type { Behaviour } from '../supervisor/behaviours.ts';
import { toRow } from '../supervisor/life.ts';
import { openHouse } from '../supervisor/world.ts';
import { until } from '../until.ts';

const DAY_MS = 86_400_000;

/** Answers as `answering` does, and writes these system rows with its first turn. */
function planning(rows: readonly object[]): Behaviour {
  return async (life, clock) => {
    await life.ready();
    const turn = life.claim(clock.now());
    assert.ok(turn);
    life.outbound.commitTurn({
      turnId: turn.turnId,
      rows: rows.map((content, n) => toRow(`plan-${n}`, turn.messages.at(-1), content, 'system')),
      acks: turn.messages.map((message) => ({ message, status: 'completed' })),
      continuation: null,
      prune: { acksThrough: 0, rowsThrough: 0 },
      inboundSeq: 2,
      nowMs: clock.now(),
    });
    life.exit(0);
  };
}

test('H6: a task that ran or was called off, and a note of a failed delivery, go when they are old', async (t) => {
  const house = await openHouse(t);
  const { clock, store, mailboxes, log, dir, settings } = house;
  const at = (ms: number) => new Date(clock.now() + ms).toISOString();
  const schedule = { action: 'schedule_task', prompt: 'water the plants' };
  house.runtime.next = [
    planning([
      { ...schedule, taskId: 'soon', processAfter: at(1_000) },
      { ...schedule, taskId: 'never', processAfter: at(DAY_MS), recurrence: '0 9 * * *' },
      { action: 'cancel_task', taskId: 'never' },
    ]),
  ];
  house.channel.inside = ({ content }) => {
    if (content.kind === 'text' && content.text.includes('plants')) throw new PermanentError('blocked');
  };
  const session = await house.say('m1');
  await house.end('m1', 'answered');
  const statuses = () =>
    mailboxes.inbound(session, (mailbox) => {
      const ids = ['m1', 'task:soon', 'task:never', 'delivery_failed:turn-2-1-0', 'm2', 'm3'];
      return [...mailbox.rows(ids as never[]).values()].map(({ id, status }) => `${id} ${status}`);
    });
  clock.advance(1_000);
  await until('the task ran, and its note is there', async () =>
    (await statuses()).includes('delivery_failed:turn-2-1-0 pending'),
  );
  for (const id of ['m2', 'm3']) {
    await house.say(id);
    await house.end(id, 'answered');
  }
  assert.deepEqual(await statuses(), [
    'm1 completed',
    'task:soon completed',
    'task:never cancelled',
    'delivery_failed:turn-2-1-0 completed',
    'm2 completed',
    'm3 completed',
  ]);
  await house.supervisor.stop();

  const retention = new Retention({ store, mailboxes, settings, clock, log, dataDir: dir });
  t.after(() => retention.stop());
  clock.advance(91 * DAY_MS);
  retention.start();
  clock.advance(300_000);
  await until('the old ones are gone', async () => {
    clock.advance(200);
    return (await statuses()).join() === 'm3 completed';
  });
  await until('and nothing remembers them', async () => {
    clock.advance(200);
    return (await house.rows('SELECT * FROM own_ends')).length === 0;
  });
  assert.deepEqual(log.errors, []);
});
