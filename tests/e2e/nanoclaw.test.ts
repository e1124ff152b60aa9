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
import { test } from 'node:test';
import type { DeadLetterList } from '@bellhop/host/api';
import { until } from '../../packages/host/test/until.ts';
import {
  inboundStatements,
  make,
  outboundStatements,
  SHAPES,
  type Shape,
} from '../../packages/mailbox/test/nanoclaw.ts';
import { houseFor } from './house/house.ts';
import { bwrapMissing } from './house/machine.ts';

const SHAPE = SHAPES.at(-1) as Shape;

/** The chat that the house made the session for. */
function chatOf(inbound: string): string {
  const db = new DatabaseSync(inbound, { readOnly: true });
  const row = db.prepare('SELECT platform_id AS chat FROM session_routing').get();
  db.close();
  return String(row?.chat);
}

test('a session of NanoClaw goes on: what was not sent is sent once, what was sent is not, what waits is answered', {
  skip: bwrapMissing,
}, async (t) => {
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
  const lastTry = "UPDATE messages_in SET tries = 4 WHERE id = 'held'";
  put(inbound, ...inboundStatements(SHAPE), `UPDATE messages_in ${here}`, lastTry);
  put(outbound, ...outboundStatements(SHAPE), `UPDATE messages_out ${here}`);

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
