/** What a person or an agent does to a task, by any id of its series; and rows that wait for a fresh runner. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { decideAck, InboundMailbox, type SeriesChange } from '../src/host/index.ts';
import type { Ack } from '../src/index.ts';
import { selectBatch } from '../src/runner/index.ts';
import { folderFor, look, message, mid, POLICY, stored, T0, tid } from './support.ts';

const DAY = 86_400_000;

/** A series with one occurrence that is over and one to come, another task, and a message that someone wrote. */
function opened(t: TestContext) {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  const task = (id: string, dueMs: number, seriesId: string) =>
    message(id, { kind: 'task', recurrence: '0 9 * * *', dueMs, seriesId });
  mailbox.enqueue([task('daily', T0, 'daily'), task('other', T0, 'other'), message('talk')]);
  mailbox.settle({
    changes: [{ kind: 'completed', id: mid('daily'), attempt: 1 }],
    next: new Map([[mid('daily'), task('daily:1', T0 + DAY, 'daily')]]),
  });
  return {
    folder,
    mailbox,
    change: (change: SeriesChange) => mailbox.settle({ changes: [], series: [change] }),
    status: (id: string) => stored(mailbox, id).status,
  };
}

for (const id of ['daily', 'daily:1']) {
  test(`a series is paused and resumed by the name ${id}: what is to come, and nothing else`, (t) => {
    const { change, status, mailbox } = opened(t);
    assert.equal(change({ kind: 'pause', id }), 1);
    assert.equal(change({ kind: 'pause', id }), 0, 'a second time finds nothing');
    const all = ['daily', 'daily:1', 'other', 'talk'];
    assert.deepEqual(all.map(status), ['completed', 'paused', 'pending', 'pending']);
    assert.deepEqual(
      mailbox.dueRows(T0 + 2 * DAY, 9).map((row) => row.id),
      ['talk', 'other'],
    );
    assert.equal(change({ kind: 'resume', id }), 1);
    assert.deepEqual(all.map(status), ['completed', 'pending', 'pending', 'pending']);
    assert.equal(stored(mailbox, 'daily:1').dueMs, T0 + DAY, 'as it was planned');
  });
}

test('a resumed task runs when the caller says, if the caller says when', (t) => {
  const { change, mailbox } = opened(t);
  change({ kind: 'pause', id: 'daily' });
  change({ kind: 'resume', id: 'daily', dueMs: T0 + 3 * DAY });
  assert.equal(stored(mailbox, 'daily:1').dueMs, T0 + 3 * DAY);
});

test('a task is changed in what was named and in nothing else, also while it is paused', (t) => {
  const { change, mailbox } = opened(t);
  change({ kind: 'pause', id: 'daily' });
  const before = stored(mailbox, 'daily:1');
  assert.equal(change({ kind: 'update', id: 'daily', content: '{"prompt":"new"}' }), 1);
  assert.deepEqual(stored(mailbox, 'daily:1'), { ...before, content: '{"prompt":"new"}' });
  change({ kind: 'update', id: 'daily', recurrence: null, dueMs: T0 + 5 });
  assert.deepEqual(stored(mailbox, 'daily:1'), {
    ...before,
    content: '{"prompt":"new"}',
    recurrence: null,
    dueMs: T0 + 5,
  });
  assert.equal(change({ kind: 'update', id: 'daily' }), 0);
});

test('what people wrote, what is over and what is not there is no task to change', (t) => {
  const { change, status } = opened(t);
  for (const id of ['talk', 'none'])
    for (const kind of ['pause', 'resume', 'cancel'] as const) assert.equal(change({ kind, id }), 0);
  change({ kind: 'cancel', id: 'daily' });
  for (const kind of ['pause', 'resume'] as const) assert.equal(change({ kind, id: 'daily' }), 0);
  assert.deepEqual(['talk', 'daily', 'daily:1'].map(status), ['pending', 'completed', 'cancelled']);
});

test('a task that was moved in time goes on, also when the name of its next occurrence is taken', (t) => {
  const { change, mailbox } = opened(t);
  change({ kind: 'update', id: 'daily', dueMs: T0 + 5 });
  const end = (id: string, next: string, dueMs: number) =>
    mailbox.settle({
      changes: [{ kind: 'completed', id: mid(id), attempt: 1 }],
      next: new Map([
        [mid(id), message(next, { kind: 'task', recurrence: '0 9 * * *', dueMs, seriesId: 'daily' })],
      ]),
    });
  end('daily:1', 'daily:1', T0 + DAY);
  const toCome = () => mailbox.dueRows(T0 + 9 * DAY, 9).filter((row) => row.seriesId === 'daily');
  assert.deepEqual(
    toCome().map((row) => [row.id.startsWith('daily:1~'), row.dueMs]),
    [[true, T0 + DAY]],
  );
  end('daily:1', 'daily:2', T0 + 2 * DAY);
  assert.equal(toCome().length, 1, 'one that is over arms nothing again');
});

