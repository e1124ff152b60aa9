/** Anthropic's Messages API. Events and kinds of content that the client does not know are left out. */
import { type Dialect, type Json, jsonOf, objectOf, objectsOf, textOf } from './dialect.ts';

const BLOCKS: readonly unknown[] = ['text', 'thinking', 'redacted_thinking', 'tool_use'];
const DELTAS: readonly unknown[] = ['text_delta', 'thinking_delta', 'signature_delta', 'input_json_delta'];

export function anthropicDialect(): Dialect {
  const known = new Set<unknown>();
  const seen = { begun: false, finish: false, over: false };

  function event(given: Json): Json[] {
    switch (given.type) {
      case 'message_start':
        seen.begun = true;
        return [start(objectOf(given.message) ?? {})];
      case 'content_block_start': {
        const block = objectOf(given.content_block) ?? {};
        if (!BLOCKS.includes(block.type)) return [];
        known.add(given.index);
        return begun({ type: given.type, index: given.index, content_block: toBlock(block) });
      }
      case 'content_block_delta': {
        const delta = objectOf(given.delta) ?? {};
        if (!known.has(given.index) || !DELTAS.includes(delta.type)) return [];
        const json = delta.type === 'input_json_delta' ? { partial_json: jsonOf(delta.partial_json) } : {};
        return [{ ...given, delta: { ...delta, ...json } }];
      }
      case 'content_block_stop':
        return known.has(given.index) ? [{ type: given.type, index: given.index }] : [];
      case 'message_delta': {
        const stop_reason = textOf(objectOf(given.delta)?.stop_reason) || null;
        seen.finish ||= stop_reason !== null;
        return [{ type: given.type, delta: { stop_reason }, usage: { output_tokens: 0 } }];
      }
      case 'message_stop':
        seen.over = true;
        return [{ type: given.type }];
      default:
        return [];
    }
  }

  /** Some leave the beginning out. */
  function begun(next: Json): Json[] {
    if (seen.begun) return [next];
    seen.begun = true;
    return [start({}), next];
  }

  return {
    event,
    whole(message) {
      const { id, model, content, stop_reason } = message;
      const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
      if (!Array.isArray(blocks)) return [];
      return [
        ...event({ type: 'message_start', message: { id, model } }),
        ...objectsOf(blocks).flatMap((block, index) => blockEvents(block, index).flatMap(event)),
        ...event({ type: 'message_delta', delta: { stop_reason } }),
        ...event({ type: 'message_stop' }),
      ];
    },
    end: (isMarked) => (isMarked && !seen.over && seen.finish ? event({ type: 'message_stop' }) : []),
  };
}

function start({ id, model }: Json): Json {
  const usage = { input_tokens: 0, output_tokens: 0 };
  const named = { id: textOf(id) || null, model: textOf(model) || null };
  return { type: 'message_start', message: { ...named, role: 'assistant', content: [], usage } };
}

function toBlock(block: Json): Json {
  if (block.type === 'text') return { type: block.type, text: textOf(block.text) };
  if (block.type === 'thinking') return { type: block.type, thinking: textOf(block.thinking) };
  if (block.type === 'redacted_thinking') return { type: block.type, data: textOf(block.data) };
  return {
    type: block.type,
    id: textOf(block.id),
    name: textOf(block.name),
    input: objectOf(block.input) ?? {},
  };
}

/** A whole block as a stream brings it: empty, then what is in it. */
function blockEvents(block: Json, index: number): Json[] {
  const empty = { ...block, text: '', thinking: '', input: {} };
  const deltas: Json[] = [
    ...(block.type === 'text' ? [{ type: 'text_delta', text: textOf(block.text) }] : []),
    ...(block.type === 'thinking' ? [{ type: 'thinking_delta', thinking: textOf(block.thinking) }] : []),
    ...(textOf(block.signature) === '' ? [] : [{ type: 'signature_delta', signature: block.signature }]),
    ...(block.type === 'tool_use' ? [{ type: 'input_json_delta', partial_json: jsonOf(block.input) }] : []),
  ];
  return [
    { type: 'content_block_start', index, content_block: empty },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}
