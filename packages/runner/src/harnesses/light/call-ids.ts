/**
 * The names by which calls of tools and their results belong together. Each provider gives and takes its own: Anthropic takes
 * letters, digits, _ and -, and each once; OpenAI 40 characters; Mistral nine letters and digits. A model's own names stay
 * (some models want them so), but for one that is used twice; another model's become such as all take.
 */
import { createHash } from 'node:crypto';
import type { ModelMessage } from 'ai';

const LENGTH = 9;

/** For a conversation that another model has begun. */
export function withOwnIds(messages: readonly ModelMessage[]): ModelMessage[] {
  return renamed(messages, (id, nth) => made(id, nth));
}

/** A name that has been used keeps to its first call; the next one gets another. */
export function withIdsOnce(messages: readonly ModelMessage[]): ModelMessage[] {
  return renamed(messages, (id, nth) => (nth === 0 ? id : made(id, nth)));
}

function made(id: string, nth: number): string {
  return createHash('sha256').update(`${id}#${nth}`).digest('hex').slice(0, LENGTH);
}

/** @param rename `nth`: how many calls before had this name. Results follow the call before them. */
function renamed(
  messages: readonly ModelMessage[],
  rename: (id: string, nth: number) => string,
): ModelMessage[] {
  const used = new Map<string, number>();
  const current = new Map<string, string>();
  return messages.map((message) => {
    const { role, content } = message;
    if (typeof content === 'string' || (role !== 'assistant' && role !== 'tool')) return message;
    let isChanged = false;
    const parts = content.map((part) => {
      if (part.type !== 'tool-call' && part.type !== 'tool-result') return part;
      const id = part.toolCallId;
      if (part.type === 'tool-call') {
        const nth = used.get(id) ?? 0;
        used.set(id, nth + 1);
        current.set(id, rename(id, nth));
      }
      const toolCallId = current.get(id) ?? id;
      isChanged ||= toolCallId !== id;
      return { ...part, toolCallId };
    });
    return isChanged ? ({ ...message, content: parts } as ModelMessage) : message;
  });
}
