/**
 * An agent's rows as requests: what is refused, what is copied, what is said. Not here: hostile files themselves
 * (mailbox, sessions) and that a refused row is never sent (supervisor).
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { MessageId, NewMessage, OutboundId, OutboundRow } from '@bellhop/mailbox';
import { createRowChecker } from '../../src/delivery/check.ts';
import { notice } from '../../src/delivery/notice.ts';
import type { CheckedRows } from '../../src/delivery/port.ts';
import { createMailboxes } from '../../src/sessions/mailboxes.ts';
import { readSettings } from '../../src/settings.ts';
import type { Delivery } from '../../src/store/deliveries.ts';
import { questionById } from '../../src/store/questions.ts';
import { openStoreWorld } from '../store-world.ts';

const limits = { maxFileBytes: 1_000_000, maxValueBytes: 100_000, maxRows: 100 };

async function openCheck(t: TestContext, warning: string | null = null, allowed: readonly string[] = []) {
  const world = await openStoreWorld(t);
  const mailboxes = createMailboxes({ dataDir: world.dir, user: null }, limits);
  const session = await world.session();
  await mailboxes.make(session);
  const settings = { ...readSettings(world.dir), maxFileBytes: 100 };
  const checker = createRowChecker({
    store: world.store,
    mailboxes,
    settings,
    clock: world.clock,
    warning,
    allowedHosts: async () => allowed,
  });
  const { outDir } = mailboxes.paths(session);
  const row = (content: object | string, change: Partial<OutboundRow> = {}): OutboundRow => ({
    id: 'row-1' as OutboundId,
    seq: 1,
    inReplyTo: null,
    timestamp: '',
    kind: 'chat',
    content: typeof content === 'string' ? content : JSON.stringify(content),
    dueMs: 0,
    turnId: null,
    channel: session.channel,
    chat: session.chat,
    thread: session.thread,
    ...change,
  });
  const one = async (
    content: object | string,
    change: Partial<OutboundRow> = {},
  ): Promise<[Delivery, CheckedRows]> => {
    const checked = await checker.check(session, [row(content, change)]);
    const [delivery] = checked.deliveries;
    assert.ok(delivery);
    return [delivery, checked];
  };
  /** The session's mailbox has this message. */
  const heard = (id: string, at: Partial<NewMessage>) =>
    mailboxes.inbound(session, (mailbox) =>
      mailbox.enqueue([
        {
          ...{ id: id as MessageId, kind: 'chat', timestampMs: 1, content: '{}', trigger: true, dueMs: 0 },
          ...{ recurrence: null, seriesId: null, channel: session.channel, chat: session.chat, thread: null },
          ...at,
        },
      ]),
    );
  return { ...world, session, checker, row, one, outDir, heard };
}

const sentText = (delivery: Delivery): string => (JSON.parse(delivery.content) as { text: string }).text;

