/** The inbound.db of an imported session is upgraded beside the host's loop, once, whoever asks for it. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { MessageId } from '@bellhop/mailbox';
import { InboundMailbox } from '@bellhop/mailbox/host';
import { inboundStatements, make, SHAPES, type Shape } from '../../../mailbox/test/nanoclaw.ts';
import { createMailboxes } from '../../src/sessions/mailboxes.ts';
import { MailboxBusy, MailboxDamaged } from '../../src/sessions/port.ts';
import type { AgentId, SessionId } from '../../src/types.ts';
import { type Ending, tempFolder } from '../temp-folder.ts';

const ROWS = 100_000;
const LOOK_MS = 5;
const NEWEST = SHAPES.find(({ name }) => name === 'of v2.0.64') as Shape;
const key = { id: 's' as SessionId, agentId: 'bell' as AgentId };

function openMailboxes(t: Ending) {
  const dataDir = tempFolder(t);
  const limits = { maxFileBytes: 1e6, maxValueBytes: 1e6, maxRows: 9 };
  const mailboxes = createMailboxes({ dataDir, user: null }, limits);
  const { inDir } = mailboxes.paths(key);
  mkdirSync(inDir, { recursive: true });
  return { dataDir, mailboxes, inDir, file: join(inDir, 'inbound.db') };
}

/** Years of finished messages, each with a time that must be read. */
function fill(path: string): void {
  make(path, ...inboundStatements(NEWEST));
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA synchronous = OFF;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    INSERT INTO messages_in (id, seq, kind, timestamp, status, process_after, series_id, content)
      SELECT 'old-' || i, 100 + 2 * i, 'chat', '2026-03-01 10:00:00', 'completed', '2026-03-01 10:00:00', NULL, '{"text":"x"}'
      FROM n`);
  db.close();
}

test('N4: while 100,000 imported rows are upgraded the host does other work, and all who ask wait for one upgrade', async (t) => {
  const { dataDir, mailboxes, inDir, file } = openMailboxes(t);
  fill(file);
  const beside = join(dataDir, 'beside');
  cpSync(inDir, beside, { recursive: true });
  const began = performance.now();
  InboundMailbox.open(beside).close();
  const blockedMs = performance.now() - began;

  const loop = { lastMs: performance.now(), longestMs: 0 };
  const look = () => {
    const nowMs = performance.now();
    loop.longestMs = Math.max(loop.longestMs, nowMs - loop.lastMs);
    loop.lastMs = nowMs;
  };
  const looks = setInterval(look, LOOK_MS);
  t.after(() => clearInterval(looks));
  const asked = Array.from({ length: 5 }, () =>
    mailboxes.inbound(key, (mailbox) => mailbox.rows(['now' as MessageId]).size),
  );
  assert.deepEqual(await Promise.all(asked), [1, 1, 1, 1, 1]);
  look();
  // One long step of the loop would be the whole upgrade; the worker takes a core of it for as long at most.
  assert.ok(loop.longestMs < blockedMs / 2, `${loop.longestMs} ms of ${blockedMs} ms`);
  const upgraded = new DatabaseSync(file, { readOnly: true });
  t.after(() => upgraded.close());
  assert.equal(upgraded.prepare('PRAGMA user_version').get()?.user_version, 1);
});

test('N4: what is no mailbox, is damaged or is locked is told as it is told of any other file', async (t) => {
  const { mailboxes, file } = openMailboxes(t);
  const look = () => mailboxes.inbound(key, (mailbox) => mailbox.nextDueMs());
  make(file, 'CREATE TABLE recipes (id TEXT)');
  await assert.rejects(
    look(),
    (error) => error instanceof MailboxDamaged && /is no mailbox/.test(error.message),
  );

  writeFileSync(file, '');
  make(file, ...inboundStatements(NEWEST));
  const whole = readFileSync(file);
  const holder = new DatabaseSync(file);
  holder.exec('BEGIN EXCLUSIVE');
  await assert.rejects(look(), MailboxBusy);
  holder.exec('ROLLBACK');
  holder.close();

  const damaged = Buffer.from(whole);
  damaged.fill(0xff, 4_096, 8_192);
  writeFileSync(file, damaged);
  await assert.rejects(look(), (error) => error instanceof MailboxDamaged && /damaged/.test(error.message));

  writeFileSync(file, whole);
  assert.ok((await look()) !== null);
});

test('N4: a new mailbox, and one of ours, are opened in place', async (t) => {
  const { mailboxes } = openMailboxes(t);
  const threads = process.getActiveResourcesInfo().length;
  for (let n = 0; n < 3; n += 1) {
    const looked = mailboxes.inbound(key, (mailbox) => mailbox.nextDueMs());
    assert.equal(process.getActiveResourcesInfo().length, threads);
    assert.equal(await looked, null);
  }
});
