/**
 * Finds what a call used in the bytes of its answer, without holding them up: a stream of events, or JSON (one value, or
 * one on each line). Pure; bytes come in as copies of what was sent on. What the numbers mean is read-usage.ts.
 *
 * What an answer is, its bytes say and not its content-type: gateways send events as `application/json`, as
 * `application/octet-stream` and with capitals, and a call whose usage is not found costs its whole reservation.
 *
 * An answer is written by a provider, or by whoever stands at a custom address: its cost here is linear in its bytes,
 * and lines, events and bodies beyond their limits count as "not known".
 */
import { isTooMuch } from './json-size.ts';
import { mergeUsage, NOTHING, readUsage, type Usage, whatIsKnown } from './read-usage.ts';

export interface Meter {
  push(chunk: Buffer): void;
  end(): Usage;
}

const MAX_EVENT_CHARS = 1_000_000;
const MAX_JSON_BYTES = 8 * 1024 * 1024;
/** Only what has this is parsed: most of a stream is text. */
const TELLING = /"usage(Metadata)?"\s*:\s*\{/;
const OPENING = /[[{]/;
/** Blanks, and the parts of a byte order mark: they stand before either. */
const BEFORE = [0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf];

export function createMeter(): Meter {
  const state: { meter: Meter | null } = { meter: null };
  return {
    push(chunk) {
      if (state.meter === null) {
        const first = chunk.find((byte) => !BEFORE.includes(byte));
        if (first === undefined) return;
        state.meter = OPENING.test(String.fromCharCode(first)) ? jsonMeter() : eventMeter();
      }
      state.meter.push(chunk);
    },
    end: () => state.meter?.end() ?? whatIsKnown(NOTHING),
  };
}

function eventMeter(): Meter {
  const decoder = new TextDecoder();
  const state = { line: '', isLong: false, afterReturn: false, event: new DataLines(), usage: NOTHING };
  const take = (found: Usage) => {
    state.usage = mergeUsage(state.usage, found);
  };
  const endLine = () => {
    const { line, isLong } = state;
    state.line = '';
    state.isLong = false;
    if (line === '' && !isLong) take(state.event.end());
    else if (line.startsWith('data:')) take(state.event.add(isLong ? '' : line.slice('data:'.length)));
  };
  return {
    push(chunk) {
      const text = decoder.decode(chunk, { stream: true });
      if (text === '') return;
      // The two halves of one line's end, in two chunks.
      const [first = '', ...more] = (state.afterReturn ? text.replace(/^\n/, '') : text).split(/\r\n|\r|\n/);
      state.afterReturn = text.endsWith('\r');
      for (const [n, piece] of [first, ...more].entries()) {
        if (n > 0) endLine();
        // It is put together without a look at it, so that many small pieces cost no more than a big one.
        if (state.line.length + piece.length > MAX_EVENT_CHARS) state.isLong = true;
        if (!state.isLong) state.line += piece;
      }
    },
    end() {
      endLine();
      take(state.event.end());
      return whatIsKnown(state.usage);
    },
  };
}

/** The data of one event. Most have it in one line; some lay their JSON out over many; some leave out what ends one. */
class DataLines {
  #lines: string[] = [];
  #chars = 0;

  add(line: string): Usage {
    this.#chars += line.length;
    if (this.#chars > MAX_EVENT_CHARS) this.#lines = [];
    else this.#lines.push(line);
    return usageIn(line) ?? NOTHING;
  }

  end(): Usage {
    const lines = this.#lines;
    this.#lines = [];
    this.#chars = 0;
    return (lines.length > 1 ? usageIn(lines.join('\n')) : null) ?? NOTHING;
  }
}

function jsonMeter(): Meter {
  const state: { chunks: Buffer[]; bytes: number } = { chunks: [], bytes: 0 };
  return {
    push(chunk) {
      state.bytes += chunk.length;
      if (state.bytes > MAX_JSON_BYTES) state.chunks = [];
      else state.chunks.push(chunk);
    },
    end() {
      const text = new TextDecoder().decode(Buffer.concat(state.chunks));
      return whatIsKnown(usageIn(text) ?? usageInLines(text));
    },
  };
}

/** One JSON value on each line. */
function usageInLines(text: string): Usage {
  let usage = NOTHING;
  for (let from = 0, to = 0; from < text.length; from = to + 1) {
    to = text.indexOf('\n', from);
    if (to < 0) to = text.length;
    // A line that has nothing in it is not worth a copy; there may be millions.
    if (to - from > 2) usage = mergeUsage(usage, usageIn(text.slice(from, to)) ?? NOTHING);
  }
  return usage;
}

/** Null: it is no JSON, too much of it, or has no usage. */
function usageIn(json: string): Usage | null {
  if (!TELLING.test(json) || isTooMuch(Buffer.from(json))) return null;
  try {
    const read: unknown = JSON.parse(json);
    // Gemini streams a list of objects when it is not asked for events.
    return (Array.isArray(read) ? read : [read]).map(readUsage).reduce(mergeUsage, NOTHING);
  } catch (error) {
    // Cut off, or no JSON at all: then nothing is known from it.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
