/**
 * The strictest server there is: what one of them refuses, it refuses, in every protocol. A conversation that passes here
 * is taken by each. Every rule is one by which a real provider refuses a conversation, and with it each later message of
 * it, as the history is sent again with each call.
 *
 *   user -> assistant -> user …             no two of one role in a row, and it begins and ends with who waits
 *   assistant with calls -> their results -> assistant
 */

export interface StrictMessage {
  readonly role: 'user' | 'assistant' | 'tool';
  /** Each text part by itself. */
  readonly texts: readonly string[];
  readonly pictures?: number;
  /** What the assistant called; what a tool answers, by the call's id. */
  readonly calls?: readonly { readonly id: string; readonly input: unknown }[];
  readonly results?: readonly { readonly id: string; readonly text: string }[];
  /** Null: the protocol has no place for it. */
  readonly reasoning?: string | null;
}

export interface StrictFacts {
  readonly body: unknown;
  readonly messages: readonly StrictMessage[];
  /** The model has thought aloud: each call of a tool comes back with what it thought. */
  readonly thinks: boolean;
}

/** Why it cannot be taken, in words like those of who refuses it; null when it can. */
export function refusalOf({ body, messages, thinks }: StrictFacts): string | null {
  if (!isWellFormed(body)) return 'the request body is not valid JSON: no low surrogate in string';
  const ids = messages.flatMap(({ calls = [] }) => calls.map(({ id }) => id));
  if (new Set(ids).size !== ids.length) return 'tool_use ids must be unique';
  let before: StrictMessage | null = null;
  for (const [at, message] of messages.entries()) {
    const why = orderFault(before, message) ?? contentFault(message) ?? reasoningFault(message, thinks);
    if (why !== null) return `messages.${at}: ${why}`;
    before = message;
  }
  return before === null || before.role === 'assistant' ? 'expected last role user or tool' : null;
}

/** Where results, or calls, are entries of their own: one message of those that belong together. */
export function grouped(entries: readonly (StrictMessage & { readonly joins: boolean })[]): StrictMessage[] {
  const messages: StrictMessage[] = [];
  for (const { joins, ...entry } of entries) {
    const last = messages.at(-1);
    if (!joins || last?.role !== entry.role) messages.push(entry);
    else {
      const calls = [...(last.calls ?? []), ...(entry.calls ?? [])];
      const results = [...(last.results ?? []), ...(entry.results ?? [])];
      messages[messages.length - 1] = { ...last, calls, results };
    }
  }
  return messages;
}

function orderFault(before: StrictMessage | null, { role, results = [] }: StrictMessage): string | null {
  if (before === null) return role === 'user' ? null : `the first message has role ${role}`;
  const open = (before.role === 'assistant' ? before.calls : undefined) ?? [];
  if (open.length > 0) {
    const isAnswered = role === 'tool' && same(ids(open), ids(results));
    return isAnswered ? null : 'tool calls without their results right after them';
  }
  if (role === 'tool') return 'a tool result without its call right before it';
  if (before.role === role) return 'conversation roles must alternate user/assistant/user/assistant';
  return before.role === 'tool' && role === 'user' ? "unexpected role 'user' after role 'tool'" : null;
}

function contentFault({ texts, pictures = 0, calls = [], results = [] }: StrictMessage): string | null {
  if ([...texts, ...results.map(({ text }) => text)].some(isBlank))
    return 'text content blocks must contain non-whitespace text';
  if (texts.length + pictures + calls.length + results.length === 0) return 'the message has no content';
  if (!calls.every(({ input }) => isObject(input))) return 'tool_use.input: should be a valid dictionary';
  return null;
}

function reasoningFault({ role, calls = [], reasoning }: StrictMessage, thinks: boolean): string | null {
  if (reasoning === undefined || reasoning === null) return null;
  if (role !== 'assistant' || calls.length === 0)
    return reasoning === '' ? null : 'reasoning_content may stand beside tool calls alone';
  return thinks && isBlank(reasoning)
    ? 'thinking is enabled but reasoning_content is missing in assistant tool call message'
    : null;
}

/** Every string and every name in it can be written as UTF-8. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (!isObject(value)) return true;
  return Object.entries(value).every(([name, part]) => name.isWellFormed() && isWellFormed(part));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

function ids(items: readonly { readonly id: string }[]): string[] {
  return items.map(({ id }) => id).sort();
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.join('\n') === other.join('\n');
}
