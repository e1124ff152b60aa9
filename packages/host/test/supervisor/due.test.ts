/** What the due index finds by itself, when nobody rings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageId } from '@bellhop/mailbox';
import { noteDue } from '../../src/store/sessions.ts';
import { message } from '../router/events.ts';
import { settle, until } from '../until.ts';
import { openHouse } from './world.ts';

test('W14: a look at the due index finds what nobody rang for, and costs the sessions that sleep nothing', async (t) => {
  const house = await openHouse(t);
  await house.supervisor.start();
  // The repair of the index looks once, and has nobody to look at yet.
  house.clock.advance(1_000);
  await settle();
  await house.wire('other');
  const due = await house.say('m1');
  const asleep = await house.say('m2', { chat: 'other' });
  for (const id of ['m1', 'm2']) await house.end(id, 'answered');
  for (const life of house.runtime.running) life.exit(0);
  await until('both sleep, and nothing is left to look after', async () => {
    const [left] = await house.rows(
      `SELECT (SELECT count(*) FROM generations WHERE state <> 'settled')
         + (SELECT count(*) FROM deliveries WHERE mirrored = 0) + (SELECT count(*) FROM due) AS n`,
    );
    return left?.n === 0 && house.supervisor.summary().awake === 0;
  });
  const looked: string[] = [];
  const { inbound } = house.mailboxes;
  Object.assign(house.mailboxes, {
    inbound: (session: typeof due, work: never) => {
      looked.push(session.id);
      return inbound(session, work);
    },
  });
  house.clock.advance(700_000);
  await settle();
  assert.equal(looked.length, 0, 'no timer of a sandbox outlives it');
  const { channel, chat, thread } = due;
  const { text } = message('m3');
  const row = {
    ...{
      id: 'm3' as MessageId,
      kind: 'chat' as const,
      timestampMs: 0,
      content: JSON.stringify({ text }),
      trigger: true,
    },
    ...{ dueMs: 0, recurrence: null, seriesId: null, channel, chat, thread },
  } as const;
  await house.store.transaction((sql) => noteDue(sql, due.id, 0));
  await inbound(due, (mailbox) => mailbox.enqueue([row]));
  house.clock.advance(60_000);
  await until('it was answered', () => house.channel.texts.includes(`re: ${text}`));
  assert.ok(looked.length > 0 && !looked.includes(asleep.id), looked.join());
});
