/** Accepting messages. Not here: answers (answers.test.ts), and how accepted becomes enqueued (enqueue.test.ts). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acceptedRows } from '../../src/store/events.ts';
import type { Store } from '../../src/store/port.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { message, openRouterWorld, type RouterWorld } from './events.ts';

/** Every row of every table that an event may leave a trace in. */
async function traces(world: RouterWorld): Promise<number> {
  let total = 0;
  for (const table of ['events', 'targets', 'sessions', 'due']) {
    const [row] = await world.rows(`SELECT count(*) AS n FROM ${table}`);
    total += Number(row?.n);
  }
  return total;
}

describe('accept', () => {
  test('R4: when it resolves, another opener of the store sees event, target and due entry', async (t) => {
    const world = await openRouterWorld(t);
    const accepted = await world.router.accept('fake', message('m1'));
    assert.deepEqual(accepted, { kind: 'accepted', event: 'm1', sessions: ['routed-0'] });
    const other = openStore(world.path);
    t.after(() => other.close());
    const sql = `SELECT t.state, d.due_ms FROM events e JOIN targets t ON t.message_id = e.id JOIN due d ON d.session_id = t.session_id`;
    assert.deepEqual(
      (await other.read.all(sql)).map((row) => ({ ...row })),
      [{ state: 'accepted', due_ms: 0 }],
    );
    assert.deepEqual(world.nudged, ['routed-0']);
  });

  test('R4: a crash before the commit leaves nothing, and the platform may deliver again', async (t) => {
    const world = await openRouterWorld(t);
    const dying: Store = {
      ...world.store,
      transaction: (work) =>
        world.store.transaction(async (sql) => {
          await work(sql);
          throw new Error('killed before the commit');
        }),
    };
    await assert.rejects(world.routerOn(dying).accept('fake', message('m1')), /killed/);
    assert.equal(await traces(world), 0);
    assert.deepEqual(world.nudged, []);
    assert.equal((await world.router.accept('fake', message('m1'))).kind, 'accepted');
  });

  test('R3: a redelivery of the same id changes nothing and gets the same answer', async (t) => {
    const world = await openRouterWorld(t);
    const first = await world.router.accept('fake', message('m1'));
    const before = await traces(world);
    assert.deepEqual(await world.router.accept('fake', message('m1', { text: 'changed' })), first);
    assert.equal(await traces(world), before);
    const rows = await acceptedRows(
      world.store.read,
      (first.kind === 'accepted' ? first.sessions[0] : '') as never,
    );
    assert.match(rows.map((row) => row.rowJson).join(), /text of m1/);
  });

  test('R3: two redeliveries at the same time are one message', async (t) => {
    const world = await openRouterWorld(t);
    const all = await Promise.all([1, 2, 3].map(() => world.router.accept('fake', message('m1'))));
    assert.equal(new Set(all.map((one) => JSON.stringify(one))).size, 1);
    const [row] = await world.rows('SELECT count(*) AS n FROM targets');
    assert.equal(row?.n, 1);
  });

  test('R3: the same id on another channel is another message', async (t) => {
    const world = await openRouterWorld(t);
    await world.router.accept('fake', message('m1'));
    assert.deepEqual(await world.router.accept('web', message('m1')), {
      kind: 'refused',
      reason: 'no agent is connected to this chat',
    });
  });

  test('R5: nothing at all is stored of a stranger, whatever the display name says', async (t) => {
    const world = await openRouterWorld(t);
    const sender = { id: 'fake:mallory', name: 'fake:owner' };
    const refused = await world.router.accept('fake', message('m1', { sender, isGroup: true }));
    assert.deepEqual(refused, { kind: 'refused', reason: 'you may not talk to this agent' });
    assert.equal(await traces(world), 0);
    assert.ok(!JSON.stringify(world.log.lines).includes('text of m1'));
  });

  test('R5: nothing is stored of a chat that nobody connected', async (t) => {
    const world = await openRouterWorld(t);
    assert.equal((await world.router.accept('fake', message('m1', { chat: 'elsewhere' }))).kind, 'refused');
    assert.equal(await traces(world), 0);
  });

  test('R9: every thread has a session of its own, and finds it again', async (t) => {
    const world = await openRouterWorld(t);
    const session = async (id: string, thread: string | null) => {
      const accepted = await world.router.accept('fake', message(id, { thread }));
      return accepted.kind === 'accepted' ? accepted.sessions[0] : null;
    };
    const [none, first, second] = [
      await session('1', null),
      await session('2', 'a'),
      await session('3', 'b'),
    ];
    assert.equal(new Set([none, first, second]).size, 3);
    assert.equal(await session('4', 'a'), first);
    assert.equal(await session('5', null), none);
  });

  test('R10: two first messages at the same time open one session', async (t) => {
    const world = await openRouterWorld(t);
    await Promise.all([
      world.router.accept('fake', message('m1')),
      world.router.accept('fake', message('m2')),
    ]);
    const [row] = await world.rows('SELECT count(*) AS n FROM sessions');
    assert.equal(row?.n, 1);
  });

  test('R2: a chat with two agents is one event with two targets, in one commit', async (t) => {
    const world = await openRouterWorld(t);
    const second = await world.addAgent('second');
    await world.wire('chat', second.id);
    const accepted = await world.router.accept('fake', message('m1'));
    assert.equal(accepted.kind === 'accepted' && accepted.sessions.length, 2);
    assert.equal(world.nudged.length, 2);
    const [row] = await world.rows('SELECT count(*) AS n FROM targets');
    assert.equal(row?.n, 2);
  });

  test('messages keep the order of acceptance, even within one millisecond and against their ids', async (t) => {
    const world = await openRouterWorld(t);
    for (const id of ['zebra', 'apple', 'mango']) await world.router.accept('fake', message(id));
    const rows = await acceptedRows(world.store.read, world.nudged[0] as never);
    assert.deepEqual(
      rows.map((row) => row.message),
      ['zebra', 'apple', 'mango'],
    );
  });

  test('R15: what the agent is told of the sender is the authenticated id', async (t) => {
    const world = await openRouterWorld(t);
    await world.router.accept('fake', message('m1', { sender: { id: 'fake:owner', name: 'fake:admin' } }));
    const [row] = await acceptedRows(world.store.read, world.nudged[0] as never);
    const content = JSON.parse(JSON.parse(row?.rowJson ?? '{}').message.content);
    assert.deepEqual([content.senderId, content.sender], ['fake:owner', 'fake:admin']);
  });
});
