/**
 * A house whose data folder a host of version 0.1 left behind when it was killed (tests/fixtures/data-0.1).
 *
 * Sandboxes are found again by the install id, which every copy of the folder shares: two houses of it at once on one
 * machine would stop each other's. So whoever has one holds a lock, which the kernel gives back however its process ends.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Ending } from '../../../packages/host/test/temp-folder.ts';
import { type House, houseFor } from './house.ts';
import { ROOT } from './machine.ts';

const ARCHIVE = join(ROOT, 'tests/fixtures/data-0.1/data.tar.gz');
/** Some tests of another run may come first; a suite that hangs is ended long before. */
const PATIENCE_MS = 600_000;

/** When the host of 0.1 was killed: its reminders were due a few minutes later, its open approval a day later. */
export const KILLED_AT = '2026-11-30T22:35:00.000Z';

export function houseOf01(t: Ending): House {
  const lock = new DatabaseSync(join(tmpdir(), `bellhop-data-0.1-${process.getuid?.() ?? 0}.lock`), {
    timeout: PATIENCE_MS,
  });
  lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  const house = houseFor(t);
  house.onClose(() => lock.close());
  mkdirSync(house.data, { mode: 0o700 });
  // Owners and modes as they were, where root unpacks; for all others everything is their own.
  const { status, stderr } = spawnSync('tar', ['-xzpf', ARCHIVE, '-C', house.data], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the data folder of 0.1 could not be unpacked: ${stderr}`);
  return house;
}