test('W8: a task that is scheduled again under its id changes nothing, and is not brought back when it was cancelled', (t) => {
  const { change, status, mailbox } = opened(t);
  const again = message('other', { kind: 'task', content: '{"prompt":"other words"}' });
  mailbox.settle({ changes: [], add: [again, again] });
  assert.notEqual(stored(mailbox, 'other').content, again.content);
  change({ kind: 'cancel', id: 'other' });
  mailbox.settle({ changes: [], add: [again] });
  assert.equal(status('other'), 'cancelled');
});

const ackOf = (id: string, attempt: number, status: Ack['status'] = 'completed'): Ack => ({
  messageId: mid(id),
  status,
  attempt,
  generation: 1,
  turnId: tid('T'),
  ackSeq: 1,
  errorClass: null,
  error: null,
  retryAfterMs: null,
});

test('W4: a task paused while it runs stays paused, whatever its runner says, and runs again once it is resumed', (t) => {
  const { folder, change, status, mailbox } = opened(t);
  const decide = (ack: Ack) => decideAck(ack, stored(mailbox, 'other'), POLICY, T0, 0);
  change({ kind: 'pause', id: 'other' });
  for (const s of ['completed', 'failed', 'released'] as const)
    assert.equal(decide(ackOf('other', 1, s)), null);
  mailbox.settle({ changes: [{ kind: 'completed', id: mid('other'), attempt: 1 }] });
  assert.equal(status('other'), 'paused');
  change({ kind: 'resume', id: 'other' });
  assert.equal(decide(ackOf('other', 1)), null, 'the attempt before says nothing about this one');
  const acks = new Map([[mid('other'), ackOf('other', 1)]]);
  const batch = look(folder, (reader) =>
    selectBatch(reader.due(T0), (seq) => reader.context(seq), acks, 1, { batchSize: 1, contextRows: 0 }),
  );
  assert.deepEqual([batch?.messages[0]?.id, batch?.turnId], ['other', null], 'a turn of its own (M7)');
  assert.equal(decide(ackOf('other', 2))?.kind, 'completed');
});

test('H11: a row for a fresh runner is seen by a generation that begins after it, and by no other; the host sees it as due', (t) => {
  const folder = folderFor(t);
  const mailbox = InboundMailbox.open(folder.inDir);
  t.after(() => mailbox.close());
  mailbox.enqueue([message('any')]);
  const before = look(folder, (reader) => reader.newestSeq());
  mailbox.enqueue([message('fresh', { onWake: true })]);
  const after = look(folder, (reader) => reader.newestSeq());
  const due = (freshThrough: number) =>
    look(folder, (reader) => [...reader.due(T0, freshThrough)].map((row) => row.id));
  assert.deepEqual(due(before), ['any']);
  assert.deepEqual(due(after), ['any', 'fresh']);
  mailbox.settle({ changes: [{ kind: 'completed', id: mid('any'), attempt: 1 }] });
  assert.equal(mailbox.nextDueMs(), 0);
  mailbox.settle({ changes: [{ kind: 'released', id: mid('fresh'), attempt: 1, dueMs: T0 }] });
  assert.deepEqual(due(before), ['fresh'], 'its retry waits for no other generation');
});

test('H6: a cancelled series is forgotten by its name, and what is to come of another stays', (t) => {
  const { change, mailbox } = opened(t);
  change({ kind: 'cancel', id: 'daily' });
  mailbox.forget(['daily', 'other', 'talk'], []);
  const left = mailbox.rows(['daily', 'daily:1', 'other', 'talk'].map(mid));
  assert.deepEqual(
    [...left.keys()],
    ['daily:1', 'other', 'talk'],
    'the newest row stays, as numbers count on',
  );
  mailbox.enqueue([message('newer')]);
  mailbox.forget(['daily'], []);
  assert.deepEqual([...mailbox.rows(['daily:1', 'other', 'talk'].map(mid)).keys()], ['other', 'talk']);
});
