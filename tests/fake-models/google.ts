/**
 * Google's Gemini API. The model stands in the path, and a stream is another path. A call of a tool comes whole, signed;
 * a conversation that brings it back without its signature in the same turn is refused, as the newer models do.
 */
import { type Body, event, objects, type Protocol, textOf, textsOf } from './protocol.ts';
import type { Answer, Turn } from './script.ts';
import type { StrictMessage } from './strict.ts';

const SIGNATURE = 'c2lnbmVk';

const failure = (status: number, name: string, message: string) => ({
  status,
  body: { error: { code: status, message, status: name } },
});

const UNSIGNED = failure(400, 'INVALID_ARGUMENT', 'Function call is missing a thought_signature');

export const google: Protocol = {
  name: 'google',
  path: /\/v1(?:beta)?\/models\/(?<model>[\w.-]+):(?:generateContent|(?<stream>streamGenerateContent))$/,
  failures: {
    rate_limit: failure(429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).'),
    overload: failure(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
    server: failure(500, 'INTERNAL', 'An internal error has occurred.'),
    bad_key: failure(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'),
    no_credit: failure(400, 'FAILED_PRECONDITION', 'Please enable billing on your project.'),
    unknown_model: failure(404, 'NOT_FOUND', 'models/no-such-model is not found for API version v1beta'),
    context: failure(
      400,
      'INVALID_ARGUMENT',
      'The input token count (1200000) exceeds the maximum (1048576).',
    ),
  },
  read: (body) => ({
    system: textOf((body.systemInstruction as Body | undefined)?.parts),
    turns: objects(body.contents).map(toTurn),
    tools: objects([body.tools].flat()).flatMap((tool) =>
      objects(tool.functionDeclarations).map(({ name }) => String(name)),
    ),
  }),
  refusal(body) {
    const contents = objects(body.contents);
    const begun = contents.findLastIndex(({ role, parts }) => role === 'user' && textOf(parts) !== '');
    const calls = contents.slice(begun + 1).flatMap(({ parts }) => objects(parts).filter(isCall));
    return calls.every((part) => part.thoughtSignature === SIGNATURE) ? null : UNSIGNED;
  },
  strictly: (body) => {
    const seen = { calls: 0 };
    return objects(body.contents).flatMap((content) => toStrict(content, seen));
  },
  whole: (answer, model) =>
    chunk(answer, model, [...thoughts(answer), ...texts([answer.text.join('')]), ...calls(answer)], true),
  events(answer, model) {
    const pieces = [...thoughts(answer), ...texts(answer.text)];
    const sent = pieces.map((part) => event(chunk(answer, model, [part], false)));
    if (answer.breaks === 'connection') return sent;
    if (answer.breaks !== null) return [...sent, event(this.failures[answer.breaks].body)];
    return [...sent, event(chunk(answer, model, calls(answer), true))];
  },
};

/** Its calls need no id: each result is that of the call in its place. */
function toStrict({ role, parts }: Body, seen: { calls: number }): StrictMessage[] {
  const all = objects(parts);
  const texts = textsOf(all.filter(({ thought }) => thought !== true));
  const pictures = all.filter((part) => 'inlineData' in part).length;
  const found = all.filter(isCall);
  const first = seen.calls;
  if (role === 'model') {
    seen.calls += found.length;
    const calls = found.map((part, n) => ({ id: `${first + n}`, input: (part.functionCall as Body).args }));
    return [{ role: 'assistant', texts, calls }];
  }
  const answers = all.filter((part) => 'functionResponse' in part);
  const results = answers.map((part, n) => {
    const { response } = part.functionResponse as { response?: Body };
    return { id: `${first - answers.length + n}`, text: resultText(response) };
  });
  const isWords = texts.length + pictures > 0 || results.length === 0;
  return [
    ...(results.length > 0 ? [{ role: 'tool', texts: [], results } as const] : []),
    ...(isWords ? [{ role: 'user', texts, pictures } as const] : []),
  ];
}

function toTurn({ role, parts }: Body): Turn {
  const all = objects(parts);
  const response = (part: Body) => (part.functionResponse as Body | undefined)?.response as Body | undefined;
  return {
    role: role === 'model' ? 'assistant' : 'user',
    text: textOf(parts),
    calls: all.filter(isCall).map((part) => String((part.functionCall as Body).name)),
    results: all.filter((part) => 'functionResponse' in part).map((part) => resultText(response(part))),
    images: all.filter((part) => 'inlineData' in part).length,
  };
}

/** Clients put a result that is a text into a field of their own. */
function resultText(response: Body | undefined): string {
  const text = response?.content ?? response?.output;
  return typeof text === 'string' ? text : JSON.stringify(response);
}

function isCall(part: Body): boolean {
  return 'functionCall' in part;
}

function texts(pieces: readonly string[]): object[] {
  return pieces.filter((text) => text !== '').map((text) => ({ text }));
}

function thoughts({ reasoning }: Answer): object[] {
  return reasoning === '' ? [] : [{ text: reasoning, thought: true }];
}

function calls(answer: Answer): object[] {
  return answer.calls.map(({ name, input }) => ({
    functionCall: { name, args: input },
    thoughtSignature: SIGNATURE,
  }));
}

function chunk({ usage, stop }: Answer, model: string, parts: object[], isLast: boolean): object {
  const finish = isLast ? { finishReason: stop === 'length' ? 'MAX_TOKENS' : 'STOP' } : {};
  return {
    candidates: [{ content: { role: 'model', parts }, index: 0, ...finish }],
    usageMetadata: {
      promptTokenCount: usage.input,
      cachedContentTokenCount: usage.cached,
      candidatesTokenCount: isLast ? usage.output : 0,
      totalTokenCount: usage.input + usage.output,
    },
    modelVersion: model,
    responseId: 'response-1',
  };
}
