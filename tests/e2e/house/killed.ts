/** A host that dies by -9 and is started again on the same data: what both files of its tests look at. */
import assert from 'node:assert/strict';
import type { StreamEvent } from '../../../packages/host/src/api/contract.ts';
import { until } from '../../../packages/host/test/until.ts';
import type { House } from './house.ts';

export const isLive = (event: StreamEvent) => event.type === 'live';
export const isReply = (event: StreamEvent) => event.type === 'entry' && event.body.kind !== 'user';

export async function settled(house: House, message: string): Promise<void> {
  await until(`${message} is settled`, async () => (await house.api.message(message)).body.settled);
}

/** Kinds and texts of a conversation, and that no entry came twice. */
export function said(house: House, thread: string): string[] {
  const entries = house.records.conversation(thread);
  assert.equal(new Set(entries.map((entry) => entry.id)).size, entries.length);
  return entries.map(({ kind, text }) => `${kind}: ${text}`);
}

/** Starts the host again; there must never be a second sandbox beside the one that lives on. */
export async function upAgain(house: House): Promise<void> {
  await house.up();
  const lives = new Set(house.sandboxes().map(({ mark }) => mark));
  const sessions = new Set([...lives].map((mark) => mark.replace(/:\d+$/, '')));
  assert.equal(lives.size, sessions.size, `two lives of one session: ${[...lives]}`);
}
