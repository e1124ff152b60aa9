/** The list, the log page by page, and the stream: what each tells, and that nothing is told twice or not at all. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConversationList, ConversationView, EntryPage, StreamEvent } from '../../src/api/contract.ts';
import { settle, until } from '../until.ts';
import { type ApiWorld, openApiWorld } from './world.ts';

const CHAT = 'local:bell';
const KEY = { channel: 'web', chat: CHAT, thread: 'main' };

function says(world: ApiWorld, id: string, text: string, thread = 'main', notice = false) {
  const content = { kind: 'text', text, files: [], notice } as const;
  return world.web.log.append({ chat: CHAT, thread, id, replyTo: null, content });
}

async function ask(world: ApiWorld, question: string): Promise<void> {
  const { session } = (await world.post('/v1/messages', { id: `m-${question}`, text: 'ask me' })).json as {
    session: string;
  };
  const options = [{ label: 'Yes', value: 'yes' }];
  await world.store.transaction((sql) =>
    sql.run(
      "INSERT INTO questions (id, session_id, channel, chat, thread, options, state) VALUES (?, ?, 'web', ?, 'main', '[\"yes\"]', 'open')",
      question,
      session,
      CHAT,
    ),
  );
  const content = { kind: 'question', question, title: 'Really?', text: 'Shall I?', options } as const;
  await world.web.log.append({ chat: CHAT, thread: 'main', id: question, replyTo: null, content });
}

async function list(world: ApiWorld): Promise<readonly ConversationView[]> {
  return ((await world.own('/v1/conversations')).json as ConversationList).conversations;
}

const page = async (world: ApiWorld, query = ''): Promise<EntryPage> =>
  (await world.own(`/v1/entries?${query}`)).json as EntryPage;

describe('a reply', () => {
  test('D14: that comes while nobody reads along is not lost: whoever opens the conversation later finds it', async (t) => {
    const world = await openApiWorld(t);
    const { status } = await world.post('/v1/messages', { id: 'm1', text: 'hello' });
    assert.equal(status, 202);
    const content = { kind: 'text', text: 'here you are', files: [], notice: false } as const;
    const message = { chat: CHAT, thread: 'main', replyTo: 'm1', content, key: 'k1', maybeRepeat: false };
    const sent = await world.web.channel.send(message, new AbortController().signal);
    assert.deepEqual(sent, { platformMessageId: 'k1' }, 'it is called delivered');
    const { entries } = await page(world);
    assert.deepEqual(
      entries.map(({ body }) => (body.kind === 'user' || body.kind === 'text' ? body.text : body.kind)),
      ['hello', 'here you are'],
    );
    const stream = await world.events('after=1');
    await stream.hears('the reply', (event) => event.type === 'entry' && event.id === 'k1');
  });
});

describe('the list of conversations', () => {
  test('has the newest first, with the first words of the person as its title', async (t) => {
    const world = await openApiWorld(t);
    await world.post('/v1/messages', { id: 'm1', text: '  Plan\n a   trip ', thread: 'one' });
    world.clock.advance(1_000);
    await world.post('/v1/messages', { id: 'm2', text: 'second', thread: 'two' });
    world.clock.advance(1_000);
    await says(world, 'e1', 'Where to?\nAnd when?', 'one');
    assert.deepEqual(await list(world), [
      {
        agent: 'bell',
        thread: 'one',
        title: 'Plan a trip',
        last: { text: 'Where to? And when?', at: '2026-06-01T12:00:02.000Z', by: 'agent' },
        seq: 2,
        readSeq: 1,
        needsYou: false,
      },
      {
        agent: 'bell',
        thread: 'two',
        title: 'second',
        last: { text: 'second', at: '2026-06-01T12:00:01.000Z', by: 'you' },
        seq: 1,
        readSeq: 1,
        needsYou: false,
      },
    ]);
  });

  test('gives one that the agent began a title, and the person’s first words when they come', async (t) => {
    const world = await openApiWorld(t);
    await says(world, 'e1', 'a reminder', 'later', true);
    assert.deepEqual(
      (await list(world)).map((c) => [c.title, c.last.by]),
      [['later', 'bellhop']],
    );
    await world.post('/v1/messages', { id: 'm1', text: '🛎'.repeat(300), thread: 'later' });
    assert.equal((await list(world))[0]?.title, '🛎'.repeat(80));
  });

  test('marks as read up to an entry, never back and never beyond the last', async (t) => {
    const world = await openApiWorld(t);
    for (const id of ['e1', 'e2', 'e3']) await says(world, id, id);
    const seen: number[] = [];
    for (const seq of [2, 1, 99, 3]) {
      await world.post('/v1/conversations/read', { thread: 'main', seq });
      seen.push((await list(world))[0]?.readSeq ?? -1);
    }
    assert.deepEqual(seen, [2, 2, 3, 3]);
  });

  test('says that a question waits, until it is answered', async (t) => {
    const world = await openApiWorld(t);
    await ask(world, 'q1');
    assert.equal((await list(world))[0]?.needsYou, true);
    assert.deepEqual((await page(world)).answered, []);
    assert.equal((await world.post('/v1/answers', { id: 'a1', question: 'q1', option: 'yes' })).status, 202);
    assert.equal((await list(world))[0]?.needsYou, false);
    assert.deepEqual((await page(world)).answered, [{ question: 'q1', option: 'yes' }]);
  });

  test('of the page knows nothing of the terminal’s', async (t) => {
    const world = await openApiWorld(t);
    const body = JSON.stringify({ id: 'm1', text: 'typed' });
    assert.equal((await world.ask('/v1/messages', { owner: true, method: 'POST', body })).status, 202);
    assert.deepEqual(await list(world), []);
    assert.deepEqual((await page(world)).entries, []);
    assert.equal((await world.own('/v1/messages/m1')).status, 404);
  });
});

describe('the log', () => {
  test('comes page by page, oldest first, and says when there is more', async (t) => {
    const world = await openApiWorld(t);
    for (let n = 1; n <= 7; n += 1) await says(world, `e${n}`, `text ${n}`);
    const last = await page(world, 'limit=3');
    assert.deepEqual([last.entries.map((e) => e.seq), last.more], [[5, 6, 7], true]);
    const first = await page(world, 'before=5&limit=4');
    assert.deepEqual([first.entries.map((e) => e.seq), first.more], [[1, 2, 3, 4], false]);
    assert.equal((await page(world, 'limit=0')).entries.length, 1);
    assert.equal((await world.own('/v1/entries?limit=-1')).status, 400);
  });

  test('has what a person said by the commit that accepts it, once, whoever sends it again', async (t) => {
    const world = await openApiWorld(t);
    const message = { id: 'm1', text: 'once' };
    await Promise.all([1, 2, 3].map(() => world.post('/v1/messages', message)));
    assert.deepEqual(
      (await page(world)).entries.map((e) => e.id),
      ['m1'],
    );
    const [row] = await world.store.read.all(
      'SELECT (SELECT count(*) FROM targets) AS targets, (SELECT count(*) FROM conversation) AS entries',
    );
    assert.deepEqual({ ...row }, { targets: 1, entries: 1 });
  });

  test('does not have what was refused', async (t) => {
    const world = await openApiWorld(t);
    await world.store.transaction((sql) => sql.run("DELETE FROM users WHERE id = 'web:local'"));
    assert.equal((await world.post('/v1/messages', { id: 'm1', text: 'x' })).status, 403);
    assert.deepEqual((await page(world)).entries, []);
  });

  test('comes with the receipts of what has not been answered', async (t) => {
    const world = await openApiWorld(t);
    for (const id of ['m1', 'm2', 'm3', 'm4']) await world.post('/v1/messages', { id, text: id });
    const end = (id: string, state: string, reason: string | null) =>
      world.store.transaction((sql) =>
        sql.run('UPDATE targets SET state = ?, reason = ? WHERE message_id = ?', state, reason, id),
      );
    await end('m1', 'answered', null);
    await end('m2', 'failed', 'it died');
    world.told.working.add('m3');
    const receipts = (await page(world)).receipts.map(({ message, state, reason }) => [
      message,
      state,
      reason,
    ]);
    assert.deepEqual(receipts, [
      ['m2', 'failed', 'it died'],
      ['m3', 'at work', null],
      ['m4', 'accepted', null],
    ]);
  });
});

describe('the stream', () => {
  const kinds = (events: readonly StreamEvent[]) => events.map((e) => (e.type === 'entry' ? e.seq : e.type));

  test('begins with the running turn, its text so far and what is open; then come the entries', async (t) => {
    const world = await openApiWorld(t);
    await world.post('/v1/messages', { id: 'm1', text: 'hello' });
    world.told.working.add('m1');
    const turn = {
      turn: 't1',
      messages: ['m1'],
      generation: 1,
      sandbox: 'none',
      startedAt: '',
      tools: [],
      usage: null,
    };
    world.watchers.tell(KEY, { type: 'ledger', turn });
    for (const text of ['Once ', 'upon ']) world.watchers.tell(KEY, { type: 'live', turn: 't1', text });
    const { heard, hears } = await world.events('');
    await hears('the entry', (e) => e.type === 'entry');
    assert.deepEqual(kinds(heard), ['ledger', 'live', 'receipt', 1]);
    assert.deepEqual(heard[1], { type: 'live', whole: true, turn: 't1', text: 'Once upon ' });
    assert.deepEqual(heard[2], { type: 'receipt', message: 'm1', state: 'at work', reason: null });
    world.watchers.tell(KEY, { type: 'live', turn: 't1', text: 'a time' });
    await hears('the next piece', (e) => e.type === 'live' && e.text === 'a time');
  });

  test('shows no text of a turn that is over: it stands in the log', async (t) => {
    const world = await openApiWorld(t);
    const live = { type: 'live', turn: 't1', text: 'Once' } as const;
    const ends = [
      { type: 'receipt', message: 'm1', state: 'answered', reason: null },
      { type: 'ledger', turn: null },
      { type: 'typing', on: false },
    ] as const;
    for (const end of ends) {
      world.watchers.tell(KEY, live);
      assert.equal(world.watchers.caughtUp(KEY).length, 1);
      world.watchers.tell(KEY, end);
      assert.deepEqual(world.watchers.caughtUp(KEY), []);
    }
  });

  test('keeps 64 KiB of a turn’s text for who comes late, whatever the agent writes', async (t) => {
    const world = await openApiWorld(t);
    for (let n = 0; n < 20; n += 1)
      world.watchers.tell(KEY, { type: 'live', turn: 't1', text: `${n % 10}`.repeat(16_384) });
    const [live] = world.watchers.caughtUp(KEY);
    assert.ok(live?.type === 'live');
    assert.equal(live.text.length, 65_536);
    assert.ok(live.text.endsWith('9'));
  });

  test('resumes behind the last id, and misses nothing in between', async (t) => {
    const world = await openApiWorld(t);
    for (let n = 1; n <= 45; n += 1) await says(world, `e${n}`, `text ${n}`);
    const byQuery = await world.events('after=43');
    const byHeader = await world.events('after=1', { 'last-event-id': '44' });
    await says(world, 'e46', 'the newest');
    for (const { hears } of [byQuery, byHeader])
      await hears('the newest', (e) => e.type === 'entry' && e.seq === 46);
    const entries = (events: readonly StreamEvent[]) =>
      kinds(events).filter((kind) => typeof kind === 'number');
    assert.deepEqual(entries(byQuery.heard), [44, 45, 46]);
    assert.deepEqual(entries(byHeader.heard), [45, 46]);
  });

  test('tells of every conversation of the channel, and of no other channel', async (t) => {
    const world = await openApiWorld(t);
    const { heard, hears } = await world.events('thread=one');
    await until('it listens', () => world.watchers.isWatched('web'));
    await world.post('/v1/messages', { id: 'm1', text: 'elsewhere', thread: 'two' });
    await hears(
      'the other conversation',
      (e) => e.type === 'conversation' && e.conversation.thread === 'two',
    );
    const body = JSON.stringify({ id: 'm2', text: 'typed' });
    await world.ask('/v1/messages', { owner: true, method: 'POST', body });
    await settle();
    assert.ok(!JSON.stringify(heard).includes('typed'));
    assert.deepEqual(kinds(heard), ['conversation']);
  });

  test('ATTACK: a reader that takes nothing is cut off, and costs no memory for ever', async (t) => {
    const world = await openApiWorld(t);
    const { response, ended } = await world.events('');
    await until('it listens', () => world.watchers.isWatched('web'));
    response.pause();
    const text = 'x'.repeat(60_000);
    // More than the sockets on the way take up, and then what one reader may cost.
    for (let n = 0; n < 2_000 && world.watchers.isWatched('web'); n += 1) {
      world.watchers.tell(KEY, { type: 'live', turn: 't1', text });
      await settle(1);
    }
    await until('it is forgotten', () => !world.watchers.isWatched('web'));
    response.resume();
    await ended();
    const again = await world.events('');
    await again.hears('what it missed, in short', (e) => e.type === 'live' && e.whole === true);
  });
});

describe('a turn', () => {
  test('is stopped, or there is none to stop', async (t) => {
    const world = await openApiWorld(t);
    const stop = () => world.post('/v1/turns/stop', {});
    assert.deepEqual((await stop()).error.code, 'no_turn');
    const sent = await world.post('/v1/messages', { id: 'm1', text: 'x' });
    assert.equal((await stop()).status, 202);
    assert.deepEqual(world.told.stops, [(sent.json as { session: string }).session]);
    world.told.answer = false;
    const none = await stop();
    assert.deepEqual([none.status, none.error.code], [409, 'no_turn']);
  });

  test('is tried again for a message that has failed, and for no other', async (t) => {
    const world = await openApiWorld(t);
    await world.post('/v1/messages', { id: 'm:1', text: 'x' });
    assert.equal((await world.post(`/v1/messages/${encodeURIComponent('m:1')}/retry`, {})).status, 202);
    assert.deepEqual(world.told.retries, ['m:1']);
    world.told.answer = false;
    const not = await world.post('/v1/messages/m:1/retry', {});
    assert.deepEqual([not.status, not.error.code], [409, 'not_failed']);
    assert.equal((await world.post('/v1/messages/nobody/retry', {})).status, 404);
  });
});
