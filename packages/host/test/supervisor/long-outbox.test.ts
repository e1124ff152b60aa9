/** NanoClaw never pruned an outbox: one of an imported session may be longer than any of ours, and is read all the same. */
import assert from 'node:assert/strict';
import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { make } from '../../../mailbox/test/nanoclaw.ts';
import type { Session } from '../../src/types.ts';
import { settle, until } from '../until.ts';
import { importSession, oldRow } from './import-session.ts';
import { type House, notices, openHouse } from './world.ts';

const ANSWERS = 1_500;
const MIB = 1024 * 1024;
/** What was said and delivered: more than the bound of an outbox of ours (4 MB, world.ts). */
const SAID = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ANSWERS})
  INSERT INTO messages_out (id, seq, in_reply_to, timestamp, kind, channel_type, platform_id, content)
    SELECT 'out-' || i, 2 * i + 1, 'm', '2026-03-01 11:00:00', 'chat', 'fake', 'chat', '{"text":"' || hex(randomblob(2000)) || '"}'
    FROM n`;
const DELIVERED = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ANSWERS})
  INSERT INTO delivered (message_out_id, delivered_at) SELECT 'out-' || i, '2026-03-01 11:00:05' FROM n`;

function importLong(house: House): Promise<Session> {
  return importSession(house, {
    inbound: [oldRow('m', { seq: 2 * ANSWERS + 2 }), DELIVERED],
    outbound: [SAID],
  });
}

const outboxOf = (house: House, session: Session) =>
  join(house.mailboxes.paths(session).outDir, 'outbound.db');

async function reasonOf(house: House, session: Session): Promise<unknown> {
  const [row] = await house.rows('SELECT state_reason FROM sessions WHERE id = ?', session.id);
  return row?.state_reason;
}

describe('an outbox of NanoClaw’s that is longer than one of ours may be', () => {
  test('N3: is upgraded in a throwaway sandbox, nothing of it is sent again, and its session goes on', async (t) => {
    const house = await openHouse(t);
    const session = await importLong(house);
    await house.supervisor.start();
    house.supervisor.nudge(session.id);
    await house.end('m', 'answered');
    await until('its answer is out', () => house.channel.texts.length === 2);
    assert.deepEqual(house.channel.texts.slice(1), ['re: text of m']);
    assert.equal(house.runtime.recoveries.length, 1);
    assert.equal(await reasonOf(house, session), null);
    const kept = new DatabaseSync(join(house.mailboxes.paths(session).outDir, 'outbound.nanoclaw.db'));
    t.after(() => kept.close());
    assert.equal(kept.prepare('SELECT count(*) AS n FROM messages_out').get()?.n, ANSWERS);
  });

  test('N3: has the more time the longer it is, and is killed after it', async (t) => {
    const house = await openHouse(t);
    const session = await importLong(house);
    const { readyTimeoutMs } = house.settings;
    house.runtime.recoversForEver = true;
    await house.supervisor.start();
    house.supervisor.nudge(session.id);
    const long = await house.mailboxes.outboundBytes(session);
    assert.ok(long > 5 * MIB);
    const limitMs = readyTimeoutMs + Math.ceil(long / MIB) * 500;
    await until('its sandbox runs, and has its bound', () =>
      house.clock.isSetFor(house.clock.now() + limitMs),
    );
    const [life] = house.runtime.recoveries;
    house.clock.advance(limitMs - 1);
    await settle();
    assert.equal(life?.kills, 0);
    house.clock.advance(1);
    await until('it is killed', () => life?.kills === 1);
    // What was cut off is begun anew.
    house.runtime.recoversForEver = false;
    await until('it waits', () => house.supervisor.waitingFor(session.id) !== null);
    house.clock.advance(60_000);
    await house.end('m', 'answered');
  });

  test('N3: a host that stops meanwhile does not wait for it, and the next one does it', async (t) => {
    const house = await openHouse(t);
    const session = await importLong(house);
    house.runtime.recoversForEver = true;
    await house.supervisor.start();
    house.supervisor.nudge(session.id);
    await until('its sandbox runs', () => house.runtime.recoveries.length === 1);
    await house.supervisor.stop();
    assert.equal(house.runtime.recoveries[0]?.kills, 1);
    house.runtime.recoversForEver = false;
    house.rehouse();
    await house.supervisor.start();
    house.supervisor.nudge(session.id);
    await house.end('m', 'answered');
    assert.equal(await reasonOf(house, session), null);
  });

  test('N3: beyond every bound it takes its session out of service, in words, and no sandbox is started for it', async (t) => {
    const house = await openHouse(t);
    const session = await importLong(house);
    truncateSync(outboxOf(house, session), 64_000_001);
    await house.supervisor.start();
    house.supervisor.nudge(session.id);
    await house.end('m', 'failed');
    assert.equal(await reasonOf(house, session), 'outbound.db has 64000001 bytes, the limit is 64000000');
    assert.equal(house.runtime.recoveries.length, 0);
    await until('it was told', () => notices(house).length === 1);
  });
});

test('attack: N3: an agent that has worked here and calls its outbox NanoClaw’s gets no more room for it', async (t) => {
  const house = await openHouse(t);
  const session = await house.say('m1');
  await house.end('m1', 'answered');
  await until('its receipt is in', () => house.channel.confirmed.length === 1);
  house.runtime.last.exit(0);
  await until('it sleeps', () => house.supervisor.summary().awake === 0);
  const outbox = outboxOf(house, session);
  rmSync(outbox);
  make(outbox, 'CREATE TABLE messages_out (id TEXT)');
  truncateSync(outbox, 5_000_000);
  await house.say('m2');
  await house.end('m2', 'failed');
  assert.equal(await reasonOf(house, session), 'outbound.db has 5000000 bytes, the limit is 4000000');
  assert.equal(house.runtime.recoveries.length, 0);
});
