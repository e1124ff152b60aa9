/** A session of a house whose files are NanoClaw's from now on: what it held before is gone with them. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  inboundStatements,
  make,
  outboundStatements,
  SHAPES,
  type Shape,
} from '../../../mailbox/test/nanoclaw.ts';
import type { Session } from '../../src/types.ts';
import { until } from '../until.ts';
import type { House } from './world.ts';

const NEWEST = SHAPES.find(({ name }) => name === 'of v2.0.64') as Shape;

export interface Imported {
  /** What is done to each file once it has the tables, and nothing else, of NanoClaw's. */
  readonly inbound: readonly string[];
  readonly outbound: readonly string[];
}

/** The host that comes next finds them: its sandbox sleeps, and its store knows nothing of what is in them. */
export async function importSession(house: House, { inbound, outbound }: Imported): Promise<Session> {
  const session = await house.say('before');
  await house.end('before', 'answered');
  house.runtime.last.exit(0);
  await until('it sleeps', () => house.supervisor.summary().awake === 0);
  await until('its life is settled', async () => (await house.generations())[0]?.state === 'settled');
  house.rehouse();
  await house.store.transaction((sql) => sql.run('DELETE FROM due'));
  const { inDir, outDir } = house.mailboxes.paths(session);
  const files = [join(inDir, 'inbound.db'), join(outDir, 'outbound.db')] as const;
  for (const file of files) rmSync(file);
  const tables = (statements: readonly string[]) => statements.filter((one) => one.startsWith('CREATE'));
  make(files[0], ...tables(inboundStatements(NEWEST)), ...inbound);
  make(files[1], ...tables(outboundStatements(NEWEST)), ...outbound);
  assert.equal(house.runtime.lives.length, 1);
  return session;
}

/** A row of NanoClaw's messages_in in the chat of the house's one channel. */
export function oldRow(id: string, change: Readonly<Record<string, string | number | null>> = {}): string {
  const row = {
    id,
    kind: 'chat',
    timestamp: '2026-03-01 11:36:00',
    status: 'pending',
    series_id: id,
    content: JSON.stringify({ text: `text of ${id}` }),
    channel_type: 'fake',
    platform_id: 'chat',
    ...change,
  };
  const values = Object.values(row).map((value) =>
    typeof value === 'string' ? `'${value}'` : String(value),
  );
  return `INSERT INTO messages_in (${Object.keys(row).join(', ')}) VALUES (${values.join(', ')})`;
}

/** NanoClaw's runner died on this message. */
export function oldClaim(id: string): string {
  return `INSERT INTO processing_ack VALUES ('${id}', 'processing', '2026-03-01 11:36:05')`;
}
