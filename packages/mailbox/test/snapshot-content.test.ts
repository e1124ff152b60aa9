/** M10, what is in the outbox: attacks by schema, pages and values. By kind of file: snapshot-files.test.ts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decideAck } from '../src/host/index.ts';
import { OutboundMailbox } from '../src/runner/index.ts';
import {
  assertRefused,
  fanPage,
  outboxFor,
  PAGE_BYTES,
  patch,
  read,
  remake,
  rootPage,
  tamper,
} from './hostile.ts';
import { inboundRow, POLICY, T0, turnCommit } from './support.ts';

test('a true outbox is read whole: the rows of each table', (t) => {
  const result = read(outboxFor(t));
  assert.ok(result.kind === 'ok');
  const { rows, acks, claims } = result.snapshot;
  assert.deepEqual([rows.length, acks.length, claims.length], [1, 1, 1]);
});

const ENDLESS = 'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)';
const SCHEMAS: readonly [string, ...string[]][] = [
  [
    'an endless view in place of a table',
    'DROP TABLE messages_out',
    `CREATE VIEW messages_out AS ${ENDLESS} SELECT x AS id, x AS seq FROM n`,
  ],
  [
    'a view that reads another database',
    'DROP TABLE processing_ack',
    "CREATE VIEW processing_ack AS SELECT readfile('/etc/passwd') AS error",
  ],
  ['a trigger', 'CREATE TRIGGER t AFTER INSERT ON messages_out BEGIN DELETE FROM processing_ack; END'],
  ['an extra table', 'CREATE TABLE more (x)'],
  ['an extra index', 'CREATE INDEX more ON messages_out (content)'],
  ['an index on an expression', 'CREATE INDEX more ON messages_out (hex(content))'],
  ['a missing table', 'DROP TABLE container_state'],
  ['an extra column', 'ALTER TABLE messages_out ADD COLUMN more TEXT'],
  ['a virtual table', 'CREATE VIRTUAL TABLE more USING fts5(x)'],
  ['statistics that mislead the planner', 'ANALYZE'],
  ['a table under another name', 'ALTER TABLE messages_out RENAME TO elsewhere'],
  [
    'a view with a table beside it',
    'ALTER TABLE messages_out RENAME TO x',
    'CREATE VIEW messages_out AS SELECT * FROM x',
  ],
];
for (const [what, ...statements] of SCHEMAS) {
  test(`attack: ${what}`, (t) => {
    const folder = outboxFor(t);
    tamper(folder, ...statements);
    assertRefused(t, folder, /tables that are not ours/);
  });
}

for (const [what, from, to] of [
  [
    'a generated column',
    'content       TEXT NOT NULL',
    'content TEXT AS (hex(zeroblob(99999999))) STORED NOT NULL',
  ],
  ['a default that calls a function', 'in_reply_to   TEXT', 'in_reply_to TEXT DEFAULT (randomblob(9))'],
  ['another collation', 'in_reply_to   TEXT', 'in_reply_to TEXT COLLATE NOCASE'],
  ['the same schema with one more space', 'in_reply_to   TEXT', 'in_reply_to    TEXT'],
] as const) {
  test(`attack: ${what}`, (t) => {
    const folder = outboxFor(t);
    remake(folder, (ddl) => ddl.replace(from, to));
    assertRefused(t, folder, /tables that are not ours/);
  });
}

test('the schema is compared, not its history: the same one made again is read', (t) => {
  const folder = outboxFor(t);
  remake(folder, (ddl) => ddl);
  assert.equal(read(folder).kind, 'ok');
});

const BYTES: readonly [string, (bytes: Buffer) => Buffer | undefined, RegExp][] = [
  ['a header that is none', (b) => b.fill(0x41, 0, 16) && undefined, /not a database/],
  ['the header of a write-ahead log', (b) => b.fill(2, 18, 20) && undefined, /unable to open/],
  ['less than a header', (b) => b.subarray(0, 99), /no complete header/],
  ['a header and nothing else', (b) => b.subarray(0, 100), /./],
  ['half of a file', (b) => b.subarray(0, PAGE_BYTES * 3), /./],
  ['half of a page', (b) => b.subarray(0, PAGE_BYTES + 2_000), /./],
  ['pages of noise', (b) => b.fill(0xa5, PAGE_BYTES) && undefined, /./],
  ['another page size', (b) => (b.writeUInt16BE(512, 16) > 0 ? undefined : b), /page size/],
  ['text of no format', (b) => (b.writeUInt32BE(2, 56) > 0 ? undefined : b), /./],
];
for (const [what, change, reason] of BYTES) {
  test(`attack: ${what}`, (t) => {
    const folder = outboxFor(t);
    patch(folder, change);
    assertRefused(t, folder, reason);
  });
}

for (const depth of [1, 12]) {
  test(`attack: a scan without end: a page that is its own uncle, ${depth} deep`, (t) => {
    const folder = outboxFor(t);
    const root = rootPage(folder, 'processing_ack');
    patch(folder, (bytes) => {
      const pages = [bytes, Buffer.from(bytes.subarray((root - 1) * PAGE_BYTES, root * PAGE_BYTES))];
      const last = () => pages.reduce((sum, page) => sum + page.length, 0) / PAGE_BYTES;
      for (let level = 1; level < depth; level += 1) pages.push(fanPage(last(), 300));
      fanPage(last(), 300).copy(bytes, (root - 1) * PAGE_BYTES);
      bytes.writeUInt32BE(last(), 28);
      return Buffer.concat(pages);
    });
    assertRefused(t, folder, /a page in two places/);
  });
}

test('attack: a schema without end', (t) => {
  const folder = outboxFor(t);
  patch(folder, (bytes) => {
    const count = bytes.length / PAGE_BYTES;
    bytes.writeUInt32BE(count + 2, 28);
    const fan = fanPage(count + 2, 300);
    fanPage(count + 1, 200).copy(bytes, 100, 0, 12 + 400);
    for (let n = 0; n < 200; n += 1) {
      const cell = PAGE_BYTES - 5 * (n + 1);
      bytes.writeUInt16BE(cell, 112 + 2 * n);
      bytes.writeUInt32BE(count + 1, cell);
      bytes[cell + 4] = 1;
    }
    return Buffer.concat([bytes, fan, Buffer.from(bytes.subarray(PAGE_BYTES, 2 * PAGE_BYTES))]);
  });
  assertRefused(t, folder, /a page in two places/);
});

test('attack: a tree that leads to itself', (t) => {
  const folder = outboxFor(t);
  const root = rootPage(folder, 'messages_out');
  patch(folder, (bytes) => void fanPage(root, 1).copy(bytes, (root - 1) * PAGE_BYTES));
  assertRefused(t, folder, /a page in two places/);
});

test('attack: a value of 2 MB, over the limit of a value', (t) => {
  const folder = outboxFor(t);
  tamper(folder, `UPDATE messages_out SET content = '{"text":"' || hex(zeroblob(1000000)) || '"}'`);
  assertRefused(t, folder, /too big/);
});

for (const [what, ...statements] of [
  ['bytes where text belongs', "UPDATE messages_out SET content = x'00ff'"],
  ['a number of no size', 'UPDATE messages_out SET seq = 9223372036854775807'],
  ['a number that is a word', "UPDATE messages_out SET seq = 'many'"],
  ['an ack numbered beyond what is exact', 'UPDATE processing_ack SET ack_seq = 1e300'],
  ['an attempt that is a word', "UPDATE processing_ack SET attempt = 'one'"],
  ['an attempt beyond what is exact', 'UPDATE processing_ack SET attempt = 9007199254740993'],
  ['a generation without end', 'UPDATE processing_ack SET generation = 9e999'],
] as const) {
  test(`attack: ${what}`, (t) => {
    const folder = outboxFor(t);
    tamper(folder, ...statements);
    assertRefused(t, folder, /bytes where text belongs|out of range|too large|safe integer/i);
  });
}

/** As an agent can write them, or a runner that believed its provider: more than SQLite's integers, than a double's, no number. */
const WILD: readonly (readonly [what: string, sql: string])[] = [
  ['longer than a day', '86400001'],
  ['what a provider asked for as 9007199254741 seconds', '9007199254741000'],
  ['more than is exact', '9223372036854775807'],
  ['without end', '9e999'],
  ['before all time', '-9223372036854775807'],
  ['without beginning', '-9e999'],
  ['a word', "'long'"],
  ['bytes', "x'00ff'"],
];
for (const [what, sql] of WILD) {
  test(`attack: a wait that is ${what} is a wait of at most a day, and takes no session out of service`, (t) => {
    const folder = outboxFor(t);
    tamper(
      folder,
      `UPDATE processing_ack SET status = 'released', retry_after_ms = ${sql} WHERE message_id = 'a'`,
      `INSERT INTO container_state VALUES (1, 't', ${sql}, 'x', 'x')`,
    );
    const result = read(folder);
    assert.ok(result.kind === 'ok', JSON.stringify(result));
    const { acks, tool } = result.snapshot;
    const [ack] = acks;
    assert.ok(ack && tool);
    for (const wait of [ack.retryAfterMs, tool.declaredTimeoutMs])
      assert.ok(wait !== null && wait >= 0 && wait <= 86_400_000);
    const change = decideAck(ack, inboundRow('a'), POLICY, T0, 0);
    assert.ok(change?.kind === 'released');
    assert.ok(change.dueMs <= T0 + 86_400_000);
    assert.doesNotThrow(() => new Date(change.dueMs).toISOString());
  });

  test(`attack: a delivery whose time is ${what} is in the calendar`, (t) => {
    const folder = outboxFor(t);
    tamper(folder, `UPDATE messages_out SET due_ms = ${sql}`);
    const result = read(folder);
    assert.ok(result.kind === 'ok', JSON.stringify(result));
    assert.match(new Date(result.snapshot.rows[0]?.dueMs ?? Number.NaN).toISOString(), /^\d{4}-/);
  });
}

