/**
 * A data folder with many sessions that sleep: rows in the store, a folder with a mailbox each. The mailboxes are
 * two files under as many names, since nobody writes into a sleeping one; the few that are to be due get files of their own.
 */
import { chownSync, copyFileSync, existsSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageId } from '@bellhop/mailbox';
import { InboundMailbox } from '@bellhop/mailbox/host';
import { openStore } from '../../packages/host/src/store/sqlite.ts';

export interface Crowd {
  /** Sessions with a task of their own, due at that time. */
  readonly due: readonly string[];
}

const DUE = 10;
/** A file of ext4 has at most 65,000. */
const MAX_NAMES = 50_000;

/** @param dataDir of a host that has been started once and does not run. */
export async function makeCrowd(dataDir: string, sessions: number, dueMs: number): Promise<Crowd> {
  const store = openStore(join(dataDir, 'bellhop.db'));
  const [agent] = await store.read.all('SELECT id FROM agents LIMIT 1');
  const agentId = String(agent?.id);
  const ids = Array.from({ length: sessions }, (_, n) => `crowd-${String(n).padStart(8, '0')}`);
  await store.transaction(async (sql) => {
    for (const id of ids) {
      await sql.run(
        `INSERT INTO sessions (id, agent_id, session_mode, session_key, channel, chat, thread, state, created_ms)
         VALUES (?, ?, 'per-thread', ?, 'crowd', 'chat', ?, 'active', 0)`,
        id,
        agentId,
        id,
        id,
      );
    }
  });
  const root = join(dataDir, 'sessions', agentId);
  const first = makeMailbox(dataDir, 0);
  for (const [n, id] of ids.entries()) {
    mkdirSync(join(root, id, 'in'), { recursive: true });
    linkSync(makeMailbox(dataDir, Math.floor(n / MAX_NAMES)), join(root, id, 'in', 'inbound.db'));
  }
  const due = ids.filter((_, n) => n % Math.floor(sessions / DUE) === 0).slice(0, DUE);
  for (const id of due) makeDue(join(root, id, 'in'), first, dueMs);
  await store.transaction(async (sql) => {
    for (const id of due) await sql.run('INSERT INTO due (session_id, due_ms) VALUES (?, ?)', id, dueMs);
  });
  await store.close();
  return { due };
}

function makeMailbox(dataDir: string, number: number): string {
  const dir = join(dataDir, `crowd-${number}`);
  if (!existsSync(dir)) {
    mkdirSync(dir);
    InboundMailbox.open(dir).close();
  }
  return join(dir, 'inbound.db');
}

function makeDue(inDir: string, from: string, dueMs: number): void {
  const path = join(inDir, 'inbound.db');
  rmSync(path);
  copyFileSync(from, path);
  if (process.getuid?.() === 0) chownSync(path, 0, 1000);
  const mailbox = InboundMailbox.open(inDir);
  mailbox.enqueue([
    {
      id: 'task:bench' as MessageId,
      kind: 'task',
      timestampMs: 0,
      content: '{"prompt":"now"}',
      trigger: true,
      dueMs,
      recurrence: null,
      seriesId: null,
      channel: 'crowd',
      chat: 'chat',
      thread: null,
    },
  ]);
  mailbox.close();
}
