/**
 * A conversation that NanoClaw began goes on in a real house: its files lie in the session's folder as NanoClaw left them,
 * the host upgrades one of them, a throwaway sandbox the other, and what was under way comes to its end.
 *
 * Not here: every shape of such files (packages/mailbox/test/upgrade.test.ts), and how they get into the folder.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { DeadLetterList } from '@bellhop/host/api';
import { until } from '../../packages/host/test/until.ts';
import {
  inboundStatements,
  make,
  outboundStatements,
  SHAPES,
  type Shape,
} from '../../packages/mailbox/test/nanoclaw.ts';
import { type House, houseFor } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';

const SHAPE = SHAPES.at(-1) as Shape;

/** The chat that the house made the session for. */
function chatOf(inbound: string): string {
  const db = new DatabaseSync(inbound, { readOnly: true });
  const row = db.prepare('SELECT platform_id AS chat FROM session_routing').get();
  db.close();
  return String(row?.chat);
}

/** A house whose session `main` has NanoClaw's files, with these statements on top; its host is down. */
async function houseWithImported(
  t: TestContext,
  more: { readonly inbound: string; readonly outbound: string },
): Promise<{ readonly house: House; readonly session: string }> {
  const house = houseFor(t);
  await house.up();
  const { session } = await house.ask('hello', 'main');
  await house.host.stop();
  const folder = join(house.data, 'sessions', 'bell', session);
  const [inbound, outbound] = [join(folder, 'in', 'inbound.db'), join(folder, 'out', 'outbound.db')];
  const here = `SET channel_type = 'terminal', platform_id = '${chatOf(inbound)}', thread_id = 'main'`;
  // Written over the files that are there, so that their owners and modes stay.
  const put = (path: string, ...statements: readonly string[]) => {
    const made = house.path('made.db');
    writeFileSync(made, '');
    make(made, ...statements);
    writeFileSync(path, readFileSync(made));
  };
  put(inbound, ...inboundStatements(SHAPE), `UPDATE messages_in ${here}`, more.inbound);
  put(outbound, ...outboundStatements(SHAPE), `UPDATE messages_out ${here}`, more.outbound);
  return { house, session };
}

test('a session of NanoClaw goes on: what was not sent is sent once, what was sent is not, what waits is answered', {
  skip: bwrapMissing,
}, async (t) => {
  const lastTry = "UPDATE messages_in SET tries = 4 WHERE id = 'held'";
  const { house, session } = await houseWithImported(t, { inbound: lastTry, outbound: '' });
  await house.up();
  const { status } = await house.api.send({ id: 'next', text: 'and now?', thread: 'main' });
  assert.equal(status, 202);
  const texts = () => house.records.conversation('main').map((entry) => entry.text);
  await until(
    'all of it came',
    async () => (await house.api.message('next')).body.settled && texts().includes('later'),
  );

  const times = (text: string) => texts().filter((one) => one === text).length;
  assert.deepEqual(['sent', 'refused', 'waiting', 'later'].map(times), [0, 0, 1, 1]);
  const rows = new Map(house.records.inbound(session).map((row) => [row.id, row]));
  assert.deepEqual(
    ['over', 'dead', 'acked', 'paused', 'held', 'next'].map((id) => rows.get(id)?.status),
    ['completed', 'failed', 'completed', 'paused', 'completed', 'completed'],
  );
  assert.equal(rows.get('held')?.tries, 4, 'what NanoClaw died on is tried before it is charged');
  const { deadLetters } = JSON.parse(
    (await house.bellhop(['dead-letters', '--json'])).stdout,
  ) as DeadLetterList;
  assert.deepEqual(
    deadLetters.map(({ message }) => message),
    ['dead'],
  );
  assert.match((await house.bellhop(['why', 'dead'])).stdout, /had failed before its session came here/);
  assert.equal((await house.bellhop(['dead-letters', 'retry', 'dead'])).code, 0);
  await until('it is answered after all', async () => (await house.api.message('dead')).body.settled);
  assert.ok(house.records.generations(session).some((g) => g.reason === 'recovery'));
});

test('N3, N4: years of 200,000 messages and answers go on, and the host serves others meanwhile', {
  skip: bwrapMissing,
}, async (t) => {
  const years = `PRAGMA synchronous = OFF;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO`;
  const text = `'{"text":"' || hex(randomblob(100)) || '"}' FROM n`;
  const { house } = await houseWithImported(t, {
    inbound: `${years} messages_in (id, seq, kind, timestamp, status, process_after, series_id, content)
        SELECT 'in-' || i, 100 + 2 * i, 'chat', '2026-03-01 10:00:00', 'completed', '2026-03-01 10:00:00', 'in-' || i, ${text};
      ${years} delivered (message_out_id, delivered_at) SELECT 'out-' || i, '2026-03-01 10:00:05' FROM n`,
    outbound: `${years} messages_out (id, seq, in_reply_to, timestamp, kind, content)
        SELECT 'out-' || i, 101 + 2 * i, 'in-' || i, '2026-03-01 10:00:01', 'chat', ${text};
      ${years} processing_ack SELECT 'in-' || i, 'completed', '2026-03-01 10:00:02' FROM n`,
  });
  await house.up();
  await house.api.send({ id: 'next', text: 'and now?', thread: 'main' });
  assert.match((await house.ask('and here?', 'other')).reply, /^You said: and here\?/);
  await until('it goes on', async () => (await house.api.message('next')).body.settled);
  const texts = house.records.conversation('main').map((entry) => entry.text);
  assert.equal(texts.filter((one) => one.startsWith('You said: and now?')).length, 1);
  assert.ok(texts.length < 20, 'nothing of before is said again');
});
