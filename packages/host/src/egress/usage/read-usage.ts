/**
 * What the numbers of an answer mean, in the dialects of those who send them: pure. Each call costs what went in and
 * what came out, thinking included; where a dialect leaves open whether it is, the greater reading counts.
 *
 *   Anthropic          input_tokens without the cached parts, which stand beside it
 *   OpenAI Responses   input_tokens with them; output_tokens with the thinking
 *   OpenAI Chat        prompt_tokens, completion_tokens with the thinking; xAI, and Gemini in this dialect, count the
 *                      thinking beside it, which the total shows; DeepSeek and Moonshot have names of their own for cached
 *   Gemini             the thinking, and what tools brought in, beside the rest
 *
 * A number that is none, is negative or beyond what any call has makes its answer one whose usage is not known: that
 * one is charged with all that was reserved.
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

export const NOTHING: Usage = { model: null, input: null, output: null, cached: null, cacheWritten: null };

/** More than any model takes in or gives out in one call; beside a greater number a budget's sum would be lost. */
const MAX_TOKENS = 10_000_000;
const MAX_NAME_CHARS = 200;

type Json = Readonly<Record<string, unknown>>;
/** Null: it is not said. NaN: what is said is no count; it stays NaN whatever it is added to or compared with. */
type Count = number | null;

/** What one usage object says, before it is decided what of it is the same twice. */
interface Said {
  readonly input: Count;
  readonly output: Count;
  readonly thought: Count;
  /** It is never part of `output`. */
  readonly isThoughtBeside: boolean;
  readonly total: Count;
  readonly cached: Count;
  readonly cacheWritten: Count;
}

/** Of one event or body. */
export function readUsage(value: unknown): Usage {
  const root = object(value);
  const inner = object(root.message ?? root.response ?? root);
  const choices = Array.isArray(root.choices) ? root.choices.slice(0, 1) : [];
  const places = [root, inner, object(root.x_groq), ...choices.map(object)];
  const said = places.flatMap(({ usage, usageMetadata }) => [
    ...(isObject(usageMetadata) ? [gemini(usageMetadata)] : []),
    ...(isObject(usage) ? [...chat(usage), ...messages(usage)] : []),
  ]);
  const model = text(inner.model) ?? text(root.model) ?? text(root.modelVersion) ?? text(inner.modelVersion);
  return said.map(toUsage).reduce(mergeUsage, { ...NOTHING, model });
}

/** Counts only go up while a call runs: the greatest of each is the last. */
export function mergeUsage(before: Usage, later: Usage): Usage {
  return {
    model: later.model ?? before.model,
    input: greatest(before.input, later.input),
    output: greatest(before.output, later.output),
    cached: greatest(before.cached, later.cached),
    cacheWritten: greatest(before.cacheWritten, later.cacheWritten),
  };
}

/** With null for what cannot be read. */
export function whatIsKnown({ model, input, output, cached, cacheWritten }: Usage): Usage {
  const known = (count: Count) => (count === null || !(count <= MAX_TOKENS) ? null : count);
  const most = known(input) ?? 0;
  const part = (count: Count) => {
    const sure = known(count);
    return sure === null ? null : Math.min(sure, most);
  };
  return {
    model,
    input: known(input),
    output: known(output),
    cached: part(cached),
    cacheWritten: part(cacheWritten),
  };
}

function gemini(usage: Json): Said {
  return {
    input: sum(count(usage.promptTokenCount), count(usage.toolUsePromptTokenCount)),
    output: count(usage.candidatesTokenCount),
    thought: count(usage.thoughtsTokenCount),
    isThoughtBeside: true,
    total: count(usage.totalTokenCount),
    cached: count(usage.cachedContentTokenCount),
    cacheWritten: null,
  };
}

function chat(usage: Json): Said[] {
  if (usage.prompt_tokens === undefined && usage.completion_tokens === undefined) return [];
  const details = object(usage.prompt_tokens_details);
  const input = count(usage.prompt_tokens);
  const cached =
    count(details.cached_tokens) ??
    count(usage.prompt_cache_hit_tokens) ??
    count(usage.cached_tokens) ??
    count(usage.cache_read_input_tokens);
  const written = count(details.cache_write_tokens) ?? count(usage.cache_creation_input_tokens);
  // A part is no greater than the whole: such a gateway counts the cached parts as Anthropic does.
  const isBeside = cached !== null && input !== null && cached > input;
  return [
    {
      input: isBeside ? sum(sum(input, cached), written) : input,
      output: count(usage.completion_tokens),
      ...thinking(usage, usage.completion_tokens_details),
      total: count(usage.total_tokens),
      cached,
      cacheWritten: written,
    },
  ];
}

function messages(usage: Json): Said[] {
  if (usage.input_tokens === undefined && usage.output_tokens === undefined) return [];
  const details = usage.input_tokens_details;
  const input = count(usage.input_tokens);
  const cached = count(usage.cache_read_input_tokens);
  const written = count(usage.cache_creation_input_tokens);
  const isBeside = !isObject(details) && input !== null;
  return [
    {
      input: isBeside ? sum(sum(input, cached), written) : input,
      output: count(usage.output_tokens),
      ...thinking(usage, usage.output_tokens_details),
      total: count(usage.total_tokens),
      cached: isObject(details) ? count(details.cached_tokens) : cached,
      cacheWritten: written,
    },
  ];
}

function thinking(usage: Json, details: unknown): Pick<Said, 'thought' | 'isThoughtBeside'> {
  const thought = greatest(count(object(details).reasoning_tokens), count(usage.reasoning_tokens));
  return { thought, isThoughtBeside: false };
}

function toUsage({ input, output, thought, isThoughtBeside, total, cached, cacheWritten }: Said): Usage {
  // A part that is greater than the whole is beside it.
  const beside = isThoughtBeside || (thought ?? 0) > (output ?? 0);
  const spoken = beside ? sum(output, thought) : output;
  // All that is in the total and did not go in came out.
  const rest = total === null || input === null || total < input ? null : total - input;
  const isBad = [output, thought, total].some((count) => Number.isNaN(count));
  return { model: null, input, output: isBad ? Number.NaN : greatest(spoken, rest), cached, cacheWritten };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function object(value: unknown): Json {
  return isObject(value) ? value : {};
}

function count(value: unknown): Count {
  if (value === undefined || value === null) return null;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_TOKENS
    ? value
    : Number.NaN;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_CHARS ? value : null;
}

function sum(a: Count, b: Count): Count {
  return a === null ? b : a + (b ?? 0);
}

function greatest(a: Count, b: Count): Count {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
