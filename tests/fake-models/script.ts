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

export interface Answer {
  readonly kind: 'answer';
  /** Streamed piece by piece. */
  readonly text: readonly string[];
  readonly calls: readonly { readonly name: string; readonly input: unknown }[];
  readonly stop: 'end' | 'length';
  readonly usage: { readonly input: number; readonly output: number; readonly cached: number };
  /** What ends the stream before its end, after the text: an error in it, or a dead connection. */
  readonly breaks: FailureName | 'connection' | null;
}

export type Reply =
  | Answer
  | { readonly kind: 'failure'; readonly name: FailureName; readonly retryAfterS: number | null };

export type Script = (request: ModelRequest) => Reply | Promise<Reply>;

const EMPTY: Answer = {
  kind: 'answer',
  text: [],
  calls: [],
  stop: 'end',
  usage: { input: 100, output: 10, cached: 0 },
  breaks: null,
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

/** The replies one after another; the last one again and again. */
export function inTurn(...replies: readonly (Reply | Script)[]): Script {
  return (request) => {
    const reply = replies[Math.min(request.n, replies.length) - 1] ?? say('(no more replies)');
    return typeof reply === 'function' ? reply(request) : reply;
  };
}
