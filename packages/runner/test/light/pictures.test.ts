/** T6: that a model takes no pictures is told before it is asked about one. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fail, inTurn, raw, say } from '../../../../tests/fake-models/script.ts';
import type { ModelConfig } from '../../src/protocol.ts';
import { openRoom, type Room } from './room.ts';

const PROVIDERS: readonly ModelConfig['provider'][] = [
  'anthropic',
  'openai',
  'openai-chat',
  'google',
  'ollama',
];
const TOLD = /takes no pictures/;

function sendPicture(room: Room, id: string, name: string, bytes: string): void {
  mkdirSync(join(room.dirs.in, 'files/x'), { recursive: true });
  writeFileSync(join(room.dirs.in, 'files/x', name), bytes, 'latin1');
  const attachments = [{ type: 'image', name, size: bytes.length, localPath: `files/x/${name}` }];
  room.enqueue(id, '', { content: JSON.stringify({ text: 'look', sender: 'Ana', attachments }) });
}

const PNG = '\x89PNG\r\n\x1a\n and more';

for (const provider of PROVIDERS) {
  test(`T6: ${provider}: a picture for a model that takes none is told to people and to the model, before it is asked`, async (t) => {
    const state = { told: 0 };
    const room = await openRoom(
      t,
      () => {
        state.told = room.rows().length;
        return say('I cannot see it.');
      },
      { provider, images: false },
    );
    sendPicture(room, 'm1', 'cat.png', PNG);
    await room.work();
    assert.equal(state.told, 1);
    assert.match(String(room.texts()[0]), TOLD);
    assert.deepEqual(room.texts().slice(1), ['I cannot see it.']);
    const [turn] = room.model.requests[0]?.turns ?? [];
    assert.match(turn?.text ?? '', /cat\.png[\s\S]*You take no pictures/);
    assert.equal(turn?.images, 0);
  });

  test(`T6: ${provider}: a model that turns out to take none is asked without it, once, and it is told`, async (t) => {
    const no = raw('{"error":{"message":"image input is not supported by this model"}}', 400);
    const room = await openRoom(t, inTurn(no, say('I cannot see it.'), say('Nor this.')), {
      provider,
      images: true,
    });
    sendPicture(room, 'm1', 'cat.png', PNG);
    await room.work();
    assert.match(String(room.texts()[0]), TOLD);
    assert.equal(room.texts()[1], 'I cannot see it.');
    assert.deepEqual(
      room.model.requests.map(({ turns }) => turns.at(-1)?.images),
      [1, 0],
    );
    sendPicture(room, 'm2', 'dog.png', PNG);
    await room.work();
    assert.equal(room.ack('m2').status, 'completed');
  });
}

test('T6: what is no picture is not told, nor a picture of a turn that runs again, twice', async (t) => {
  const room = await openRoom(t, inTurn(fail('overload'), say('Read.')), { images: false });
  sendPicture(room, 'm1', 'cat.png', 'text that is called so');
  await room.work();
  room.again('m1');
  await room.work();
  assert.deepEqual(room.texts(), ['Read.']);
  const other = await openRoom(t, inTurn(fail('overload'), say(), say('Seen.')), { images: false });
  sendPicture(other, 'm1', 'cat.png', PNG);
  await other.work();
  other.again('m1');
  await other.work();
  assert.equal(other.texts().length, 2, 'and it is no answer of the agent');
  assert.deepEqual(other.texts().slice(1), ['Seen.']);
});
