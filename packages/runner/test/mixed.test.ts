/**
 * The fault: answers went to the address of a batch's last message. Here batches are mixed in every order (a person, a
 * note of another agent, a task without an address, a system note, another thread, another chat, context) and run through
 * the real loop over real mailbox files; the host's side of the same is in host/test/supervisor/mixed.test.ts.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { NewMessage } from '@bellhop/mailbox';
import type { TurnMessage } from '../src/harness.ts';
import { demoHarness } from '../src/harnesses/demo/index.ts';
import { openRoom, type Room } from './room.ts';

const CHAT = { channel: 'slack', chat: 'C1' } as const;
const NOWHERE = { channel: null, chat: null, thread: null };
const note = JSON.stringify({ type: 'approval', status: 'no', text: 'note' });

/** What may stand in a mailbox beside a person's message. */
const KINDS: Readonly<Record<string, Partial<NewMessage>>> = {
  person: { ...CHAT, thread: 't1' },
  'another thread': { ...CHAT, thread: 't2' },
  'no thread': { ...CHAT, thread: null },
  'note of an agent': { channel: 'agent', chat: 'ag-1', thread: null },
  task: { ...NOWHERE, kind: 'task', content: JSON.stringify({ prompt: 'task' }) },
  'system note': { ...NOWHERE, kind: 'system', content: note },
  'another chat': { channel: 'slack', chat: 'C2', thread: 't1' },
  'another channel': { channel: 'teams', chat: 'C1', thread: 't1' },
  context: { ...CHAT, thread: 't9', trigger: false },
};

const SESSIONS = { 'with a thread': 't1', shared: null } as const;

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

/** Where the answer to a message of this kind belongs. */
function home(kind: string, thread: string | null): string | null {
  const own = new Map([
    ['person', 't1'],
    ['another thread', 't2'],
    ['no thread', null],
  ]);
  return own.has(kind) ? (own.get(kind) ?? null) : thread;
}

/** Where it is claimed that each message was answered: `answer to <id>`, by the row that names it. */
function placesOf(room: Room): Map<string, { readonly thread: string | null; readonly inReplyTo: unknown }> {
  return new Map(
    room.rows().map(({ content, channel, chat, thread, inReplyTo }) => {
      assert.deepEqual([channel, chat], [CHAT.channel, CHAT.chat], 'nothing leaves the chat of the session');
      return [String(content.text).replace('answer to ', ''), { thread, inReplyTo }];
    }),
  );
}

const answerEach = (messages: readonly TurnMessage[], ids: ReadonlyMap<number, string>) =>
  messages.map(({ seq }) => ({ text: `answer to ${ids.get(seq)}`, answers: seq }));

describe('a mixed batch', () => {
  const kinds = Object.keys(KINDS).filter((kind) => kind !== 'person');
  for (const [session, thread] of Object.entries(SESSIONS)) {
    for (const [index, kind] of kinds.entries()) {
      test(`of a session ${session}, with a person and "${kind}": each message is answered at its own place, in every order`, async (t) => {
        const others = kinds.slice(index + 1);
        const sets = [['person', kind], ...others.map((other) => ['person', kind, other])];
        for (const order of sets.flatMap(permutations)) await eachAtItsPlace(t, order, thread);
      });
    }
  }

  async function eachAtItsPlace(
    t: TestContext,
    order: readonly string[],
    thread: string | null,
  ): Promise<void> {
    const room = openRoom(t, { ...CHAT, thread });
    room.enqueue(...order.map((kind) => ({ id: kind, ...KINDS[kind] })));
    const waking = order.filter((kind) => kind !== 'context');
    await room.work(async ({ messages, context }) => {
      assert.ok(context.length <= 1);
      return { texts: answerEach(messages, room.numbers()) };
    });
    const places = placesOf(room);
    assert.deepEqual([...places.keys()].sort(), waking.toSorted(), order.join());
    for (const kind of waking)
      assert.deepEqual(places.get(kind), { thread: home(kind, thread), inReplyTo: kind }, order.join());
    room.close();
  }

  test('A1: words that name no message answer the last one of a person, and not the note behind it', async (t) => {
    for (const order of permutations(['person', 'note of an agent', 'task', 'system note'])) {
      const room = openRoom(t, { ...CHAT, thread: 't1' });
      room.enqueue(...order.map((kind) => ({ id: kind, ...KINDS[kind] })));
      await room.work(async ({ messages }) => {
        assert.equal(messages.length, 4, 'one turn');
        return { texts: ['words'] };
      });
      assert.deepEqual([...placesOf(room).values()], [{ thread: 't1', inReplyTo: 'person' }], order.join());
      room.close();
    }
  });

  test('without a person in it is answered by the session’s routing', async (t) => {
    for (const [, thread] of Object.entries(SESSIONS)) {
      for (const order of permutations(['note of an agent', 'task', 'system note', 'another channel'])) {
        const room = openRoom(t, { ...CHAT, thread });
        room.enqueue(...order.map((kind) => ({ id: kind, ...KINDS[kind] })));
        await room.work(async () => ({ texts: ['words'] }));
        assert.deepEqual([...placesOf(room).values()], [{ thread, inReplyTo: order.at(-1) }], order.join());
        room.close();
      }
    }
  });
});

