/** A store that an earlier version wrote is brought up to date, losing nothing, in one step or not at all. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { LogBody } from '../../src/api/contract.ts';
import { createConversationLog } from '../../src/api/conversation-log.ts';
import { Watchers } from '../../src/api/stream.ts';
import { listConversations } from '../../src/store/conversations.ts';
import { STORE_STEPS, STORE_VERSION } from '../../src/store/schema.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { FakeClock, START_MS } from '../fake-clock.ts';
import { MemoryLog } from '../store-world.ts';
import { tempFolder } from '../temp-folder.ts';

const CHAT = 'local:bell';

/** What was said, as both versions hold it. */
const SAID: readonly (readonly [thread: string, body: LogBody])[] = [
  ['main', { kind: 'user', text: 'Hello\nthere', files: [] }],
  ['main', { kind: 'text', text: 'Hi', files: [] }],
  ['main', { kind: 'reaction', target: 'm1', emoji: '+' }],
  ['file', { kind: 'user', text: '', files: [{ name: 'plan.pdf', path: '', size: 1 }] }],
  ['late', { kind: 'notice', text: 'A reminder' }],
  ['late', { kind: 'user', text: 'Thanks', files: [] }],
  ['ask', { kind: 'question', question: 'q1', title: 'Really?', text: 'Shall I?', options: [] }],
];

function writeFirstVersion(path: string): void {
  const db = new DatabaseSync(path);
  for (const statement of STORE_STEPS[0] ?? []) db.exec(statement);
  const insert = db.prepare(
    'INSERT INTO conversation (channel, chat, thread, seq, id, reply_to, body, at_ms) VALUES (?, ?, ?, ?, ?, NULL, ?, ?)',
  );
  const seqs = new Map<string, number>();
  for (const [n, [thread, body]] of SAID.entries()) {
    const seq = (seqs.get(thread) ?? 0) + 1;
    seqs.set(thread, seq);
    insert.run('web', CHAT, thread, seq, `e${n}`, JSON.stringify(body), START_MS + n);
  }
  db.exec('PRAGMA user_version = 1');
  db.close();
}

test('a store of version 1 gets its list of conversations from its log, all of it read', async (t) => {
  const dir = tempFolder(t);
  const path = join(dir, 'old.db');
  writeFirstVersion(path);
  const old = openStore(path);
  t.after(() => old.close());
  const fresh = openStore(join(dir, 'new.db'));
  t.after(() => fresh.close());
  const clock = new FakeClock();
  const log = createConversationLog('web', {
    store: fresh,
    clock,
    watchers: new Watchers(),
    log: new MemoryLog(),
  });
  for (const [n, [thread, body]] of SAID.entries()) {
    const where = { id: `e${n}`, chat: CHAT, thread };
    if (body.kind === 'user') {
      const files = body.files.map((file) => ({ ...file, mimeType: '' }));
      const sender = { id: 'web:local', name: 'you' };
      const said = { kind: 'message', sender, sentAt: 0, isMention: true, isGroup: false } as const;
      await fresh.transaction((sql) => log.journal(sql, { ...where, ...said, text: body.text, files }));
    } else if (body.kind === 'notice' || body.kind === 'text') {
      const content = { kind: 'text', text: body.text, files: [], notice: body.kind === 'notice' } as const;
      await log.append({ ...where, replyTo: null, content });
    } else await log.append({ ...where, replyTo: null, content: body });
    clock.advance(1);
  }
  const upgraded = await listConversations(old.read, 'web', 10);
  const written = await listConversations(fresh.read, 'web', 10);
  assert.deepEqual(
    upgraded,
    written.map((one) => ({ ...one, readSeq: one.seq })),
  );
  assert.equal(upgraded.length, 4);
  const [version] = await old.read.all('PRAGMA user_version');
  assert.equal(version?.user_version, STORE_VERSION);
  assert.equal((await old.read.all('SELECT id FROM conversation')).length, SAID.length);
});

test('an upgrade that breaks off leaves the store as it was', (t) => {
  const path = join(tempFolder(t), 'old.db');
  writeFirstVersion(path);
  const db = new DatabaseSync(path);
  t.after(() => db.close());
  db.exec('CREATE TABLE sign_ins (in_the_way TEXT)');
  assert.throws(() => openStore(path), /sign_ins/);
  assert.equal(db.prepare('PRAGMA user_version').get()?.user_version, 1);
  assert.equal(
    db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'conversations'").get()?.n,
    0,
  );
});

test('M12: no list, page or receipt reads the history', async (t) => {
  const path = join(tempFolder(t), 'new.db');
  await openStore(path).close();
  const db = new DatabaseSync(path, { readOnly: true });
  t.after(() => db.close());
  const plan = (sql: string) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => String(row.detail));
  const queries = [
    "SELECT seq FROM conversation WHERE channel = 'web' AND chat = 'c' AND thread = 't' AND seq < 9 ORDER BY seq DESC LIMIT 2",
    "SELECT message_id FROM targets WHERE session_id = 's' AND state IN ('accepted', 'enqueued')",
    "SELECT c.seq FROM conversations c WHERE c.channel = 'web' ORDER BY c.last_ms DESC LIMIT 2",
    "SELECT 1 FROM questions q WHERE q.channel = 'web' AND q.chat = 'c' AND q.thread = 't' AND q.state = 'open'",
    "SELECT count(*) FROM targets WHERE state IN ('accepted', 'enqueued')",
  ];
  for (const sql of queries) {
    const steps = plan(sql).join('; ');
    assert.match(steps, /SEARCH .*INDEX|SCAN targets USING .*INDEX targets_open/, sql);
    assert.doesNotMatch(steps, /TEMP B-TREE/, sql);
  }
  assert.match(plan(queries[1] ?? '').join(), /targets_open/);
});
