/** One call of the model, its tools included: text as it comes, then what to add to the conversation. */
import { isStepCount, type LanguageModel, type ModelMessage, streamText, type ToolSet } from 'ai';
import { asInstructions, PROVIDER_OPTIONS, withCacheMarks } from './models.ts';

export interface Call {
  readonly model: LanguageModel;
  readonly instructions: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: ToolSet;
  /** False: it must come to an end with words. */
  readonly mayUseTools: boolean;
  readonly maxOutputTokens: number;
  readonly signal: AbortSignal;
  readonly onText: (delta: string) => void;
  /** Something came that is not shown: a thought, the arguments of a tool. */
  readonly onSign: () => void;
}

export interface CallEnd {
  readonly text: string;
  readonly usedTools: boolean;
  readonly finish: 'stop' | 'length' | 'refused';
  readonly messages: readonly ModelMessage[];
}

/** The stream ended without an end: the connection broke where nobody said so. */
export class BrokenStream extends Error {
  override readonly name = 'BrokenStream';
}

/** Throws what the provider threw, before the stream or in the middle of it (errors.ts reads it). */
export async function callModel(call: Call): Promise<CallEnd> {
  const result = streamText({
    model: call.model,
    instructions: asInstructions(call.instructions),
    messages: withCacheMarks(call.messages),
    tools: call.tools,
    toolChoice: call.mayUseTools ? 'auto' : 'none',
    toolCallConcurrency: 1,
    stopWhen: isStepCount(1),
    maxOutputTokens: call.maxOutputTokens,
    // Whether and when to try again depends on the turn (errors.ts).
    maxRetries: 0,
    providerOptions: PROVIDER_OPTIONS,
    abortSignal: call.signal,
    onError: () => undefined,
  });
  let text = '';
  let finish: string | null = null;
  let usedTools = false;
  for await (const part of result.stream) {
    if (part.type === 'error') throw part.error;
    if (part.type === 'abort') throw call.signal.reason;
    if (part.type === 'text-delta') {
      text += part.text;
      call.onText(part.text);
    } else call.onSign();
    if (part.type === 'tool-call') usedTools = true;
    if (part.type === 'finish-step') finish = part.finishReason;
  }
  if (finish === null || finish === 'error' || finish === 'other') {
    throw new BrokenStream('the answer broke off');
  }
  return {
    text,
    usedTools,
    finish: finish === 'length' ? 'length' : finish === 'content-filter' ? 'refused' : 'stop',
    messages: (await result.response).messages,
  };
}
