import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ServerSentEvent, SseParser } from '../src/sse.ts';

const STREAM = Buffer.from(
  'id: 7\r\ndata: {"text":"Grüße 👋 日本"}\r\n\r\n: hello\n\ndata: a\ndata: b\nevent: x\n\n',
);
const EVENTS: ServerSentEvent[] = [
  { data: '{"text":"Grüße 👋 日本"}', id: '7' },
  { data: 'a\nb', id: '7' },
];

test('R17: a multi-byte character split over chunks arrives whole, wherever the chunks end', () => {
  for (let first = 0; first <= STREAM.length; first += 1) {
    for (let second = first; second <= STREAM.length; second += 1) {
      const parser = new SseParser();
      const cuts = [STREAM.subarray(0, first), STREAM.subarray(first, second), STREAM.subarray(second)];
      assert.deepEqual(
        cuts.flatMap((chunk) => parser.push(chunk)),
        EVENTS,
      );
    }
  }
});

test('R17: one byte at a time gives the same events', () => {
  const parser = new SseParser();
  assert.deepEqual(
    [...STREAM].flatMap((byte) => parser.push(Uint8Array.of(byte))),
    EVENTS,
  );
});

test('R17: a stream without an end of line is refused before it fills the memory', () => {
  const parser = new SseParser();
  const block = Buffer.alloc(1024 * 1024, 'x');
  assert.throws(() => {
    for (let i = 0; i < 20; i += 1) parser.push(block);
  }, /larger than 16 MiB/);
});

test('an id without data is remembered: that is how the host says where the stream begins', () => {
  const parser = new SseParser();
  assert.deepEqual(parser.push(Buffer.from('id: 41\n\n')), []);
  assert.equal(parser.lastId, '41');
});
