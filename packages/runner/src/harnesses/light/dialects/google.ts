/** Gemini's API. Parts that the client does not know, or that no conversation of ours holds, are left out. */
import { type Dialect, type Json, objectOf, objectsOf, textOf } from './dialect.ts';

export function googleDialect(): Dialect {
  const event = (given: Json): Json[] => {
    const blockReason = textOf(objectOf(given.promptFeedback)?.blockReason);
    const candidates = objectsOf(given.candidates).slice(0, 1).map(toCandidate);
    if (candidates.length === 0 && blockReason === '') return [];
    return [{ candidates, ...(blockReason === '' ? {} : { promptFeedback: { blockReason } }) }];
  };
  return { event, whole: event, end: () => [] };
}

function toCandidate(given: Json): Json {
  const { content } = given;
  const parts = typeof content === 'string' ? [{ text: content }] : objectsOf(objectOf(content)?.parts);
  const finishReason = textOf(given.finishReason);
  return {
    content: { role: 'model', parts: parts.flatMap(toPart) },
    ...(finishReason === '' ? {} : { finishReason }),
  };
}

function toPart(part: Json): Json[] {
  const signature = textOf(part.thoughtSignature);
  const signed = signature === '' ? {} : { thoughtSignature: signature };
  const call = objectOf(part.functionCall);
  if (call)
    return [{ functionCall: { ...idOf(call), name: textOf(call.name), args: argsOf(call.args) }, ...signed }];
  if (typeof part.text !== 'string') return [];
  return [{ text: part.text, ...(part.thought === true ? { thought: true } : {}), ...signed }];
}

function idOf({ id }: Json): Json {
  return typeof id === 'string' && id !== '' ? { id } : {};
}

/** As an object; as its JSON it stays a text, which is read as one (call.ts). */
function argsOf(args: unknown): unknown {
  return args ?? {};
}
