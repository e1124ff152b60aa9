/** T4: a model that finds its conversation too long is given a shorter one, in whose words ever it says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holding, NOT_TOO_LONG, type Said, TOO_LONG } from '../../../../tests/fake-models/context-words.ts';
import { type ModelRequest, say } from '../../../../tests/fake-models/script.ts';
import type { ModelConfig } from '../../src/protocol.ts';
import { openRoom } from './room.ts';

const LONG = 'x'.repeat(20_000);

/** What it holds beside all that is sent with each request: one long message, and not two. */
function roomFor(t: Parameters<typeof openRoom>[0], provider: ModelConfig['provider'], said: Said) {
  const limit = { characters: Number.POSITIVE_INFINITY };
  const script = (request: ModelRequest) => {
    if (limit.characters === Number.POSITIVE_INFINITY)
      limit.characters = JSON.stringify(request.body).length + LONG.length / 2;
    return request.tools.length === 0 ? say('SUMMARY') : say(`Answer ${request.n}.`);
  };
  return openRoom(t, (request) => holding(limit.characters, said, script)(request), { provider });
}

for (const said of TOO_LONG) {
  test(`T4: what ${said.who} says leads to a shorter conversation and an answer, without a wait`, async (t) => {
    const room = await roomFor(t, 'compatible', said);
    room.enqueue('m1', LONG);
    await room.work();
    room.enqueue('m2', LONG);
    await room.work();
    assert.deepEqual(
      [room.ack('m2').status, room.texts().length],
      ['completed', 2],
      room.ack('m2').error ?? '',
    );
    assert.match(room.model.requests.at(-1)?.turns[0]?.text ?? '', /shortened/);
    assert.deepEqual(room.waits, []);
  });
}

test('T4: what no shortening makes fit ends in words, and is not waited for', async (t) => {
  const said = TOO_LONG.find(({ status }) => status === 429) as Said;
  const room = await openRoom(
    t,
    holding(0, said, () => say('never')),
    { provider: 'compatible' },
  );
  room.enqueue('m1', 'go');
  await room.work();
  assert.deepEqual([room.ack('m1').status, room.ack('m1').errorClass, room.waits], ['failed', 'context', []]);
});

test('T4: a limit that passes with time is waited for, and nothing is shortened', async (t) => {
  for (const said of NOT_TOO_LONG.filter((each) => each.class === 'rate_limit')) {
    const room = await openRoom(
      t,
      holding(0, said, () => say('never')),
      { provider: 'compatible' },
    );
    room.enqueue('m1', 'go');
    await room.work();
    assert.deepEqual([room.ack('m1').status, room.model.requests.length], ['released', 1], said.who);
  }
});