describe('a row that is refused', () => {
  test('a foreign chat: an agent cannot write where nobody let it', async (t) => {
    const { one } = await openCheck(t);
    for (const change of [{ chat: 'other' }, { channel: 'telegram' }, { thread: 'other' }, { chat: null }]) {
      const [delivery] = await one({ text: 'hello' }, change);
      assert.equal(delivery.state, 'failed', JSON.stringify(change));
      assert.match(delivery.reason ?? '', /destination/);
      assert.deepEqual([delivery.channel, delivery.chat, delivery.thread], ['fake', 'chat', null]);
      assert.equal(delivery.content, 'null');
    }
  });

  test('attack: a row names a message of its own mailbox, and claims a chat where that was not said', async (t) => {
    const { one, heard } = await openCheck(t);
    await heard('m1', { thread: 't1' });
    await heard('elsewhere', { channel: 'telegram', chat: 'other', thread: 't9' });
    for (const [inReplyTo, claim] of [
      ['m1', { thread: 't2' }],
      ['m1', { chat: 'other', thread: 't1' }],
      ['m1', { channel: 'telegram', thread: 't1' }],
      ['elsewhere', { channel: 'telegram', chat: 'other', thread: 't9' }],
      ['elsewhere', { thread: 't9' }],
      ['nobody', { thread: 't1' }],
    ] as const) {
      const [delivery] = await one({ text: 'hello' }, { inReplyTo: inReplyTo as MessageId, ...claim });
      assert.equal(delivery.state, 'failed', JSON.stringify([inReplyTo, claim]));
      assert.match(delivery.reason ?? '', /destination/);
      assert.equal(delivery.chat, 'chat');
      assert.equal(delivery.thread, inReplyTo === 'm1' ? 't1' : null, 'told where the message is');
    }
  });

  const shapes: readonly (readonly [string, string, object | string])[] = [
    ['malformed JSON', 'chat', '{"text": "hel'],
    ['no object', 'chat', '42'],
    ['null', 'chat', 'null'],
    ['an unknown operation', 'chat', { operation: 'delete', messageId: 'x' }],
    ['an edit without a text', 'chat', { operation: 'edit', messageId: 'x' }],
    ['a text that is no string', 'chat', { text: { toString: 'x' } }],
    ['a text that is too long', 'chat', { text: 'x'.repeat(200_001) }],
    ['too many files', 'chat', { text: '', files: Array(11).fill('a') }],
    ['nothing at all to say', 'chat', { text: '' }],
    ['an unknown action', 'system', { action: 'create_agent', name: 'minion' }],
    ['a task without a time', 'system', { action: 'schedule_task', taskId: 'a', prompt: 'b' }],
    [
      'a task at no time',
      'system',
      { action: 'schedule_task', taskId: 'a', prompt: 'b', processAfter: 'soon' },
    ],
    [
      'a question without options',
      'chat-sdk',
      { type: 'ask_question', questionId: 'q', title: '', question: '', options: [] },
    ],
    ['an unknown kind', 'webhook', { text: 'x' }],
    ['a kind from the prototype', 'constructor', { text: 'x' }],
  ];
  for (const [name, kind, content] of shapes) {
    test(`D1: ${name} is a failed delivery with a reason, never a delivered one`, async (t) => {
      const { one } = await openCheck(t);
      const [delivery, { tasks }] = await one(content, { kind: kind as OutboundRow['kind'] });
      assert.equal(delivery.state, 'failed');
      assert.notEqual(delivery.reason ?? '', '');
      assert.deepEqual(tasks, []);
    });
  }
});

test('attack: promise 23: an agent’s question is no card of Bellhop’s, whatever it says', async (t) => {
  const { one } = await openCheck(t);
  const approval = { agent: 'bell', host: 'a.example', port: 443, sha256: 'f0', expiresAt: '' };
  const options = [{ label: 'Once', value: 'once' }];
  const forged = {
    type: 'ask_question',
    questionId: 'q',
    title: 'Bellhop asks',
    question: 'May bell?',
    options,
  };
  const [{ content, state }] = await one({ ...forged, approval }, { kind: 'chat-sdk' });
  assert.deepEqual([state, JSON.parse(content).approval], ['queued', undefined]);
});

describe('a row of another thread of its session’s chat', () => {
  const options = [{ label: 'Yes', value: 'y' }];
  const asks = { type: 'ask_question', questionId: 'q', title: '', question: 'Well?', options };
  const t1 = { inReplyTo: 'm1' as MessageId, thread: 't1' };

  test('goes where the message is that it answers: words, a question, and the answer to it', async (t) => {
    const { one, heard, store } = await openCheck(t);
    await heard('m1', { thread: 't1' });
    const [words] = await one({ text: 'hello' }, t1);
    assert.deepEqual([words.state, words.chat, words.thread], ['queued', 'chat', 't1']);
    const [question, checked] = await one(asks, { ...t1, kind: 'chat-sdk' });
    assert.deepEqual([question.state, question.thread], ['queued', 't1']);
    await store.transaction((sql) => checked.record(sql));
    assert.equal((await questionById(store.read, 'q'))?.thread, 't1');
  });

  test('an edit or a reaction goes where the message is that it changes, whatever the turn answers', async (t) => {
    const { one, heard, store, row, session, checker } = await openCheck(t);
    await heard('m1', { thread: 't1' });
    await heard('m2', { thread: 't2' });
    const own = await checker.check(session, [row({ text: 'first' }, { ...t1, id: 'own' as OutboundId })]);
    await store.transaction((sql) => own.record(sql));
    const answers = 'm2' as MessageId;
    for (const content of [
      { operation: 'reaction', messageId: 'm1', emoji: 'eyes' },
      { operation: 'edit', messageId: 'own', text: 'second' },
    ]) {
      const [there] = await one(content, { inReplyTo: answers, thread: 't1' });
      assert.deepEqual([there.state, there.thread], ['queued', 't1'], content.operation);
      const [nowhere] = await one(content, { inReplyTo: answers, thread: 't3' });
      assert.equal(nowhere.state, 'failed');
    }
  });

  test('a task is answered in the thread where it was asked for, however its row is addressed', async (t) => {
    const { one, heard } = await openCheck(t);
    await heard('m1', { thread: 't1' });
    const content = {
      ...{ action: 'schedule_task', taskId: 'task-1', prompt: 'stretch' },
      processAfter: '2026-06-01T12:00:00Z',
    };
    for (const [claim, thread] of [
      [t1, 't1'],
      [{ ...t1, thread: 't2' }, 't1'],
      [{ channel: null, chat: null, thread: null }, null],
    ] as const) {
      const [, { tasks }] = await one(content, { kind: 'system', ...claim });
      const [task] = tasks;
      assert.equal(task?.kind === 'schedule' ? task.thread : 'none', thread, JSON.stringify(claim));
    }
  });

  test('of one that is refused, its people are told in the thread where they wrote', async (t) => {
    const { one, heard, store } = await openCheck(t);
    await heard('m1', { thread: 't1' });
    const [, checked] = await one({ text: '' }, t1);
    const added = await store.transaction((sql) => checked.record(sql));
    assert.deepEqual(
      added.map(({ state, thread }) => [state, thread]),
      [
        ['failed', 't1'],
        ['queued', 't1'],
      ],
    );
  });
});

