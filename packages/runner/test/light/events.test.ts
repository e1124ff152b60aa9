/** Events of a stream, however they are cut, and what costs too much. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn, raw, say } from '../../../../tests/fake-models/script.ts';
import { EventReader } from '../../src/harnesses/light/dialects/events.ts';
import { classify } from '../../src/harnesses/light/errors.ts';
import { openRoom } from './room.ts';

const SMILE = '😀';

test('events are the same wherever a chunk ends, in each kind of line end, with comments and names beside them', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const text = [
      `data: {"a":"${SMILE}"}`,
      '',
      ': ping',
      '',
      'event: x',
      'data:{"b":',
      'data: 1}',
      'id: 3',
      '',
      'data: [DONE]',
      '',
      '',
    ].join(end);
    const bytes = Buffer.from(`\ufeff${text}`);
    for (let size = 1; size < 20; size += 1) {
      const reader = new EventReader();
      const events: string[] = [];
      for (let at = 0; at < bytes.length; at += size)
        events.push(...reader.push(bytes.subarray(at, at + size)));
      events.push(...reader.end());
      assert.deepEqual(events, [`{"a":"${SMILE}"}`, '{"b":\n1}', '[DONE]'], `${JSON.stringify(end)} ${size}`);
    }
  }
});

test('attack: an event without end is given up at its bound, and is no fault of the network', () => {
  const reader = new EventReader();
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  const read = () => {
    reader.push(Buffer.from('data: '));
    for (let n = 0; n < 17; n += 1) reader.push(chunk);
  };
  assert.throws(read, (error) => classify(error, 0).class === 'unreadable');
});

test('attack: an event of many small pieces costs by its length', () => {
  const cost = (pieces: number): number => {
    const reader = new EventReader();
    const began = performance.now();
    reader.push(Buffer.from('data: '));
    for (let n = 0; n < pieces; n += 1) reader.push(Buffer.alloc(64, 'x'));
    assert.equal(reader.end().join('').length, pieces * 64);
    return performance.now() - began;
  };
  cost(10_000);
  const once = Math.min(cost(10_000), cost(10_000), cost(10_000));
  const more = Math.min(cost(80_000), cost(80_000), cost(80_000));
  assert.ok(more < once * 8 * 4, `${more} ms for eight times what takes ${once} ms`);
});

test('one document for each line is a stream, too; one whose last line is cut off is no answer', async (t) => {
  const chunk = (delta: object, finish: string | null) =>
    JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] });
  const lines = [chunk({ content: 'It is ' }, null), chunk({ content: 'done.' }, null), chunk({}, 'stop')];
  const room = await openRoom(
    t,
    inTurn(raw(lines.join('\n')), raw(lines.join('\r\n')), raw(lines.join('\n').slice(0, -9)), say('Whole.')),
    {
      provider: 'compatible',
    },
  );
  for (const id of ['m1', 'm2', 'm3']) {
    room.enqueue(id, 'hi');
    await room.work();
  }
  assert.deepEqual(room.texts(), ['It is done.', 'It is done.', 'Whole.']);
});