test('a runner writes no wait that its host would not believe', (t) => {
  const folder = outboxFor(t);
  const outbound = OutboundMailbox.open(folder.outDir, 1);
  t.after(() => outbound.close());
  for (const [wish, kept] of [
    [Number.POSITIVE_INFINITY, 86_400_000],
    [9_007_199_254_741_000, 86_400_000],
    [Number.NaN, 0],
    [-1, 0],
    [0.5, 1],
  ] as const) {
    outbound.commitTurn(
      turnCommit('T', { acks: [{ message: inboundRow('a'), status: 'released', retryAfterMs: wish }] }),
    );
    assert.equal(outbound.acks().get(inboundRow('a').id)?.retryAfterMs, kept);
  }
});

test('attack: rows that share the pages of one long text hold more than the file does', (t) => {
  const folder = outboxFor(t);
  // Of this length the least part of a row lies in the leaf itself, so that five rows fit on one.
  const insert = `INSERT INTO messages_out (id, seq, timestamp, kind, content)
    SELECT 'r' || x, 2 * x + 1, 't', 'chat', hex(zeroblob(448300)) FROM`;
  tamper(folder, 'DELETE FROM messages_out', 'VACUUM', `${insert} (SELECT 1 AS x)`);
  const before = read(folder);
  assert.equal(before.kind, 'ok', 'one such text is within every limit');
  const { length } = readFileSync(folder.outbound);
  tamper(folder, `${insert} (SELECT 2 AS x UNION SELECT 3 UNION SELECT 4 UNION SELECT 5)`);
  assert.equal(read(folder).kind, 'ok', 'and so are five');
  const leaf = (rootPage(folder, 'messages_out') - 1) * PAGE_BYTES;
  patch(folder, (bytes) => {
    assert.deepEqual([bytes[leaf], bytes.readUInt16BE(leaf + 3)], [13, 5]);
    const links = [0, 1, 2, 3, 4].map((n) =>
      overflowLink(bytes, leaf + bytes.readUInt16BE(leaf + 8 + 2 * n)),
    );
    for (const link of links) bytes.copy(bytes, link, links[0] ?? 0, (links[0] ?? 0) + 4);
    bytes.writeUInt32BE(length / PAGE_BYTES, 28);
    return bytes.subarray(0, length);
  });
  assertRefused(t, folder, /share their text/);
});

