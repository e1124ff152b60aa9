/** Anthropic's Messages API. */
import { type Body, countOf, event, objects, type Protocol, textOf, textsOf } from './protocol.ts';
import type { Answer, Turn } from './script.ts';
import type { StrictMessage } from './strict.ts';

const SIGNATURE = 'c2lnbmVk';

const failure = (status: number, type: string, message: string) => ({
  status,
  body: { type: 'error', error: { type, message } },
});

export const anthropic: Protocol = {
  name: 'anthropic',
  path: /\/v1\/messages$/,
  failures: {
    rate_limit: failure(429, 'rate_limit_error', 'This request would exceed your rate limit'),
    overload: failure(529, 'overloaded_error', 'Overloaded'),
    server: failure(500, 'api_error', 'Internal server error'),
    bad_key: failure(401, 'authentication_error', 'invalid x-api-key'),
    no_credit: failure(400, 'invalid_request_error', 'Your credit balance is too low to access the API'),
    unknown_model: failure(404, 'not_found_error', 'model: no-such-model'),
    context: failure(400, 'invalid_request_error', 'prompt is too long: 250000 tokens > 200000 maximum'),
  },
  read: (body) => ({
    system: textOf(body.system),
    turns: objects(body.messages).map(toTurn),
    tools: objects(body.tools).map((tool) => String(tool.name)),
  }),
  strictly: (body) => objects(body.messages).flatMap(toStrict),
  whole: (answer, model) => ({
    ...message(model, answer),
    content: blocks(answer),
    stop_reason: stopReason(answer),
  }),
  events(answer, model) {
    const sent = [event({ type: 'message_start', message: message(model, answer) }, 'message_start')];
    for (const [index, block] of blocks(answer).entries()) {
      const name = 'content_block_delta';
      const { empty, deltas } = inPieces(block, answer);
      sent.push(event({ type: 'content_block_start', index, content_block: empty }, 'content_block_start'));
      for (const delta of deltas) sent.push(event({ type: name, index, delta }, name));
      if (answer.breaks !== null) break;
      sent.push(event({ type: 'content_block_stop', index }, 'content_block_stop'));
    }
    if (answer.breaks === 'connection') return sent;
    if (answer.breaks !== null) return [...sent, event(this.failures[answer.breaks].body, 'error')];
    const usage = { output_tokens: answer.usage.output };
    const delta = { stop_reason: stopReason(answer), stop_sequence: null };
    sent.push(event({ type: 'message_delta', delta, usage }, 'message_delta'));
    return [...sent, event({ type: 'message_stop' }, 'message_stop')];
  },
};

/** Words beside results are a message of their own to a strict one. */
function toStrict({ role, content }: Body): StrictMessage[] {
  const parts = objects(content);
  const texts = textsOf(typeof content === 'string' ? content : parts.filter(({ type }) => type === 'text'));
  const pictures = countOf(content, 'image');
  const calls = parts
    .filter(({ type }) => type === 'tool_use')
    .map(({ id, input }) => ({ id: String(id), input }));
  if (role === 'assistant') return [{ role, texts, calls }];
  const results = parts
    .filter(({ type }) => type === 'tool_result')
    .map((part) => ({ id: String(part.tool_use_id), text: textOf(part.content) }));
  const isWords = texts.length + pictures > 0 || results.length === 0;
  return [
    ...(results.length > 0 ? [{ role: 'tool', texts: [], results } as const] : []),
    ...(isWords ? [{ role: 'user', texts, pictures } as const] : []),
  ];
}

function toTurn({ role, content }: Body): Turn {
  const parts = objects(content);
  const results = parts.filter(({ type }) => type === 'tool_result').map((part) => textOf(part.content));
  return {
    role: role === 'assistant' ? 'assistant' : 'user',
    text: textOf(content),
    calls: parts.filter(({ type }) => type === 'tool_use').map(({ name }) => String(name)),
    results,
    images: countOf(content, 'image'),
  };
}

function message(model: string, { usage }: Answer): object {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: {
      input_tokens: usage.input,
      output_tokens: usage.output,
      cache_read_input_tokens: usage.cached,
      cache_creation_input_tokens: 0,
    },
  };
}

type Block =
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown };

function blocks(answer: Answer): Block[] {
  const text = answer.text.join('');
  const calls = answer.calls.map(({ name, input, id }) => {
    return { type: 'tool_use', id: `toolu_${id}`, name, input } as const;
  });
  const { reasoning } = answer;
  return [
    ...(reasoning === '' ? [] : [{ type: 'thinking', thinking: reasoning, signature: SIGNATURE } as const]),
    ...(text === '' ? [] : [{ type: 'text', text } as const]),
    ...calls,
  ];
}

function inPieces(block: Block, answer: Answer): { readonly empty: object; readonly deltas: object[] } {
  if (block.type === 'text') {
    const deltas = answer.text.map((text) => ({ type: 'text_delta', text }));
    return { empty: { type: 'text', text: '' }, deltas };
  }
  if (block.type === 'thinking') {
    const { thinking, signature } = block;
    const deltas = [
      { type: 'thinking_delta', thinking },
      { type: 'signature_delta', signature },
    ];
    return { empty: { type: 'thinking', thinking: '', signature: '' }, deltas };
  }
  const json = JSON.stringify(block.input);
  const halves = [json.slice(0, json.length / 2), json.slice(json.length / 2)];
  const deltas = halves.map((partial_json) => ({ type: 'input_json_delta', partial_json }));
  return { empty: { ...block, input: {} }, deltas };
}

function stopReason(answer: Answer): string {
  if (answer.stop === 'length') return 'max_tokens';
  return answer.calls.length > 0 ? 'tool_use' : 'end_turn';
}
