/** Chat Completions, as OpenAI and all who say that they are compatible speak it. */
import { type Dialect, type Json, jsonOf, objectOf, objectsOf, textOf } from './dialect.ts';

/** @param onThought a thought came, under this name. */
export function chatDialect(onThought: (field: string) => void): Dialect {
  const seen = { anything: false, calls: false, finish: false };
  /** By what the server numbers or names them by: our own number. */
  const numbers = new Map<string, number>();
  const current = { index: -1 };

  const toCall = (call: Json): Json => {
    const made = objectOf(call.function) ?? call;
    const [id, name] = [textOf(call.id), textOf(made.name)];
    const key = typeof call.index === 'number' ? `index ${call.index}` : id === '' ? '' : `id ${id}`;
    const known = numbers.get(key) ?? (key === '' && name === '' ? current.index : -1);
    current.index = known >= 0 ? known : numbers.size;
    if (known < 0) numbers.set(key === '' ? `call ${numbers.size}` : key, current.index);
    const called = { ...(name === '' ? {} : { name }), arguments: jsonOf(made.arguments ?? made.input) };
    return { index: current.index, ...(id === '' ? {} : { id }), type: 'function', function: called };
  };

  const toDelta = (said: Json): Json => {
    const legacy = objectsOf(said.function_call);
    const calls = [...objectsOf(said.tool_calls), ...legacy].map(toCall);
    const thought = thoughtIn(said, onThought);
    const content = textIn(said.content);
    seen.calls ||= calls.length > 0;
    seen.anything ||= calls.length > 0 || thought !== '' || content !== '';
    return {
      ...(content === '' ? {} : { content }),
      ...(thought === '' ? {} : { reasoning_content: thought }),
      ...(typeof said.refusal === 'string' ? { refusal: said.refusal } : {}),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
  };

  const chunk = (delta: Json, finish_reason: string | null): Json => ({
    choices: [{ index: 0, delta, finish_reason }],
  });

  const event = (answer: Json): Json[] =>
    objectsOf(answer.choices)
      .slice(0, 1)
      .map((choice) => {
        const said = objectOf(choice.delta) ?? objectOf(choice.message) ?? { content: choice.text };
        const finish = textOf(choice.finish_reason) || null;
        seen.finish ||= finish !== null;
        return chunk(toDelta(said), finish);
      });

  return {
    event,
    whole: event,
    end(isMarked) {
      // Without any sign of an end, a call may be half of what was meant; words are what they are.
      const isOver = seen.anything && !seen.finish && (isMarked || !seen.calls);
      return isOver ? [chunk({}, seen.calls ? 'tool_calls' : 'stop')] : [];
    },
  };
}

/** Text alone, or parts; what is thought in parts is not wanted back in any field. */
function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  return objectsOf(content)
    .map((part) => (part.type === 'thinking' || part.type === 'reasoning' ? '' : textOf(part.text)))
    .join('');
}

function thoughtIn(said: Json, onThought: (field: string) => void): string {
  const field = ['reasoning_content', 'reasoning'].find((name) => textOf(said[name]) !== '');
  if (field === undefined) return '';
  onThought(field);
  return textOf(said[field]);
}
