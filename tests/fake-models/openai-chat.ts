/** OpenAI's Chat Completions API, which many others speak too. */
import { openaiFailures } from './openai-failures.ts';
import { type Body, countOf, event, objects, type Protocol, textOf, textsOf } from './protocol.ts';
import type { Answer, Turn } from './script.ts';
import { grouped } from './strict.ts';

export const openaiChat: Protocol = {
  name: 'openai-chat',
  path: /\/chat\/completions$/,
  failures: openaiFailures,
  read(body) {
    const messages = objects(body.messages);
    const isSystem = ({ role }: Body) => role === 'system' || role === 'developer';
    return {
      system: messages
        .filter(isSystem)
        .map((m) => textOf(m.content))
        .join('\n'),
      turns: messages.filter((m) => !isSystem(m)).map(toTurn),
      tools: objects(body.tools).map((tool) => String((tool.function as Body | undefined)?.name)),
    };
  },
  strictly: (body) =>
    grouped(
      objects(body.messages)
        .filter(({ role }) => role !== 'system' && role !== 'developer')
        .map(toStrict),
    ),
  whole(answer, model) {
    const text = answer.text.join('');
    const calls = answer.calls.length > 0 ? { tool_calls: toolCalls(answer) } : {};
    const thought = answer.reasoning === '' ? {} : { reasoning_content: answer.reasoning };
    const content = text === '' ? null : text;
    const message = { role: 'assistant', content, refusal: null, ...thought, ...calls };
    const choice = { index: 0, message, logprobs: null, finish_reason: finishReason(answer) };
    return { ...envelope(model, 'chat.completion'), choices: [choice], usage: usage(answer) };
  },
  events(answer, model, wantsUsage) {
    const chunk = (choices: object[], more: object = {}) =>
      event({ ...envelope(model, 'chat.completion.chunk'), choices, ...more });
    const delta = (piece: object, finish_reason: string | null = null) =>
      chunk([{ index: 0, delta: piece, logprobs: null, finish_reason }]);
    const sent = [delta({ role: 'assistant', content: '' })];
    if (answer.reasoning !== '') sent.push(delta({ reasoning_content: answer.reasoning }));
    for (const content of answer.text) sent.push(delta({ content }));
    if (answer.breaks === 'connection') return sent;
    if (answer.breaks !== null) return [...sent, event(this.failures[answer.breaks].body)];
    for (const [index, call] of toolCalls(answer).entries()) {
      const { name, arguments: json } = call.function;
      const half = json.length / 2;
      sent.push(
        delta({ tool_calls: [{ ...call, index, function: { name, arguments: json.slice(0, half) } }] }),
      );
      sent.push(delta({ tool_calls: [{ index, function: { arguments: json.slice(half) } }] }));
    }
    sent.push(delta({}, finishReason(answer)));
    if (wantsUsage) sent.push(chunk([], { usage: usage(answer) }));
    return [...sent, 'data: [DONE]\n\n'];
  },
};

function toStrict({ role, content, tool_calls, tool_call_id, reasoning_content }: Body) {
  if (role === 'tool') {
    const results = [{ id: String(tool_call_id), text: textOf(content) }];
    return { role: 'tool', texts: [], results, joins: true } as const;
  }
  return {
    joins: false,
    role: role === 'assistant' ? ('assistant' as const) : ('user' as const),
    texts: textsOf(content),
    pictures: countOf(content, 'image_url'),
    calls: objects(tool_calls).map((call) => ({
      id: String(call.id),
      input: JSON.parse(String((call.function as Body).arguments)),
    })),
    reasoning: typeof reasoning_content === 'string' ? reasoning_content : '',
  };
}

function toTurn({ role, content, tool_calls }: Body): Turn {
  const isResult = role === 'tool';
  return {
    role: role === 'assistant' ? 'assistant' : 'user',
    text: isResult ? '' : textOf(content),
    calls: objects(tool_calls).map((call) => String((call.function as Body).name)),
    results: isResult ? [textOf(content)] : [],
    images: countOf(content, 'image_url'),
  };
}

function envelope(model: string, object: string): object {
  return { id: 'chatcmpl-1', object, created: 1_700_000_000, model };
}

function toolCalls(answer: Answer) {
  return answer.calls.map(({ name, input, id }) => ({
    id: `call_${id}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }));
}

function usage({ usage: { input, output, cached } }: Answer): object {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached },
  };
}

function finishReason(answer: Answer): string {
  if (answer.stop === 'length') return 'length';
  return answer.calls.length > 0 ? 'tool_calls' : 'stop';
}
