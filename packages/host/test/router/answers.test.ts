/** Pressed buttons: who may, where, once. Not here: how a question is asked (delivery/check.test.ts). */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { acceptedRows } from '../../src/store/events.ts';
import { addQuestion } from '../../src/store/questions.ts';
import { answer, message, openRouterWorld } from './events.ts';

async function askedWorld(t: TestContext) {
  const world = await openRouterWorld(t);
  const session = await world.session();
  const question = { id: 'q', session: session.id, channel: 'fake', chat: 'chat', thread: null };
  await world.store.transaction((sql) => addQuestion(sql, { ...question, options: '["tea","coffee"]' }));
  return { ...world, session };
}

describe('an answer', () => {
  test('goes to the session that asked', async (t) => {
    const { router, session, store } = await askedWorld(t);
    assert.deepEqual(await router.accept('fake', answer('a1', 'q', 'tea')), {
      kind: 'accepted',
      event: 'a1',
      sessions: [session.id],
    });
    const [row] = await acceptedRows(store.read, session.id);
    const { kind, content } = JSON.parse(row?.rowJson ?? '{}').message;
    assert.equal(kind, 'system');
    assert.deepEqual(JSON.parse(content), {
      type: 'question_response',
      questionId: 'q',
      selectedOption: 'tea',
      userId: 'fake:owner',
    });
  });

  test('R3: redelivered, gets the same answer and counts once', async (t) => {
    const { router, session, store } = await askedWorld(t);
    const first = await router.accept('fake', answer('a1', 'q', 'tea'));
    assert.deepEqual(await router.accept('fake', answer('a1', 'q', 'tea')), first);
    assert.equal((await acceptedRows(store.read, session.id)).length, 1);
  });

  test('P3: a second press under another id is refused', async (t) => {
    const { router } = await askedWorld(t);
    await router.accept('fake', answer('a1', 'q', 'tea'));
    assert.deepEqual(await router.accept('fake', answer('a2', 'q', 'coffee')), {
      kind: 'refused',
      reason: 'this question has been answered',
    });
  });

  test('P3: of two presses at the same time one is accepted and the other refused', async (t) => {
    const { router, session, store, rows } = await askedWorld(t);
    const both = await Promise.all([
      router.accept('fake', answer('a1', 'q', 'tea')),
      router.accept('fake', answer('a2', 'q', 'coffee')),
    ]);
    assert.deepEqual(both.map((one) => one.kind).sort(), ['accepted', 'refused']);
    assert.equal((await acceptedRows(store.read, session.id)).length, 1);
    assert.equal((await rows('SELECT id FROM events')).length, 1);
  });

  for (const [name, event, channel] of [
    ['from another chat', answer('a1', 'q', 'tea', { chat: 'other' }), 'fake'],
    ['from another thread', answer('a1', 'q', 'tea', { thread: 'other' }), 'fake'],
    ['from another channel', answer('a1', 'q', 'tea'), 'web'],
    ['of a stranger', answer('a1', 'q', 'tea', { sender: { id: 'fake:mallory', name: 'Ann' } }), 'fake'],
    ['that was not offered', answer('a1', 'q', 'poison'), 'fake'],
    ['to a question nobody asked', answer('a1', 'unknown', 'tea'), 'fake'],
  ] as const) {
    test(`P1: a press ${name} is refused, stores nothing and leaves the question open`, async (t) => {
      const { router, rows } = await askedWorld(t);
      assert.equal((await router.accept(channel, event)).kind, 'refused');
      assert.deepEqual(await rows('SELECT id FROM events'), []);
      assert.equal((await router.accept('fake', answer('a9', 'q', 'tea'))).kind, 'accepted');
    });
  }

  test('keeps its place between the messages around it', async (t) => {
    const { router, session, store } = await askedWorld(t);
    await router.accept('fake', message('z'));
    await router.accept('fake', answer('y', 'q', 'tea'));
    await router.accept('fake', message('x'));
    const ids = (await acceptedRows(store.read, session.id)).map((row) => row.message);
    assert.deepEqual(ids, ['z', 'y', 'x']);
  });
});
