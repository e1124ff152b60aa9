/**
 * A conversation as it goes out, valid for the strictest server: everything that is sent passes here, whatever made it
 * (an empty answer, a nudge, a shortening, a follow-up, the last step's note). What one server refuses it refuses with each
 * later message too, as a conversation is sent again with each call. Pure, and the same for the same messages, so that
 * what a provider has cached stays cached.
 *
 *   no two messages of one role in a row, none without content, no blank text
 *   no person's message right behind a tool's result
 *   every text can be written as UTF-8; the arguments of a call are an object, and no two calls have one name
 *   thoughts stand beside the calls that they led to, for providers that want them back
 */
import type { ModelMessage } from 'ai';
import { withIdsOnce } from './call-ids.ts';

type Part = Exclude<ModelMessage['content'], string>[number];
type Content = readonly Part[];
interface Plain {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly content: Content;
  readonly message: ModelMessage;
}

/** Said by nobody: some refuse a person's message right behind a result. */
const BETWEEN = '[A message comes in.]';
const NO_RESULT = '[nothing]';
const NO_THOUGHT = '[no thought]';

/**
 * What goes back of the thoughts that stood beside a call. `as they are`: the client knows what its provider wants.
 * `kept`: beside calls and nowhere else; once there is one, beside each. `all`: beside each call, whoever made it.
 */
export type Thoughts = 'as they are' | 'none' | 'kept' | 'all';

export function fitForAll(messages: readonly ModelMessage[], thoughts: Thoughts): ModelMessage[] {
  const plain = withIdsOnce(messages)
    .map((message) => toPlain(message, thoughts))
    .filter(({ content }) => content.some(isSaid));
  const isKept = thoughts === 'kept' && plain.some(({ content }) => hasThought(content));
  return inTurn(thoughts === 'all' || isKept ? plain.map(withThought) : plain);
}

function toPlain(message: ModelMessage, thoughts: Thoughts): Plain {
  const { role, content } = message;
  const parts: Content = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  const isThoughtLeft = thoughts === 'as they are' || (thoughts !== 'none' && hasCall(parts));
  const filled = parts.flatMap((part) => {
    if (part.type === 'text' && part.text.trim() === '') return [];
    if (part.type === 'reasoning' && !isThoughtLeft) return [];
    return [wellFormed(part.type === 'tool-result' ? withResult(part) : part)];
  });
  return { role: role as Plain['role'], content: filled, message };
}

function withResult(part: Extract<Part, { type: 'tool-result' }>): Part {
  const { output } = part;
  if (output.type !== 'text' || output.value.trim() !== '') return part;
  return { ...part, output: { ...output, value: NO_RESULT } };
}

function withThought(one: Plain): Plain {
  if (!hasCall(one.content) || hasThought(one.content)) return one;
  return { ...one, content: [{ type: 'reasoning', text: NO_THOUGHT }, ...one.content] };
}

/** Clients leave the rest out where a provider does not want it: a message of that alone would be none. */
function isSaid({ type }: Part): boolean {
  return ['text', 'tool-call', 'tool-result', 'file'].includes(type);
}

function hasCall(content: Content): boolean {
  return content.some(({ type }) => type === 'tool-call');
}

function hasThought(content: Content): boolean {
  return content.some((part) => part.type === 'reasoning' && part.text.trim() !== '');
}

function inTurn(plain: readonly Plain[]): ModelMessage[] {
  const fit: Plain[] = [];
  for (const one of plain) {
    const last = fit.at(-1);
    if (last?.role === 'tool' && one.role === 'user') {
      fit.push({
        role: 'assistant',
        content: [{ type: 'text', text: BETWEEN }],
        message: { role: 'assistant', content: '' },
      });
    }
    if (last?.role === one.role)
      fit[fit.length - 1] = { ...last, content: [...last.content, ...one.content] };
    else fit.push(one);
  }
  return fit.map(
    ({ role, content, message }) => ({ ...message, role, content: joined(content) }) as ModelMessage,
  );
}

/** Texts beside each other are one; text alone is a string, as not every server takes parts. */
function joined(content: Content): string | Content {
  const parts: Part[] = [];
  for (const part of content) {
    const last = parts.at(-1);
    const joins =
      last?.type === 'text' && part.type === 'text' && !last.providerOptions && !part.providerOptions;
    if (joins) parts[parts.length - 1] = { ...last, text: `${last.text}\n\n${part.text}` };
    else parts.push(part);
  }
  const [first] = parts;
  return parts.length === 1 && first?.type === 'text' && !first.providerOptions ? first.text : parts;
}

/** Without halves of characters, at any depth; bytes stay what they are. */
function wellFormed<T>(value: T): T {
  if (typeof value === 'string') return value.toWellFormed() as T;
  if (Array.isArray(value)) return value.map(wellFormed) as T;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).map(([name, part]) => [name.toWellFormed(), wellFormed(part)]);
  return Object.fromEntries(entries) as T;
}
