/** The machine: room on the disk, a clock that can be right, the programs, the port. */

import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createDisk } from '../disk.ts';
import { readSettings } from '../settings.ts';
import { openToLook } from './open-to-look.ts';
import { type Finding, type Ground, type Look, ok } from './port.ts';

/** Bellhop is not older. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
/** A clock that was set while nobody looked; and one that is only a little off. */
const AHEAD_MS = 5 * 60_000;
const PORT = 7788;

export const lookAtMachine: Look = async (ground) => [
  await disk(ground),
  clock(ground),
  zone(ground),
  ok(
    'versions',
    `Bellhop ${ground.version} on Node ${process.versions.node}, SQLite ${process.versions.sqlite}.`,
  ),
  ...(ground.isUp ? [] : [await port()]),
];

async function disk({ dataDir }: Ground): Promise<Finding> {
  const [free, reserve] = [
    await createDisk(existsSync(dataDir) ? dataDir : '/').freeBytes(),
    reserveOf(dataDir),
  ];
  const what = `${gib(free)} GiB are free, and ${gib(reserve)} GiB are kept free.`;
  const fix = `Make room where ${dataDir} lies; what takes most there: ./bellhop sessions`;
  if (free < reserve)
    return { id: 'disk', severity: 'error', promise: 4, what: `No agent wakes: ${what}`, fix };
  if (free < 2 * reserve)
    return { id: 'disk', severity: 'warning', promise: 4, what: `It is getting tight: ${what}`, fix };
  return ok('disk', what, 4);
}

/** What settings.json says is looked at elsewhere. */
function reserveOf(dataDir: string): number {
  try {
    return readSettings(dataDir).minFreeDiskBytes;
  } catch (bad) {
    if (bad instanceof Error) return 1024 ** 3;
    throw bad;
  }
}

function clock({ dataDir, nowMs }: Ground): Finding {
  const fix = 'Set the clock of this machine, as by: sudo timedatectl set-ntp true';
  const what = `The clock says ${new Date(nowMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (nowMs < EARLIEST_MS) return { id: 'clock', severity: 'error', what: `${what}, which cannot be.`, fix };
  const newestMs = newestEvent(dataDir);
  if (newestMs > nowMs + AHEAD_MS) {
    const minutes = Math.round((newestMs - nowMs) / 60_000);
    return {
      id: 'clock',
      severity: 'warning',
      what: `${what}, ${minutes} min before the newest message that was accepted: tasks run late, or twice.`,
      fix,
    };
  }
  return ok('clock', `${what}.`);
}

function zone({ timeZone: { name, warning } }: Ground): Finding {
  if (warning === null) return ok('time-zone', `The time zone is ${name}.`);
  const what = `Tasks run, and budgets begin, by UTC: ${warning}.`;
  return {
    id: 'time-zone',
    severity: 'warning',
    what,
    fix: 'TZ=Europe/Berlin ./bellhop up, with your own zone',
  };
}

function newestEvent(dataDir: string): number {
  const path = join(dataDir, 'bellhop.db');
  if (!existsSync(path)) return 0;
  try {
    const db = openToLook(path);
    try {
      return Number(db.prepare('SELECT max(accepted_ms) AS newest FROM events').get()?.newest ?? 0);
    } finally {
      db.close();
    }
  } catch (unreadable) {
    // Whether it can be read is looked at elsewhere.
    if (unreadable instanceof Error) return 0;
    throw unreadable;
  }
}

async function port(): Promise<Finding> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(PORT, '127.0.0.1', () => resolve(true));
  });
  server.close();
  if (isFree) return ok('port', `Port ${PORT} is free for the page.`);
  const what = `Port ${PORT} is taken by another program; the page will take the next free one.`;
  return { id: 'port', severity: 'info', what, fix: './bellhop up --port N' };
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
