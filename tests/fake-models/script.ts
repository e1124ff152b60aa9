/**
 * What a fake model is asked and what it replies, in no provider's words: a test says what should happen, and each
 * protocol (protocol.ts) says it in its own.
 */

export interface ModelRequest {
  readonly protocol: 'anthropic' | 'openai-chat' | 'openai-responses' | 'google';
  /** 1 for the first request to this server. */
  readonly n: number;
  readonly model: string;
  readonly stream: boolean;
  readonly system: string;
  readonly turns: readonly Turn[];
  /** Names of the tools that it may call. */
  readonly tools: readonly string[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One entry of the conversation; results of tools are the user's. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly calls: readonly string[];
  readonly results: readonly string[];
  readonly images: number;
}

export type FailureName =
  | 'rate_limit'
  | 'overload'
  | 'server'
  | 'bad_key'
  | 'no_credit'
  | 'unknown_model'
  | 'context';

export type Json = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly kind: 'answer';
  /** Thought aloud before the words, where the protocol has a place for it; '' for nothing. */
  readonly reasoning: string;
  /** Streamed piece by piece. */
  readonly text: readonly string[];
  /** `id`: given by the server, another one for each call. */
  readonly calls: readonly { readonly name: string; readonly input: unknown; readonly id?: string }[];
  readonly stop: 'end' | 'length';
  readonly usage: { readonly input: number; readonly output: number; readonly cached: number };
  /** What ends the stream before its end, after the text: an error in it, or a dead connection. */
  readonly breaks: FailureName | 'connection' | null;
  /** How it deviates from its protocol's schema; null: not at all. */
  readonly deviates: Deviation | null;
}

export interface Deviation {
  /** Changes each event of a stream, or the whole answer; null leaves the event out. */
  readonly change?: (event: Json) => Json | null;
  /** One JSON document comes, although a stream was asked for. */
  readonly whole?: boolean;
  /** The stream ends without its last marks: `[DONE]`, where the protocol has one. */
  readonly noDone?: boolean;
}

export type Reply =
  | Answer
  | {
      readonly kind: 'failure';
      readonly name: FailureName;
      readonly retryAfterS: number | null;
    }
  | Raw;

/** To the letter, in no protocol's words. */
export interface Raw {
  readonly kind: 'raw';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Each a packet of its own. */
  readonly body: readonly string[];
}

export type Script = (request: ModelRequest) => Reply | Promise<Reply>;

const EMPTY: Answer = {
  kind: 'answer',
  reasoning: '',
  text: [],
  calls: [],
  stop: 'end',
  usage: { input: 100, output: 10, cached: 0 },
  breaks: null,
  deviates: null,
};

/** Words, each argument a piece of the stream. */
export function say(...text: string[]): Answer {
  return { ...EMPTY, text };
}

/** A call of one tool, after some words if need be. */
export function callTool(name: string, input: unknown, ...text: string[]): Answer {
  return { ...EMPTY, text, calls: [{ name, input }] };
}

export function fail(name: FailureName, retryAfterS: number | null = null): Reply {
  return { kind: 'failure', name, retryAfterS };
}

/** The answer in words that its protocol does not have. */
export function deviating(answer: Answer, deviates: Deviation): Answer {
  return { ...answer, deviates };
}

export function raw(body: string | readonly string[], status = 200, headers: Raw['headers'] = {}): Raw {
  const type = status === 200 ? 'text/event-stream' : 'application/json';
  return { kind: 'raw', status, headers: { 'content-type': type, ...headers }, body: [body].flat() };
}

/** The replies one after another; the last one again and again. */
export function inTurn(...replies: readonly (Reply | Script)[]): Script {
  return (request) => {
    const reply = replies[Math.min(request.n, replies.length) - 1] ?? say('(no more replies)');
    return typeof reply === 'function' ? reply(request) : reply;
  };
}
