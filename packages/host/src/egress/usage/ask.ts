/**
 * What a call asks of a model, read out of its body: which model, how much it may answer, how much goes in at most.
 * Pure. A sandbox wrote the body, so each number is a bound: what cannot be read is the most that there is.
 *
 * What goes out is what was read here, written anew: a body that another reader could read otherwise (a name twice)
 * does not pass as it came. OpenAI's Chat API tells what a stream used only when it is asked to, so it is asked.
 */
import type { BodyFormat } from '../providers.ts';
import { isTooMuch } from './json-size.ts';
import { reachesOut } from './reach.ts';

export interface Ask {
  /** Null: the path names it. */
  readonly model: string | null;
  /** Most tokens that can come out. */
  readonly outputTokens: number;
  /** Most tokens that can go in by these bytes. */
  readonly inputTokens: number;
  /** It names what is elsewhere, or bytes that are no text: then only the model's own limit bounds what goes in. */
  readonly beyondText: boolean;
  /** It would make its provider go somewhere else (reach.ts). */
  readonly reachesOut: boolean;
  /** What goes out. */
  readonly body: Buffer;
}

/** What it may cost hangs on this; the body may be long gone by then. */
export type Wanted = Omit<Ask, 'body'>;

type Json = Readonly<Record<string, unknown>>;

/** A call that says no limit of its own. */
const OUTPUT_UNSAID = 128_000;

/**
 * No call answers more. Without a bound a limit could be a number beside which a budget's sum is lost, or that SQLite
 * gives back to nobody.
 */
const OUTPUT_MOST = 10_000_000;

/** Where each format may have the limit of an answer, and how many answers there may be; the greatest counts. */
const LIMITS: Readonly<
  Record<BodyFormat, (asked: Json) => readonly [limits: unknown[], answers: unknown[]]>
> = {
  messages: (asked) => [[asked.max_tokens], []],
  chat: (asked) => [[asked.max_completion_tokens, asked.max_tokens], [asked.n]],
  responses: (asked) => [[asked.max_output_tokens], []],
  gemini: ({ generationConfig, generation_config }) => {
    const configs = [object(generationConfig), object(generation_config)];
    return [
      configs.flatMap((one) => [one.maxOutputTokens, one.max_output_tokens]),
      configs.flatMap((one) => [one.candidateCount, one.candidate_count]),
    ];
  },
};

/** Kept at the provider, and read there into the call. */
const KEPT_THERE = ['previous_response_id', 'conversation', 'prompt', 'container', 'mcp_servers'];
const BEYOND_TYPE = /image|document|file|audio|video|search|fetch|code_|computer|mcp|reference/;
const BEYOND_NAME =
  /^(image_?url|file_?id|(inline|file)_?data|cached_?content|google_?search\w*|url_?context|code_?execution)$/i;

/** Null: not a JSON object in UTF-8, or one that is nested too deep, or in too many parts. */
export function readAsk(format: BodyFormat, body: Buffer): Ask | null {
  const asked = isTooMuch(body) ? null : parse(body);
  if (asked === null) return null;
  const metered = format === 'chat' && asked.stream === true ? askedForUsage(asked) : asked;
  const text = Buffer.from(JSON.stringify(metered));
  const [limits, answers] = LIMITS[format](asked);
  return {
    model: typeof asked.model === 'string' ? asked.model : null,
    outputTokens: Math.min(OUTPUT_MOST, (greatest(limits) ?? OUTPUT_UNSAID) * (greatest(answers) || 1)),
    // No tokenizer makes more tokens than there are bytes.
    inputTokens: text.length,
    beyondText: KEPT_THERE.some((name) => asked[name] !== undefined) || goesBeyondText(asked),
    reachesOut: reachesOut(format, asked),
    body: text,
  };
}

function askedForUsage(asked: Json): Json {
  return { ...asked, stream_options: { ...object(asked.stream_options), include_usage: true } };
}

function goesBeyondText(asked: Json): boolean {
  const left: object[] = [asked];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    for (const [name, inner] of Object.entries(next) as [string, unknown][]) {
      if (BEYOND_NAME.test(name)) return true;
      if (name === 'type' && typeof inner === 'string' && BEYOND_TYPE.test(inner)) return true;
      if (typeof inner === 'object' && inner !== null) left.push(inner);
    }
  }
  return false;
}

function parse(body: Buffer): Json | null {
  try {
    const read: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? (read as Json) : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

/** Null: none of them is a count. */
function greatest(values: readonly unknown[]): number | null {
  const counts = values.flatMap((value) => count(value) ?? []);
  return counts.length === 0 ? null : Math.max(...counts);
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