describe('the demo, in a shared session', () => {
  test('answers each of several messages where and as it was said', async (t) => {
    const room = openRoom(t, { ...CHAT, thread: null });
    room.enqueue(
      { id: 'a', ...KINDS.person },
      { id: 'b', ...KINDS['another thread'] },
      { id: 'c', ...KINDS.person },
      { id: 'n', ...KINDS['note of an agent'] },
      { id: 'r', ...KINDS.task },
    );
    const demo = demoHarness();
    await room.work((input, tools) => demo.run(input, tools));
    const said = room.rows().map(({ content, thread, inReplyTo }) => ({
      text: String(content.text).split('\n')[0],
      thread,
      inReplyTo,
    }));
    assert.deepEqual(said, [
      { text: 'You said: text of a', thread: 't1', inReplyTo: 'a' },
      { text: 'You said: text of c', thread: 't1', inReplyTo: 'c' },
      { text: 'You said: text of b', thread: 't2', inReplyTo: 'b' },
      { text: 'You said: text of n', thread: null, inReplyTo: 'n' },
      { text: 'Reminder: task', thread: null, inReplyTo: 'r' },
    ]);
  });
});

describe('the tools of a turn', () => {
  const behindNotes = [
    { id: 'm', ...KINDS.person },
    { id: 'n', ...KINDS['note of an agent'] },
    { id: 'r', ...KINDS['system note'] },
  ];

  test('send, file, question, task, edit and reaction go to the person, not to the note behind the message', async (t) => {
    for (const [, thread] of Object.entries(SESSIONS)) {
      const room = openRoom(t, { ...CHAT, thread });
      room.enqueue(...behindNotes);
      room.write('f.txt', 'bytes');
      await room.work(async ({ messages: [first] }, tools) => {
        if (first?.text !== 'text of m') return { texts: [] };
        const seq = await tools.send('words');
        await tools.sendFile('f.txt', 'file');
        await tools.edit(seq, 'other words');
        await tools.react(first.seq, 'eyes');
        await tools.ask({ title: 'q', text: 'q', options: [{ label: 'y', value: 'y' }] });
        await tools.scheduleTask({ prompt: 'later', atMs: 1 });
        return { texts: ['end'] };
      });
      const rows = room.rows();
      assert.equal(rows.length, 7);
      for (const { channel, chat, thread: at, inReplyTo, content } of rows) {
        assert.deepEqual({ channel, chat, at, inReplyTo }, { ...CHAT, at: 't1', inReplyTo: 'm' });
        if (content.action === 'schedule_task') assert.equal(content.threadId, 't1');
      }
      room.close();
    }
  });

  test('an edit and a reaction go where their message stands, also when the turn is elsewhere', async (t) => {
    const room = openRoom(t, { ...CHAT, thread: null });
    const seen = { person: 0, own: 0 };
    room.enqueue({ id: 'm', ...KINDS.person });
    await room.work(async ({ messages: [first] }, tools) => {
      Object.assign(seen, { person: first?.seq, own: await tools.send('words') });
      return { texts: [] };
    });
    room.enqueue({ id: 'b', ...KINDS['another thread'] });
    await room.work(async (_input, tools) => {
      await tools.react(seen.person, 'eyes');
      await tools.edit(seen.own, 'other words');
      return { texts: ['end'] };
    });
    assert.deepEqual(
      room.rows().map(({ thread, inReplyTo }) => [thread, inReplyTo]),
      [
        ['t1', 'm'],
        ['t1', 'b'],
        ['t1', 'b'],
        ['t2', 'b'],
      ],
    );
  });

  test('what is sent while one message is answered names that one; a message of no turn is refused', async (t) => {
    const room = openRoom(t, { ...CHAT, thread: 't1' });
    room.enqueue({ id: 'a', ...KINDS.person }, { id: 'b', ...KINDS.person });
    await room.work(async ({ messages }, tools) => {
      await tools.send('of the last');
      for (const { seq } of messages) {
        tools.answering(seq);
        await tools.send(`of ${seq}`);
      }
      assert.throws(() => tools.answering(99), /no message 99/);
      return { texts: ['end'] };
    });
    assert.deepEqual(
      room.rows().map(({ inReplyTo }) => inReplyTo),
      ['b', 'a', 'b', 'b'],
    );
  });
});

