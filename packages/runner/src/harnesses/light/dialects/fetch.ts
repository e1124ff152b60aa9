/**
 * The client's way to the network: what comes back is put into the words that it knows before it reads it. A refusal by
 * status passes as it is. Costs grow with the bytes, and what is held at once has a bound.
 */
import { clip } from '@bellhop/mailbox';
import { Unreadable } from '../unreadable.ts';
import { type Dialect, type Json, objectsOf } from './dialect.ts';
import { errorIn } from './errors-in.ts';
import { EventReader } from './events.ts';

type Fetch = typeof globalThis.fetch;
type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Of an answer that comes whole, in bytes. */
const MAX_WHOLE = 16 * 1024 * 1024;
/** So many bytes tell whether it is a stream of events. */
const ENOUGH = 8;
const EVENTS = /^(data|event|id|retry)?:/;
const MAX_QUOTED = 200;

export function fetchIn(makeDialect: () => Dialect, fetch: Fetch = globalThis.fetch): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (!response.ok || !response.body) return response;
    const reader = response.body.getReader();
    const { head, isOver } = await beginning(reader);
    const text = head.toString('utf8').trimStart();
    const dialect = makeDialect();
    const body =
      isOver && text === ''
        ? streamOf([])
        : EVENTS.test(text)
          ? mended(reader, head, dialect)
          : streamOf(ofWhole(await wholeText(reader, head), dialect));
    return new Response(body, { status: 200, headers: { 'content-type': 'text/event-stream' } });
  };
}

/** Its first bytes, as many as tell what it is. */
async function beginning(reader: Reader): Promise<{ readonly head: Buffer; readonly isOver: boolean }> {
  let head = Buffer.alloc(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { head, isOver: true };
    head = Buffer.concat([head, value]);
    const text = head.toString('utf8').trimStart();
    if (text.length >= ENOUGH || EVENTS.test(text) || head.length > MAX_WHOLE) return { head, isOver: false };
  }
}

async function wholeText(reader: Reader, head: Buffer): Promise<string> {
  const chunks: Uint8Array[] = [head];
  let bytes = head.length;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks).toString('utf8');
    chunks.push(value);
    bytes += value.length;
    if (bytes > MAX_WHOLE) throw new Unreadable(`it is longer than ${MAX_WHOLE} bytes`);
  }
}

/** An answer in one piece, or in one for each line. Throws the error that it is, or that nothing in it is an answer. */
function ofWhole(text: string, dialect: Dialect): Json[] {
  const whole = parsed(text);
  const lines = whole ? [] : text.split('\n').filter((line) => line.trim() !== '');
  const read = lines.map(parsed);
  const events = (whole ?? read.flatMap((line) => line ?? [])).flatMap((document) => {
    const error = errorIn(document);
    if (error) throw error;
    return dialect.whole(document);
  });
  if (events.length === 0) throw new Unreadable(quoted(text));
  // Half of a line is the end of one that broke off.
  if (read.includes(null)) throw new Unreadable('a line of it is cut off');
  return [...events, ...dialect.end(true)];
}

/** The beginning of what came, of a page its words. */
function quoted(text: string): string {
  // Cut first: a page may be long, and made to be slow.
  return clip(
    clip(text, 20 * MAX_QUOTED)
      .replace(/<[^>]*>|\s+/g, ' ')
      .trim(),
    MAX_QUOTED,
  );
}

function parsed(text: string): Json[] | null {
  try {
    const document: unknown = JSON.parse(text);
    return [...objectsOf(document)];
  } catch (notJson) {
    if (notJson instanceof SyntaxError) return null;
    throw notJson;
  }
}

function encoded(events: readonly Json[]): Uint8Array {
  return Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
}

function streamOf(events: readonly Json[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (events.length > 0) controller.enqueue(encoded(events));
      controller.close();
    },
  });
}

function mended(reader: Reader, head: Buffer, dialect: Dialect): ReadableStream<Uint8Array> {
  const events = new EventReader();
  const seen = { isMarked: false };
  const mend = (texts: readonly string[]): Json[] =>
    texts.flatMap((text) => {
      if (text.trim() === '[DONE]') seen.isMarked = true;
      const event = parsed(text)?.[0];
      const error = event && errorIn(event);
      if (error) throw error;
      if (event) return dialect.event(event);
      // A sign of life in words of its own is no answer; half of an event is the end of one.
      if (/^\s*[{[]/.test(text) && !seen.isMarked) throw new Unreadable('an event in it is cut off');
      return [];
    });
  const chunks = withFirst(head, reader);
  const next = async (): Promise<{ readonly found: Json[]; readonly isOver: boolean }> => {
    const { done, value } = await chunks.next();
    if (done) return { found: [...mend(events.end()), ...dialect.end(seen.isMarked)], isOver: true };
    return { found: mend(events.push(value)), isOver: false };
  };
  return new ReadableStream({
    async pull(controller) {
      try {
        let read = await next();
        // Asked again only when something came.
        while (read.found.length === 0 && !read.isOver) read = await next();
        if (read.found.length > 0) controller.enqueue(encoded(read.found));
        if (read.isOver) controller.close();
      } catch (error) {
        // Nobody reads on: its connection is not left open for it.
        await reader.cancel(error).catch(() => undefined);
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

async function* withFirst(head: Uint8Array, reader: Reader): AsyncGenerator<Uint8Array, void> {
  yield head;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
