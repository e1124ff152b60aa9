/** What a host that was stopped cleanly leaves: its data, and nothing that runs, listens or is mounted. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { House } from './house.ts';

export function assertNothingIsLeft(house: House): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  assert.ok(!mounts.includes(house.data), 'something is still mounted');
  const sockets = readFileSync('/proc/net/unix', 'utf8');
  assert.ok(!sockets.includes(house.data), 'somebody still listens');
  assert.deepEqual(house.sandboxes(), []);
  assert.equal(existsSync(join(house.data, 'bellhop.sock')), false, 'the socket is still there');
  assert.equal(existsSync(join(house.data, 'host.json')), false, 'the note of the host is still there');
  assert.deepEqual(readdirSync(join(house.data, 'run')), [], 'a runtime folder is still there');
}