describe('files', () => {
  test("D10: the host takes a copy of its own, and goes on when the agent's is gone", async (t) => {
    const { one, outDir } = await openCheck(t);
    mkdirSync(join(outDir, 'files', 'row-1'), { recursive: true });
    writeFileSync(join(outDir, 'files', 'row-1', 'a.txt'), 'bytes');
    const [delivery] = await one({ text: 'here', files: ['a.txt'] });
    const { files } = JSON.parse(delivery.content) as {
      files: { name: string; path: string; size: number }[];
    };
    assert.deepEqual(
      files.map(({ name, size }) => [name, size]),
      [['a.txt', 5]],
    );
    assert.ok(!files[0]?.path.startsWith(outDir));
    assert.equal(readFileSync(files[0]?.path ?? '', 'utf8'), 'bytes');
  });

  test('D10: a missing file is said in the text, and in the reason for the owner', async (t) => {
    const { one } = await openCheck(t);
    const [delivery] = await one({ text: 'here', files: ['a.txt'] });
    assert.equal(delivery.state, 'queued');
    assert.equal(sentText(delivery), 'here\n\n[file not sent: a.txt: it is missing, or not a regular file]');
    assert.equal(delivery.reason, 'a.txt: it is missing, or not a regular file');
  });

  test('D10: so is one that is too big, and one without any text beside it', async (t) => {
    const { one, outDir } = await openCheck(t);
    mkdirSync(join(outDir, 'files', 'row-1'), { recursive: true });
    writeFileSync(join(outDir, 'files', 'row-1', 'big'), Buffer.alloc(101));
    const [delivery] = await one({ text: '', files: ['big'] });
    assert.equal(sentText(delivery), '[file not sent: big: it has 101 bytes, the limit is 100]');
  });

  test('D11: a link or a path as a file name steals nothing of the host', async (t) => {
    const { one, outDir, dir } = await openCheck(t);
    mkdirSync(join(outDir, 'files', 'row-1'), { recursive: true });
    writeFileSync(join(dir, 'secret'), 'key');
    symlinkSync(join(dir, 'secret'), join(outDir, 'files', 'row-1', 'link'));
    for (const name of ['link', '../../../../../../secret', join(dir, 'secret'), '..']) {
      const [delivery] = await one({ text: 'here', files: [name] });
      assert.deepEqual((JSON.parse(delivery.content) as { files: unknown[] }).files, [], name);
      assert.match(sentText(delivery), /file not sent/);
    }
  });
});

describe('attack: data in the links of a message', () => {
  const link = `https://evil.example/${'c2stYW50LWFwaTAz'.repeat(4)}`;

  test('in a text, an edit, a question: inert, flagged for people, told to the owner who asks why', async (t) => {
    const { one } = await openCheck(t);
    const question = {
      type: 'ask_question',
      questionId: 'q',
      title: link,
      question: `Well? ${link}`,
      options: [{ label: 'Yes', value: 'y' }],
    };
    for (const [content, kind, links] of [
      [{ text: `See ${link}.` }, 'chat', 1],
      [{ operation: 'edit', messageId: 'm', text: `See ${link}.` }, 'chat', 1],
      [question, 'chat-sdk', 2],
    ] as const) {
      const [{ content: sent, state, reason }] = await one(content, { kind });
      assert.equal(state, 'queued');
      assert.ok(!sent.includes('https://'), sent);
      assert.match(sent, /made inert: data for evil\[\.\]example, which this agent may not reach/);
      assert.equal(reason, `${links} of its links made inert: evil.example`);
    }
  });

  test('in a choice of a question: refused, since what is pressed must be what is answered', async (t) => {
    const { one } = await openCheck(t);
    const options = [{ label: link, value: 'y' }];
    const [{ state, reason }] = await one(
      { type: 'ask_question', questionId: 'q', title: 't', question: 'q', options },
      { kind: 'chat-sdk' },
    );
    assert.deepEqual([state, reason], ['failed', 'a choice of it is a link that carries data']);
  });

  test('to a host that the owner allowed this agent it stands as it is', async (t) => {
    const { one } = await openCheck(t, null, ['evil.example']);
    const [delivery] = await one({ text: link });
    assert.equal(sentText(delivery), link);
  });

  test('in what a runner gives as its reason: the notice that quotes it', async (t) => {
    const { session } = await openCheck(t);
    const said = notice(session, 'failed:m', `There is no answer: ${link}`, null, 0);
    assert.match(sentText(said), /^There is no answer: hxxps\[:\]\/\/evil/);
  });
});

