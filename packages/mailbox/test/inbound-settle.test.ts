/**
 * The host's side, the end of a message: one transaction for changes, receipts and watermarks, guarded by state and
 * attempt. What is decided: decisions.test.ts.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { InboundMailbox } from '../src/host/index.ts';
import type { OutboundId, Receipt } from '../src/index.ts';
import { type Folder, folderFor, message, mid, sql, stored, T0 } from './support.ts';

function opened(t: TestContext): { folder: Folder; mailbox: InboundMailbox } {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  return { folder, mailbox };
}

const receipt = (id: string, status: Receipt['status'], platform: string | null): Receipt => ({
  outboundId: id as OutboundId,
  platformMessageId: platform,
  status,
  atMs: T0,
});

const occurrence = (n: number) =>
  message(n === 0 ? 'daily' : `daily:${n}`, {
    kind: 'task',
    recurrence: '0 9 * * *',
    seriesId: 'daily',
    dueMs: T0 + n * 86_400_000,
  });

const done = (id: string, attempt = 1) => ({ kind: 'completed', id: mid(id), attempt }) as const;

test('the first receipt of a row wins', (t) => {
  const { folder, mailbox } = opened(t);
  mailbox.settle({ changes: [], receipts: [receipt('r', 'delivered', 'p1'), receipt('s', 'failed', null)] });
  mailbox.settle({ changes: [], receipts: [receipt('r', 'failed', null), receipt('s', 'delivered', 'p2')] });
  const rows = sql(
    folder.inbound,
    'SELECT message_out_id, status, platform_message_id FROM delivered ORDER BY 1',
  );
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['r', 'delivered', 'p1'],
      ['s', 'failed', null],
    ],
  );
});

test('watermarks only rise, each by itself', (t) => {
  const { mailbox } = opened(t);
  assert.equal(mailbox.watermark('acks_through'), 0);
  mailbox.settle({ changes: [], watermarks: { acks_through: 7, rows_through: 3 } });
  mailbox.settle({ changes: [], watermarks: { acks_through: 5, rows_through: 9 } });
  assert.deepEqual([mailbox.watermark('acks_through'), mailbox.watermark('rows_through')], [7, 9]);
});

test('W6: the next occurrence of a series comes with the end of this one, once', (t) => {
  const { folder, mailbox } = opened(t);
  mailbox.enqueue([occurrence(0)]);
  const work = { changes: [done('daily')], next: new Map([[mid('daily'), occurrence(1)]]) };
  mailbox.settle(work);
  mailbox.settle(work);
  const rows = sql(folder.inbound, 'SELECT id, status, recurrence, series_id FROM messages_in ORDER BY seq');
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['daily', 'completed', null, 'daily'],
      ['daily:1', 'pending', '0 9 * * *', 'daily'],
    ],
  );
});

test('W6: when the transaction fails, the occurrence has not ended and nothing was armed', (t) => {
  const { folder, mailbox } = opened(t);
  mailbox.enqueue([occurrence(0)]);
  const bad = { ...receipt('r', 'delivered', null), atMs: Number.NaN };
  const next = new Map([[mid('daily'), occurrence(1)]]);
  const work = { changes: [done('daily')], next, receipts: [bad], watermarks: { acks_through: 4 } };
  assert.throws(() => mailbox.settle(work), RangeError);
  assert.deepEqual(
    sql(folder.inbound, 'SELECT id, status, recurrence FROM messages_in').map((row) => Object.values(row)),
    [['daily', 'pending', '0 9 * * *']],
  );
  assert.equal(mailbox.watermark('acks_through'), 0);
  mailbox.settle({ ...work, receipts: [] });
  assert.equal(stored(mailbox, 'daily:1').status, 'pending');
});

test('a series goes on after an occurrence that failed, and is not armed by one that is only put off', (t) => {
  const { mailbox } = opened(t);
  mailbox.enqueue([occurrence(0)]);
  const next = new Map([[mid('daily'), occurrence(1)]]);
  mailbox.settle({ changes: [{ kind: 'released', id: mid('daily'), attempt: 1, dueMs: T0 }], next });
  assert.equal(mailbox.rows([mid('daily:1')]).size, 0);
  mailbox.settle({ changes: [{ kind: 'failed', id: mid('daily'), attempt: 2, reason: 'no' }], next });
  assert.equal(stored(mailbox, 'daily').status, 'failed');
  assert.equal(stored(mailbox, 'daily:1').status, 'pending');
});

for (const status of ['cancelled', 'paused', 'failed', 'completed']) {
  test(`W4: what is ${status} stays ${status}, and arms nothing, whatever ack or death comes late`, (t) => {
    const { folder, mailbox } = opened(t);
    mailbox.enqueue([occurrence(0)]);
    sql(folder.inbound, 'UPDATE messages_in SET status = ?', status);
    const before = sql(folder.inbound, 'SELECT * FROM messages_in');
    const late = { id: mid('daily'), attempt: 1 };
    mailbox.settle({
      changes: [
        { kind: 'completed', ...late },
        { kind: 'failed', ...late, reason: 'late' },
        { kind: 'failed', ...late, reason: 'late', generation: 3 },
        { kind: 'released', ...late, dueMs: T0 },
        { kind: 'charged', ...late, generation: 3, dueMs: T0 },
      ],
      next: new Map([[mid('daily'), occurrence(1)]]),
    });
    assert.deepEqual(sql(folder.inbound, 'SELECT * FROM messages_in'), before);
  });
}

test('a change that names an old attempt is skipped', (t) => {
  const { mailbox } = opened(t);
  mailbox.enqueue([message('a')]);
  const charge = { kind: 'charged', id: mid('a'), attempt: 1, generation: 1, dueMs: T0 } as const;
  mailbox.settle({ changes: [charge] });
  mailbox.settle({ changes: [charge, done('a', 1)] });
  const { status, tries, attempt, dueMs, chargedGeneration } = stored(mailbox, 'a');
  assert.deepEqual(
    { status, tries, attempt, dueMs, chargedGeneration },
    {
      status: 'pending',
      tries: 1,
      attempt: 2,
      dueMs: T0,
      chargedGeneration: 1,
    },
  );
});

test('a charge of no generation does not forget which one was charged before', (t) => {
  const { mailbox } = opened(t);
  mailbox.enqueue([message('a')]);
  const id = mid('a');
  mailbox.settle({ changes: [{ kind: 'charged', id, attempt: 1, generation: 6, dueMs: T0 }] });
  mailbox.settle({ changes: [{ kind: 'charged', id, attempt: 2, generation: 0, dueMs: T0 }] });
  assert.equal(stored(mailbox, 'a').chargedGeneration, 6);
});

test('a released message is handed out anew, later, without a try', (t) => {
  const { mailbox } = opened(t);
  mailbox.enqueue([message('a')]);
  mailbox.settle({ changes: [{ kind: 'released', id: mid('a'), attempt: 1, dueMs: T0 + 500 }] });
  const { tries, attempt, releases, dueMs } = stored(mailbox, 'a');
  assert.deepEqual(
    { tries, attempt, releases, dueMs },
    { tries: 0, attempt: 2, releases: 1, dueMs: T0 + 500 },
  );
});

test('a dead letter keeps its reason and the try that made it one', (t) => {
  const { folder, mailbox } = opened(t);
  mailbox.enqueue([message('a')]);
  mailbox.settle({
    changes: [{ kind: 'failed', id: mid('a'), attempt: 1, reason: 'it died', generation: 4 }],
  });
  const [row] = sql(
    folder.inbound,
    'SELECT status, tries, ended_reason, charged_generation FROM messages_in',
  );
  assert.deepEqual(Object.values(row ?? {}), ['failed', 1, 'it died', 4]);
});

test('W4: a series cancelled while it runs ends there: every live row, no other series, nothing armed again', (t) => {
  const { mailbox } = opened(t);
  mailbox.enqueue([occurrence(0), occurrence(1), message('other', { kind: 'task' }), message('talk')]);
  mailbox.settle({ changes: [done('daily')] });
  mailbox.settle({
    changes: [done('daily:1')],
    series: [{ kind: 'cancel', id: 'daily:1' }],
    next: new Map([[mid('daily:1'), occurrence(2)]]),
  });
  const status = (id: string) => stored(mailbox, id).status;
  assert.deepEqual(['daily', 'daily:1', 'other', 'talk'].map(status), [
    'completed',
    'cancelled',
    'pending',
    'pending',
  ]);
  assert.equal(mailbox.rows([mid('daily:2')]).size, 0);
});

test('cancelling never ends a message that people wrote', (t) => {
  const { mailbox } = opened(t);
  mailbox.enqueue([message('talk')]);
  mailbox.settle({ changes: [], series: [{ kind: 'cancel', id: 'talk' }] });
  assert.equal(stored(mailbox, 'talk').status, 'pending');
});

test('a dead letter is brought back under its next attempt; nothing else is, and nothing twice', (t) => {
  const { folder, mailbox } = opened(t);
  mailbox.enqueue(['dead', 'done', 'open', 'gone'].map((id) => message(id, { kind: 'task' })));
  mailbox.settle({
    changes: [
      { kind: 'charged', id: mid('dead'), attempt: 1, generation: 1, dueMs: T0 },
      { kind: 'failed', id: mid('dead'), attempt: 2, reason: 'it died', generation: 2 },
      done('done'),
    ],
    series: [{ kind: 'cancel', id: 'gone' }],
  });
  for (const _ of [1, 2]) mailbox.revive(['dead', 'done', 'open', 'gone', 'none'].map(mid));
  const rows = sql(
    folder.inbound,
    'SELECT id, status, tries, attempt, due_ms, ended_reason FROM messages_in ORDER BY seq',
  );
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['dead', 'pending', 0, 3, 0, null],
      ['done', 'completed', 0, 1, 0, null],
      ['open', 'pending', 0, 1, 0, null],
      ['gone', 'cancelled', 0, 1, 0, 'cancelled'],
    ],
  );
});
