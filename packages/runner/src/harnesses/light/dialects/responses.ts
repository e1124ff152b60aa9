/** OpenAI's Responses API, as much of it as a conversation of ours has. */
import { type Dialect, type Json, jsonOf, objectOf, objectsOf, textOf } from './dialect.ts';

/** These pass as they are: the client takes them leniently, or there is nothing in them to be lenient with. */
const AS_THEY_ARE = /^response\.(function_call_arguments\.delta|refusal\.delta|reasoning_)/;

export function responsesDialect(): Dialect {
  const event = (given: Json): Json[] => {
    const type = textOf(given.type);
    switch (type) {
      case 'response.output_text.delta':
        return [
          { type, item_id: textOf(given.item_id), output_index: indexOf(given), delta: textOf(given.delta) },
        ];
      case 'response.output_item.added':
      case 'response.output_item.done': {
        const item = toItem(objectOf(given.item) ?? {}, type.endsWith('added'));
        return item ? [{ type, output_index: indexOf(given), item }] : [];
      }
      case 'response.completed':
      case 'response.incomplete':
        return [ended(objectOf(given.response) ?? {}, type)];
      default:
        return AS_THEY_ARE.test(type) ? [given] : [];
    }
  };
  return {
    event,
    whole(response) {
      if (!Array.isArray(response.output)) return [];
      const items = objectsOf(response.output).flatMap((item, index) => itemEvents(item, index));
      const end = response.status === 'incomplete' ? 'response.incomplete' : 'response.completed';
      return [...items.flatMap(event), ended(response, end)];
    },
    end: () => [],
  };
}

function ended(response: Json, type: string): Json {
  const reason = textOf(objectOf(response.incomplete_details)?.reason);
  return { type, response: reason === '' ? {} : { incomplete_details: { reason } } };
}

function indexOf({ output_index }: Json): number {
  return typeof output_index === 'number' ? output_index : 0;
}

/** Null: of a kind that no conversation of ours holds. */
function toItem(item: Json, isBegun: boolean): Json | null {
  const id = textOf(item.id) || textOf(item.call_id);
  if (item.type === 'message') return { type: item.type, id };
  if (item.type === 'reasoning') return { ...item, id, summary: objectsOf(item.summary) };
  if (item.type !== 'function_call') return null;
  const call_id = textOf(item.call_id) || id;
  const given = jsonOf(item.arguments);
  return {
    type: item.type,
    id,
    call_id,
    name: textOf(item.name),
    arguments: isBegun ? '' : given,
    status: 'completed',
  };
}

/** A whole item as a stream brings it. */
function itemEvents(item: Json, output_index: number): Json[] {
  const text = objectsOf(item.content)
    .map((part) => textOf(part.text) || textOf(part.refusal))
    .join('');
  const item_id = textOf(item.id);
  return [
    { type: 'response.output_item.added', output_index, item },
    ...(text === '' ? [] : [{ type: 'response.output_text.delta', item_id, output_index, delta: text }]),
    { type: 'response.output_item.done', output_index, item },
  ];
}
