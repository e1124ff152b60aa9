/**
 * Reads what a call used out of what passes, without holding it up: Anthropic, OpenAI (Chat and Responses) and Gemini,
 * as a stream of events or as one JSON object. Pure; bytes come in as copies of what was sent on.
 *
 * An answer is written by a provider, or by whoever stands at a custom address: numbers that are none, lines and bodies
 * beyond their limits count as "not known".
 */

export interface Usage {
  /** As the answer names it; null when it does not. */
  readonly model: string | null;
  readonly input: number | null;
  readonly output: number | null;
  /** Part of `input` that was read from a cache, and that was written to one. */
  readonly cached: number | null;
  readonly cacheWritten: number | null;
}

export interface Meter {
  push(chunk: Buffer): void;
  end(): Usage;
}

const MAX_LINE_CHARS = 1_000_000;
const MAX_JSON_BYTES = 8 * 1024 * 1024;
const NOTHING: Usage = { model: null, input: null, output: null, cached: null, cacheWritten: null };
/** Only these lines are parsed: most of a stream is text. */
const TELLING = /"usage"|"usageMetadata"/;

export function createMeter(contentType: string): Meter {
  return contentType.startsWith('text/event-stream') ? streamMeter() : jsonMeter();
}

function streamMeter(): Meter {
  const decoder = new TextDecoder();
  const state = { line: '', skipping: false, usage: NOTHING };
  return {
    push(chunk) {
      const lines = (state.line + decoder.decode(chunk, { stream: true })).split('\n');
      state.line = lines.pop() ?? '';
      for (const line of lines) {
        if (!state.skipping && line.startsWith('data:') && TELLING.test(line)) {
          state.usage = merge(state.usage, readUsage(parse(line.slice('data:'.length))));
        }
        state.skipping = false;
      }
      if (state.line.length > MAX_LINE_CHARS) {
        state.line = '';
        state.skipping = true;
      }
    },
    end: () => state.usage,
  };
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
      const body = parse(Buffer.concat(state.chunks).toString('utf8'));
      // Gemini streams a list of objects when it is not asked for events.
      return (Array.isArray(body) ? body : [body]).map(readUsage).reduce(merge, NOTHING);
    },
  };
}

/** One event or body. An event's later numbers outrank earlier ones; each provider counts up from the start. */
export function readUsage(value: unknown): Usage {
  const root = object(value);
  const inner = object(root.message ?? root.response ?? root);
  const google = object(root.usageMetadata);
  const usage = object(root.usage ?? inner.usage);
  const model = text(inner.model) ?? text(root.modelVersion);
  if (root.usageMetadata !== undefined) {
    return {
      model,
      input: count(google.promptTokenCount),
      output: sum(count(google.candidatesTokenCount), count(google.thoughtsTokenCount)),
      cached: count(google.cachedContentTokenCount),
      cacheWritten: null,
    };
  }
  if (usage.prompt_tokens !== undefined) {
    return {
      model,
      input: count(usage.prompt_tokens),
      output: count(usage.completion_tokens),
      cached: count(object(usage.prompt_tokens_details).cached_tokens),
      cacheWritten: null,
    };
  }
  const details = usage.input_tokens_details;
  const cached = count(usage.cache_read_input_tokens);
  const cacheWritten = count(usage.cache_creation_input_tokens);
  const input = count(usage.input_tokens);
  return {
    model,
    // Anthropic counts the cached parts beside `input_tokens`, OpenAI within.
    input: details === undefined && input !== null ? sum(sum(input, cached), cacheWritten) : input,
    output: count(usage.output_tokens),
    cached: details === undefined ? cached : count(object(details).cached_tokens),
    cacheWritten,
  };
}

function merge(before: Usage, later: Usage): Usage {
  return {
    model: later.model ?? before.model,
    input: later.input ?? before.input,
    output: later.output ?? before.output,
    cached: later.cached ?? before.cached,
    cacheWritten: later.cacheWritten ?? before.cacheWritten,
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    // Cut off, or no JSON at all: then nothing is known from it.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= 200 ? value : null;
}

function sum(a: number | null, b: number | null): number | null {
  return a === null ? b : a + (b ?? 0);
}
