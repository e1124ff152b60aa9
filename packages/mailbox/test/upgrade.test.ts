/** NanoClaw's session files, of every shape, become ours: what is there stays, what is added is right. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { InboundMailbox, NotAMailbox, readOutbound } from '../src/host/index.ts';
import { OutboundMailbox, upgradeOutbound } from '../src/runner/index.ts';
import { inboundStatements, make, makeSession, outboundStatements, SHAPES, type Shape } from './nanoclaw.ts';
import {
  commitCount,
  type Folder,
  folderFor,
  LIMITS,
  look,
  mid,
  outRow,
  START,
  sql,
  stored,
  T0,
  tid,
} from './support.ts';

const NEWEST = SHAPES.at(-1) as Shape;
const KEPT = 'outbound.nanoclaw.db';
const TABLES = ['messages_in', 'delivered', 'destinations', 'session_routing'];

const openInbound = (folder: Folder) => InboundMailbox.open(folder.inDir);

function upgrade(folder: Folder): void {
  openInbound(folder).close();
  assert.equal(upgradeOutbound(folder.outDir, folder.inDir), true);
}

function snapshot(folder: Folder) {
  const read = readOutbound(folder.outDir, START, LIMITS);
  assert.ok(read.kind === 'ok', JSON.stringify(read));
  return read.snapshot;
}

for (const shape of SHAPES) {
  test(`H10: an inbound.db ${shape.name} is upgraded in place: every row, every column, known or not, stays`, (t) => {
    const folder = folderFor(t);
    makeSession(folder, shape);
    const all = () => TABLES.map((table) => sql(folder.inbound, `SELECT * FROM ${table} ORDER BY 1`));
    const before = all();
    openInbound(folder).close();
    const after = all();
    for (const [n, rows] of before.entries())
      for (const [m, row] of rows.entries()) {
        const now = after[n]?.[m];
        // The one column that is filled where it was empty.
        const known = row.series_id === null ? { ...row, series_id: row.id } : row;
        assert.deepEqual({ ...now, ...known }, { ...now }, TABLES[n] ?? '');
      }
    assert.deepEqual(
      after.map((rows) => rows.length),
      before.map((rows) => rows.length),
    );
    const mailbox = openInbound(folder);
    t.after(() => mailbox.close());
    const rows = mailbox.rows(['now', 'put-off', 'task', 'held'].map(mid));
    const due = [...rows.values()].map((row) => [row.dueMs, row.tries, row.attempt]);
    assert.deepEqual(due, [
      [0, 1, 1],
      [T0 + 10_000, 2, 1],
      [T0 + 3_600_000, 0, 1],
      [0, 3, 1],
    ]);
    const hasSeries = shape.inbound.length > 0;
    assert.equal(rows.get(mid('task'))?.seriesId, hasSeries ? 'first' : 'task');
    assert.equal(rows.get(mid('now'))?.seriesId, 'now');
    assert.equal(rows.get(mid('now'))?.trigger, shape.inbound.length < 2);
  });

  test(`an outbound.db ${shape.name}: what is over is not sent again, what is not is taken over`, (t) => {
    const folder = folderFor(t);
    makeSession(folder, shape);
    openInbound(folder).close();
    const original = readFileSync(folder.outbound);
    const untouched = readOutbound(folder.outDir, START, LIMITS);
    assert.equal(untouched.kind, 'busy', 'the host reads nothing of it before a runner had it');
    upgrade(folder);
    const { rows, acks, claims, tool } = snapshot(folder);
    assert.deepEqual(
      rows.map((row) => [row.id, row.seq, row.dueMs]),
      [
        ['waiting', 17, 0],
        ['later', 18, T0 + 1_800_000],
      ],
    );
    assert.deepEqual(
      acks.map((ack) => [ack.messageId, ack.status, ack.attempt, ack.ackSeq]),
      [['acked', 'completed', 1, 1]],
    );
    assert.deepEqual(
      claims.map((claim) => [claim.messageId, claim.generation]),
      [['held', 0]],
    );
    assert.equal(tool, null, 'no tool runs when nobody does');
    assert.deepEqual(readFileSync(`${folder.outDir}/${KEPT}`), original, 'the original stays, to the letter');
    const outbound = OutboundMailbox.open(folder.outDir, 1);
    t.after(() => outbound.close());
    assert.equal(outbound.state('continuation:claude'), shape.tables.length > 0 ? 'conversation-7' : null);
    assert.equal(outbound.state('sdk_session_id'), null);
    const inboundSeq = look(folder, (reader) => reader.greatestSeq());
    assert.equal(outbound.addRow(tid('T'), outRow('new'), inboundSeq, T0).seq, 19);
  });
}

test('an upgrade a second time changes nothing: not a byte of either file', (t) => {
  const folder = folderFor(t);
  makeSession(folder, NEWEST);
  upgrade(folder);
  const bytes = () => [folder.inbound, folder.outbound].map((path) => readFileSync(path));
  const before = bytes();
  openInbound(folder).close();
  assert.equal(upgradeOutbound(folder.outDir, folder.inDir), false);
  OutboundMailbox.open(folder.outDir, 1).close();
  assert.deepEqual(bytes(), before);
});

test('H10: a file of ours is opened without a look at its columns, and without a commit', (t) => {
  const folder = folderFor(t);
  openInbound(folder).close();
  const commits = commitCount(folder.inbound);
  const prepare = t.mock.method(DatabaseSync.prototype, 'prepare');
  openInbound(folder).close();
  const asked = prepare.mock.calls.map((call) => String(call.arguments[0]));
  prepare.mock.restore();
  assert.deepEqual(asked, ['PRAGMA user_version']);
  assert.equal(commitCount(folder.inbound), commits);
});

test('a series that NanoClaw had not armed again when it stopped goes on with the ack of its last occurrence (W6)', (t) => {
  const folder = folderFor(t);
  makeSession(
    folder,
    NEWEST,
    "UPDATE messages_in SET recurrence = '0 9 * * *', kind = 'task', status = 'completed' WHERE id = 'acked'",
    "UPDATE messages_in SET recurrence = '0 9 * * *', series_id = 'first', kind = 'task' WHERE id = 'over'",
  );
  upgrade(folder);
  const mailbox = openInbound(folder);
  t.after(() => mailbox.close());
  assert.equal(stored(mailbox, 'acked').status, 'pending');
  assert.deepEqual(
    snapshot(folder).acks.map((ack) => ack.messageId),
    ['acked'],
  );
  assert.equal(stored(mailbox, 'over').status, 'completed', 'its series has another occurrence');
});

test('rows without a number get one, after all that have one', (t) => {
  const folder = folderFor(t);
  makeSession(folder, NEWEST, "UPDATE messages_in SET seq = NULL WHERE id IN ('held', 'now')");
  make(folder.outbound, "UPDATE messages_out SET seq = NULL WHERE id = 'waiting'");
  upgrade(folder);
  const seqs = sql(
    folder.inbound,
    "SELECT id, seq FROM messages_in WHERE id IN ('held', 'now') ORDER BY seq",
  );
  assert.deepEqual(
    seqs.map((row) => [row.id, row.seq]),
    [
      ['now', 16],
      ['held', 18],
    ],
  );
  assert.deepEqual(
    snapshot(folder).rows.map((row) => [row.id, row.seq]),
    [
      ['later', 18],
      ['waiting', 19],
    ],
  );
});

test('a time in no form that we know is due at once, and not never', (t) => {
  const folder = folderFor(t);
  makeSession(folder, NEWEST, "UPDATE messages_in SET process_after = 'soon' WHERE id = 'put-off'");
  const mailbox = openInbound(folder);
  t.after(() => mailbox.close());
  assert.equal(stored(mailbox, 'put-off').dueMs, 0);
});

test('an inbound.db with a write-ahead log that is not empty is upgraded whole, and keeps no log', (t) => {
  const folder = folderFor(t);
  const [shape] = SHAPES.slice(3);
  assert.ok(shape);
  const writer = new DatabaseSync(folder.inbound);
  writer.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');
  for (const statement of inboundStatements(shape)) writer.exec(statement);
  const files = ['inbound.db', 'inbound.db-wal'].map(
    (name) => [name, readFileSync(`${folder.inDir}/${name}`)] as const,
  );
  writer.close();
  for (const [name, bytes] of files) writeFileSync(`${folder.inDir}/${name}`, bytes);
  const mailbox = openInbound(folder);
  assert.equal(stored(mailbox, 'held').tries, 3);
  mailbox.close();
  assert.deepEqual(readdirSync(folder.inDir), ['inbound.db']);
  assert.equal(sql(folder.inbound, 'PRAGMA journal_mode')[0]?.journal_mode, 'delete');
});

test('while NanoClaw still has a lock on it, inbound.db is left alone: later', (t) => {
  const folder = folderFor(t);
  makeSession(folder, NEWEST);
  const other = new DatabaseSync(folder.inbound);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  assert.throws(() => openInbound(folder), { errcode: 5 });
  other.exec('COMMIT');
  openInbound(folder).close();
});

test('empty files become mailboxes', (t) => {
  const folder = folderFor(t);
  for (const path of [folder.inbound, folder.outbound]) writeFileSync(path, '');
  openInbound(folder).close();
  assert.equal(upgradeOutbound(folder.outDir, folder.inDir), false);
  OutboundMailbox.open(folder.outDir, 1).close();
  assert.deepEqual(snapshot(folder).rows, []);
  assert.ok(!existsSync(`${folder.outDir}/${KEPT}`));
});

for (const [what, bytes] of [
  ['text', Buffer.from('this is no database, but long enough to be taken for one '.repeat(20))],
  ['a few bytes', Buffer.from('no')],
] as const) {
  test(`a file that is ${what} and no database is refused with what to type next, and left as it is`, (t) => {
    const folder = folderFor(t);
    for (const path of [folder.inbound, folder.outbound]) writeFileSync(path, bytes);
    const isTold = (error: unknown) => error instanceof NotAMailbox && /mv '.*bound\.db'/.test(error.message);
    assert.throws(() => openInbound(folder), isTold);
    assert.throws(() => OutboundMailbox.open(folder.outDir, 1), isTold);
    assert.throws(() => upgradeOutbound(folder.outDir, folder.inDir));
    for (const path of [folder.inbound, folder.outbound]) assert.deepEqual(readFileSync(path), bytes);
  });
}

test('a database of another program is no mailbox', (t) => {
  const folder = folderFor(t);
  for (const path of [folder.inbound, folder.outbound]) make(path, 'CREATE TABLE songs (title TEXT)');
  const before = readFileSync(folder.inbound);
  assert.throws(() => openInbound(folder), NotAMailbox);
  assert.throws(() => OutboundMailbox.open(folder.outDir, 1), NotAMailbox);
  assert.deepEqual(readFileSync(folder.inbound), before);
});

test("NanoClaw's outbound.db is not opened before it was upgraded", (t) => {
  const folder = folderFor(t);
  make(folder.outbound, ...outboundStatements(NEWEST));
  assert.throws(() => OutboundMailbox.open(folder.outDir, 1), NotAMailbox);
});

test('destinations are replaced whole; one that stays keeps the columns that we do not know', (t) => {
  const folder = folderFor(t);
  makeSession(folder, NEWEST);
  sql(folder.inbound, "UPDATE destinations SET thread_id_override = 'T7'");
  const mailbox = openInbound(folder);
  t.after(() => mailbox.close());
  const to = (name: string, chat: string) =>
    ({ name, displayName: null, type: 'channel', channel: 'telegram', chat, agentId: null }) as const;
  const here = { channel: 'telegram', chat: '-1', thread: null };
  mailbox.prepare(here, [to('family', '-2'), to('work', '-3')]);
  const names = 'SELECT name, platform_id, thread_id_override FROM destinations ORDER BY name';
  assert.deepEqual(
    sql(folder.inbound, names).map((row) => Object.values(row)),
    [
      ['family', '-2', 'T7'],
      ['work', '-3', null],
    ],
  );
  mailbox.prepare(here, [to('work', '-3')]);
  assert.deepEqual(
    sql(folder.inbound, names).map((row) => row.name),
    ['work'],
  );
});
