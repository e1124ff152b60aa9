/**
 * The conversation as it is kept from turn to turn: the harness's continuation, part of each turn's commit (M6).
 *
 * It holds what any model can read: thoughts, pictures and a provider's own marks are left out, so a conversation goes
 * on under another model. Bounded: what is too big loses the tails of its tool results, then its oldest turns,
 * and of one turn that is too long alone its oldest steps: what was asked for stays.
 */
import type { ModelMessage } from 'ai';
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

export function readHistory(continuation: string | null): ModelMessage[] {
  if (continuation === null) return [];
  const { messages } = JSON.parse(continuation) as { messages: ModelMessage[] };
  return messages;
}

export function writeHistory(messages: readonly ModelMessage[]): string {
  let kept = messages.map(portable);
  const write = () => JSON.stringify({ v: 1, messages: kept });
  if (Buffer.byteLength(write()) > MAX_STORED_BYTES) kept = kept.map(withShortResults);
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

function portable(message: ModelMessage): ModelMessage {
  const { providerOptions: _, ...plain } = message;
  if (plain.role === 'user' && typeof plain.content !== 'string') {
    // A picture's place is in the text beside it.
    return { ...plain, content: plain.content.filter((part) => part.type === 'text') };
  }
  if (plain.role === 'assistant' && typeof plain.content !== 'string') {
    const parts = plain.content.filter((part) => part.type === 'text' || part.type === 'tool-call');
    const content = parts.map(({ providerOptions: _, ...part }) => part);
    // An empty answer is refused by some; it was a thought alone.
    return { ...plain, content: content.length > 0 ? content : [{ type: 'text', text: '(nothing)' }] };
  }
  if (plain.role === 'tool') {
    const results = plain.content.filter((part) => part.type === 'tool-result');
    return { ...plain, content: results.map(({ providerOptions: _, ...part }) => part) };
  }
  return plain;
}