/** Where a leaf cell of a table, whose text is long, names its first overflow page. */
function overflowLink(bytes: Buffer, cell: number): number {
  let at = cell;
  let payload = 0;
  do payload = payload * 128 + ((bytes[at] ?? 0) & 127);
  while ((bytes[at++] ?? 0) & 128);
  while ((bytes[at++] ?? 0) & 128);
  const least = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
  const local = least + ((payload - least) % (PAGE_BYTES - 4));
  return at + (local <= PAGE_BYTES - 35 ? local : least);
}

test('attack: bad UTF-8 does not stop the host: it is read as text with marks', (t) => {
  const folder = outboxFor(t);
  patch(folder, (bytes) => {
    const at = bytes.indexOf('hello');
    bytes.writeUInt16BE(0xc3ff, at);
    return undefined;
  });
  const result = read(folder);
  assert.ok(result.kind === 'ok');
  assert.match(result.snapshot.rows[0]?.content ?? '', /^\{"text":"\ufffd+llo"\}$/);
});

for (const [table, columns] of [
  ['messages_out', "(id, seq, timestamp, kind, content) SELECT 'r' || x, 2 * x + 101, 't', 'chat', '{}'"],
  ['processing_ack', "(message_id, status, status_changed) SELECT 'none' || x, 'processing', ''"],
] as const) {
  test(`attack: more rows in ${table} than an honest runner ever keeps`, (t) => {
    const folder = outboxFor(t);
    tamper(
      folder,
      `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000) INSERT INTO ${table} ${columns} FROM n`,
    );
    assertRefused(t, folder, /more than 20000 rows/);
  });
}

test('attack: more rows than are read at once: the rest comes with the next look', (t) => {
  const folder = outboxFor(t);
  tamper(
    folder,
    `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 10000)
     INSERT INTO messages_out (id, seq, timestamp, kind, content) SELECT 'r' || x, 2 * x + 101, 't', 'chat', '{}' FROM n`,
  );
  const result = read(folder);
  assert.ok(result.kind === 'ok');
  assert.deepEqual([result.snapshot.rows.length, result.snapshot.more], [200, true]);
});
