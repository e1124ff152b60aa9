/** What is written down: the store, conversations out of service, messages that failed, the audit. */
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { notedHead } from '../audit-head.ts';
import { verify } from '../egress/audit/chain.ts';
import { REFUSED } from '../store/connections.ts';
import { openToLook } from './open-to-look.ts';
import { type Finding, type Look, ok } from './port.ts';

export const lookAtRecords: Look = async ({ dataDir }) => [...store(dataDir), ...(await audit(dataDir))];

function store(dataDir: string): Finding[] {
  const path = join(dataDir, 'bellhop.db');
  if (!existsSync(path)) return [];
  const fix = `Stop Bellhop, and keep a copy of ${path} before anything else; then: sqlite3 ${path} .recover`;
  try {
    const db = openToLook(path);
    try {
      const said = String(db.prepare('PRAGMA quick_check(1)').get()?.quick_check);
      if (said !== 'ok')
        return [{ id: 'store', severity: 'error', what: `bellhop.db is damaged: ${said}.`, fix }];
      const count = (sql: string) => Number(db.prepare(sql).get()?.n);
      return [
        ok('store', 'bellhop.db is whole.'),
        ...waiting(
          count("SELECT count(*) AS n FROM sessions WHERE state = 'quarantined'"),
          count("SELECT count(*) AS n FROM targets WHERE state = 'failed' AND discarded = 0"),
        ),
        ...refused(
          db
            .prepare('SELECT name, value FROM settings WHERE substr(name, 1, ?) = ? ORDER BY name')
            .all(REFUSED.length, REFUSED)
            .map(({ name, value }) => [String(name).slice(REFUSED.length), String(value)] as const),
        ),
      ];
    } finally {
      db.close();
    }
  } catch (error) {
    return [
      {
        id: 'store',
        severity: 'error',
        what: `bellhop.db cannot be read: ${(error as Error).message}.`,
        fix,
      },
    ];
  }
}

/** Pure. */
export function waiting(quarantined: number, failed: number): Finding[] {
  const found: Finding[] = [];
  if (quarantined > 0) {
    const what = `${quarantined === 1 ? 'One conversation is' : `${quarantined} conversations are`} out of service.`;
    found.push({
      id: 'quarantined',
      severity: 'warning',
      promise: 16,
      what,
      fix: './bellhop sessions list --quarantined',
    });
  }
  if (failed > 0) {
    const what = `${failed === 1 ? 'One message has' : `${failed} messages have`} failed for good, and wait${failed === 1 ? 's' : ''} for you.`;
    found.push({ id: 'dead-letters', severity: 'warning', what, fix: './bellhop dead-letters list' });
  }
  return found;
}

/** Channels that their platforms do not take, as the host noted it last. Pure. */
export function refused(channels: readonly (readonly [name: string, reason: string])[]): Finding[] {
  return channels.map(([name, reason]) => ({
    id: 'channel',
    severity: 'warning',
    what: `The channel ${name} could not be started: ${reason}. What is said through it waits.`,
    fix: 'Mend what it names; the host tries again by itself. As it is now: ./bellhop status',
  }));
}

async function audit(dataDir: string): Promise<Finding[]> {
  const path = join(dataDir, 'egress', 'audit.jsonl');
  if (!existsSync(path)) return [];
  const lines = createInterface({
    input: createReadStream(path, 'utf8'),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  const { head, fault } = await verify(lines, await notedHead(dataDir));
  if (fault === null) return [ok('audit', `All ${head.n} rows of the audit are as they were written.`, 24)];
  const what = `The audit is not whole: line ${fault.line}: ${fault.why}.`;
  return [{ id: 'audit', severity: 'error', promise: 24, what, fix: './bellhop audit verify' }];
}