describe('what else is made of rows', () => {
  test('every text says that there is no sandbox, where there is none', async (t) => {
    const { one } = await openCheck(t, 'no sandbox');
    assert.equal(sentText((await one({ text: 'hello' }))[0]), 'hello\n\n[no sandbox]');
    assert.equal(sentText((await one({ text: '' }))[0]), '[no sandbox]');
  });

  test('a task becomes a change of the mailbox, an entry of the due index, and nothing that is sent', async (t) => {
    const { one, store, rows } = await openCheck(t);
    const content = {
      action: 'schedule_task',
      taskId: 'task-1',
      prompt: 'stretch',
      processAfter: '2026-06-01T14:00:00+02:00',
    };
    const [delivery, checked] = await one(content, { kind: 'system' });
    assert.equal(delivery.state, 'delivered');
    const dueMs = Date.parse('2026-06-01T12:00:00Z');
    assert.deepEqual(checked.tasks, [
      { kind: 'schedule', id: 'task-1', prompt: 'stretch', dueMs, recurrence: null, thread: null },
    ]);
    await store.transaction((sql) => checked.record(sql));
    assert.deepEqual(
      (await rows('SELECT due_ms FROM due')).map((row) => row.due_ms),
      [dueMs],
    );
  });

  test('a question is known with its options once it is recorded, however often', async (t) => {
    const { one, store } = await openCheck(t);
    const options = [
      { label: 'Tea', value: 'tea' },
      { label: 'Coffee', value: 'coffee' },
    ];
    const content = {
      type: 'ask_question',
      questionId: 'q1',
      title: 'Q',
      question: 'Tea or coffee?',
      options,
    };
    const [delivery, checked] = await one(content, { kind: 'chat-sdk' });
    assert.equal(delivery.state, 'queued');
    for (let n = 0; n < 2; n += 1) await store.transaction((sql) => checked.record(sql));
    const question = await questionById(store.read, 'q1');
    assert.deepEqual([question?.options, question?.open, question?.chat], [['tea', 'coffee'], true, 'chat']);
  });

  test('a stolen question: a second one under the same id changes nothing', async (t) => {
    const { one, store } = await openCheck(t);
    const ask = (value: string) => ({
      type: 'ask_question',
      questionId: 'q1',
      title: 'Q',
      question: '?',
      options: [{ label: 'x', value }],
    });
    for (const [id, value] of [
      ['row-1', 'tea'],
      ['row-2', 'poison'],
    ] as const) {
      const [, checked] = await one(ask(value), { kind: 'chat-sdk', id: id as OutboundId });
      await store.transaction((sql) => checked.record(sql));
    }
    assert.deepEqual((await questionById(store.read, 'q1'))?.options, ['tea']);
  });

  test('D1: one bad row does not touch the rows beside it', async (t) => {
    const { checker, session, row } = await openCheck(t);
    const rows = [
      row('{', { id: 'bad' as OutboundId }),
      row({ text: 'good' }, { id: 'good' as OutboundId, seq: 3 }),
    ];
    const { deliveries } = await checker.check(session, rows);
    assert.deepEqual(
      deliveries.map((d) => [d.id, d.state]),
      [
        ['bad', 'failed'],
        ['good', 'queued'],
      ],
    );
  });

  test('M13: what was recorded first stays, whatever the row says later', async (t) => {
    const { one, store, rows } = await openCheck(t);
    for (const words of ['first', 'second']) {
      const [, checked] = await one({ text: words });
      await store.transaction((sql) => checked.record(sql));
    }
    const [delivery] = await rows('SELECT content FROM deliveries');
    assert.match(String(delivery?.content), /first/);
  });
});
