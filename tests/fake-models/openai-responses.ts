/** OpenAI's Responses API. */
import { openaiFailures } from './openai-failures.ts';
import { type Body, countOf, event, objects, type Protocol, textOf, textsOf } from './protocol.ts';
import type { Answer, Turn } from './script.ts';
import { grouped } from './strict.ts';

export const openaiResponses: Protocol = {
  name: 'openai-responses',
  path: /\/responses$/,
  failures: openaiFailures,
  read(body) {
    const input = inputOf(body);
    const inInput = input.filter(isSystem).map((item) => textOf(item.content));
    return {
      system: [textOf(body.instructions), ...inInput].filter((text) => text !== '').join('\n'),
      turns: input.filter((item) => !isSystem(item)).map(toTurn),
      tools: objects(body.tools).map((tool) => String(tool.name)),
    };
  },
  strictly: (body) =>
    grouped(
      inputOf(body)
        .filter((item) => !isSystem(item) && item.type !== 'reasoning')
        .map(toStrict),
    ),
  whole: (answer, model) => response(answer, model, true),
  events(answer, model) {
    const sent: string[] = [];
    const add = (type: string, data: object) =>
      sent.push(event({ type, sequence_number: sent.length, ...data }, type));
    add('response.created', { response: response(answer, model, false) });
    for (const [output_index, item] of items(answer).entries()) {
      const at = { item_id: item.id, output_index };
      if (item.type === 'message') {
        add('response.output_item.added', {
          output_index,
          item: { ...item, status: 'in_progress', content: [] },
        });
        const text = { ...at, content_index: 0 };
        const empty = { type: 'output_text', text: '', annotations: [] };
        add('response.content_part.added', { ...text, part: empty });
        for (const delta of answer.text) add('response.output_text.delta', { ...text, delta, logprobs: [] });
        if (answer.breaks !== null) break;
        add('response.output_text.done', { ...text, text: answer.text.join(''), logprobs: [] });
        add('response.content_part.done', { ...text, part: item.content[0] });
      } else {
        const { arguments: json } = item;
        add('response.output_item.added', {
          output_index,
          item: { ...item, status: 'in_progress', arguments: '' },
        });
        for (const delta of [json.slice(0, json.length / 2), json.slice(json.length / 2)]) {
          add('response.function_call_arguments.delta', { ...at, delta });
        }
        add('response.function_call_arguments.done', { ...at, arguments: json });
      }
      add('response.output_item.done', { output_index, item });
    }
    if (answer.breaks === 'connection') return sent;
    if (answer.breaks !== null) {
      const { error } = this.failures[answer.breaks].body as {
        error: { code: string | null; message: string };
      };
      const words = { code: error.code ?? 'server_error', message: error.message, param: null };
      add('error', words);
      return sent;
    }
    const end = answer.stop === 'length' ? 'response.incomplete' : 'response.completed';
    add(end, { response: response(answer, model, true) });
    return sent;
  },
};

function inputOf({ input }: Body): Body[] {
  return typeof input === 'string' ? [{ role: 'user', content: input }] : objects(input);
}

function isSystem({ role }: Body): boolean {
  return role === 'system' || role === 'developer';
}

/** A call belongs to the words before it and to the call before it, a result to the result before it. */
function toStrict(item: Body) {
  if (item.type === 'function_call') {
    const call = { id: String(item.call_id), input: JSON.parse(String(item.arguments)) };
    return { role: 'assistant', texts: [], calls: [call], joins: true } as const;
  }
  if (item.type === 'function_call_output') {
    const result = { id: String(item.call_id), text: textOf(item.output) };
    return { role: 'tool', texts: [], results: [result], joins: true } as const;
  }
  const role = item.role === 'assistant' ? ('assistant' as const) : ('user' as const);
  const pictures = countOf(item.content, 'input_image');
  return { role, texts: textsOf(item.content), pictures, joins: false };
}

function toTurn(item: Body): Turn {
  const isCall = item.type === 'function_call';
  const isResult = item.type === 'function_call_output';
  return {
    role: isCall || item.role === 'assistant' ? 'assistant' : 'user',
    text: textOf(item.content),
    calls: isCall ? [String(item.name)] : [],
    results: isResult ? [textOf(item.output)] : [],
    images: countOf(item.content, 'input_image'),
  };
}

function items(answer: Answer) {
  const text = answer.text.join('');
  const content = [{ type: 'output_text', text, annotations: [], logprobs: [] }];
  const message = { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content } as const;
  const calls = answer.calls.map(({ name, input, id }) => {
    const json = JSON.stringify(input);
    const both = { id: `fc_${id}`, call_id: `call_${id}`, name, arguments: json, status: 'completed' };
    return { type: 'function_call', ...both } as const;
  });
  return [...(text === '' ? [] : [message]), ...calls];
}

function response(answer: Answer, model: string, isOver: boolean): object {
  const cut = answer.stop === 'length';
  const { input, output, cached } = answer.usage;
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  };
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1_700_000_000,
    status: isOver ? (cut ? 'incomplete' : 'completed') : 'in_progress',
    incomplete_details: isOver && cut ? { reason: 'max_output_tokens' } : null,
    error: null,
    model,
    output: isOver ? items(answer) : [],
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
    usage: isOver ? usage : null,
  };
}
