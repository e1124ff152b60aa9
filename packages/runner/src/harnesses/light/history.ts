/**
 * The conversation as it is kept from turn to turn: the harness's continuation, part of each turn's commit (M6).
 *
 * It holds what any model can read: thoughts, pictures and a provider's own marks are left out, so a conversation goes
 * on under another model. Where a model wants its thoughts back beside its calls they stay; what is a model's own is marked
 * as such. Bounded: what is too big loses the tails of its tool results, then its oldest turns,
 * and of one turn that is too long alone its oldest steps: what was asked for stays.
 */
import type { ModelMessage } from 'ai';
import { withOwnIds } from './call-ids.ts';
import { headOf } from './text.ts';

/** Of the stored JSON, in UTF-8 bytes; the host refuses a value of a megabyte. */
const MAX_STORED_BYTES = 400_000;
/** What stays of a tool's result when room is needed, in characters. */
const RESULT_HEAD = 1_500;

/** Tokens, estimated: 3.5 bytes each is on the safe side for text and code in any script. */
export function estimateTokens(value: unknown): number {
  const json = JSON.stringify(value, (_key, item) => (item instanceof Uint8Array ? 'x'.repeat(5_000) : item));
  return Math.ceil(Buffer.byteLength(json ?? '') / 3.5);
}

interface Stored {
  readonly messages: ModelMessage[];
  /** The model whose thoughts and names of calls are in it. */
  readonly by?: string;
}

/** @param by the model that goes on with it: what is another one's own is not read as its own. */
export function readHistory(continuation: string | null, by = ''): ModelMessage[] {
  if (continuation === null) return [];
  const stored = JSON.parse(continuation) as Stored;
  if (stored.by === by) return stored.messages;
  return withOwnIds(stored.messages.map((message) => portable(message, false)));
}

/** @param keepsThoughts it wants the thoughts behind its calls back. */
export function writeHistory(messages: readonly ModelMessage[], by = '', keepsThoughts = false): string {
  let kept = messages.map((message) => portable(message, keepsThoughts));
  const write = () => JSON.stringify({ v: 1, ...(by === '' ? {} : { by }), messages: kept });
  if (Buffer.byteLength(write()) > MAX_STORED_BYTES) kept = kept.map(withShortResults).map(withShortThoughts);
  while (kept.length > 1 && Buffer.byteLength(write()) > MAX_STORED_BYTES) {
    kept = withoutOldest(kept, Math.ceil(kept.length / 4));
  }
  return write();
}

/** Begins with the first turn from `from` on; where none begins, with the last one's words and its next step. */
function withoutOldest(messages: readonly ModelMessage[], from: number): ModelMessage[] {
  const next = (role: ModelMessage['role'], at: number) =>
    messages.findIndex((one, index) => index >= at && one.role === role);
  const turn = next('user', from);
  if (turn >= 0) return messages.slice(turn);
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  const step = next('assistant', Math.max(from, asked + 2));
  return step < 0 ? [] : [...messages.slice(asked, asked + 1), ...messages.slice(step)];
}

/** Of a tool's results only the heads. */
export function withShortResults(message: ModelMessage): ModelMessage {
  if (message.role !== 'tool') return message;
  return {
    ...message,
    content: message.content.map((part) =>
      part.type === 'tool-result' && part.output.type === 'text'
        ? { ...part, output: { ...part.output, value: headOf(part.output.value, RESULT_HEAD) } }
        : part,
    ),
  };
}

/** Of thoughts only the heads: that there is one is what counts. */
function withShortThoughts(message: ModelMessage): ModelMessage {
  if (message.role !== 'assistant' || typeof message.content === 'string') return message;
  const content = message.content.map((part) =>
    part.type === 'reasoning' ? { ...part, text: headOf(part.text, RESULT_HEAD) } : part,
  );
  return { ...message, content };
}

function portable(message: ModelMessage, keepsThoughts: boolean): ModelMessage {
  const { providerOptions: _, ...plain } = message;
  if (plain.role === 'user' && typeof plain.content !== 'string') {
    // A picture's place is in the text beside it.
    return { ...plain, content: plain.content.filter((part) => part.type === 'text') };
  }
  if (plain.role === 'assistant' && typeof plain.content !== 'string') {
    const hasCall = plain.content.some((part) => part.type === 'tool-call');
    const content = plain.content.flatMap((part) => {
      const isKept =
        part.type === 'text' ||
        part.type === 'tool-call' ||
        (part.type === 'reasoning' && hasCall && keepsThoughts);
      if (!isKept) return [];
      const { providerOptions: _, ...own } = part;
      return [own];
    });
    // An empty answer is refused by some; it was a thought alone.
    return { ...plain, content: content.length > 0 ? content : [{ type: 'text', text: '(nothing)' }] };
  }
  if (plain.role === 'tool') {
    const results = plain.content.filter((part) => part.type === 'tool-result');
    return { ...plain, content: results.map(({ providerOptions: _, ...part }) => part) };
  }
  return plain;
}