describe('a follow-up', () => {
  test('of the turn’s own thread is pushed into it, one of another thread waits for a turn of its own', async (t) => {
    const room = openRoom(t, { ...CHAT, thread: null });
    room.enqueue({ id: 'a', ...KINDS.person });
    const turns: string[][] = [];
    await room.work(async ({ messages }, tools) => {
      const heard = messages.map(({ text }) => text);
      if (turns.length === 0) {
        room.enqueue(
          { id: 'b', ...KINDS['another thread'] },
          { id: 'n', ...KINDS['note of an agent'] },
          { id: 'c', ...KINDS.person },
        );
        heard.push(...(await tools.followUps()).map(({ text }) => text));
        await tools.send('on the way');
      }
      turns.push(heard);
      return { texts: [heard.join(', ')] };
    });
    assert.deepEqual(turns, [['text of a', 'text of c'], ['text of b'], ['text of n']]);
    assert.deepEqual(
      room.rows().map(({ thread, inReplyTo, content }) => [thread, inReplyTo, content.text]),
      [
        ['t1', 'c', 'on the way'],
        ['t1', 'c', 'text of a, text of c'],
        ['t2', 'b', 'text of b'],
        [null, 'n', 'text of n'],
      ],
    );
  });

  test('that is a note or a task does not take the answer away from the person', async (t) => {
    for (const kind of ['note of an agent', 'task', 'system note', 'another chat']) {
      const room = openRoom(t, { ...CHAT, thread: 't1' });
      room.enqueue({ id: 'a', ...KINDS.person });
      await room.work(async (_input, tools) => {
        room.enqueue({ id: kind, ...KINDS[kind] });
        assert.equal((await tools.followUps()).length, 1, kind);
        return { texts: ['words'] };
      });
      assert.deepEqual([...placesOf(room).values()], [{ thread: 't1', inReplyTo: 'a' }], kind);
      room.close();
    }
  });
});

test('a mixed turn that an older runner left is taken whole, and each message answered at its own place', async (t) => {
  const room = openRoom(t, { ...CHAT, thread: null });
  room.enqueue(
    { id: 'a', ...KINDS.person },
    { id: 'b', ...KINDS['another thread'] },
    { id: 'n', ...KINDS.task },
  );
  room.claimAll('old turn');
  await room.work(async ({ messages }) => {
    assert.equal(messages.length, 3);
    return { texts: answerEach(messages, room.numbers()) };
  });
  assert.deepEqual(Object.fromEntries([...placesOf(room)].map(([id, { thread }]) => [id, thread])), {
    a: 't1',
    b: 't2',
    n: null,
  });
});
