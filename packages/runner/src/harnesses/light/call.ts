/**
 * One call of the model: text as it comes, then the whole answer with the tools that it calls. Nothing is done here: a tool
 * runs when its answer has come to its end (turn.ts), as one that was cut off must never run.
 */
import {
  type AssistantContent,
  isStepCount,
  type LanguageModel,
  type ModelMessage,
  streamText,
  type ToolSet,
} from 'ai';
import { fitForAll, type Thoughts } from './conversation.ts';
import { type Finish, finishOf } from './finish.ts';
import { asInstructions, PROVIDER_OPTIONS, withCacheMarks } from './models.ts';
import { withoutThoughts } from './thoughts.ts';
import { Unreadable } from './unreadable.ts';

export interface Call {
  readonly model: LanguageModel;
  readonly instructions: string;
  readonly messages: readonly ModelMessage[];
  /** Their schemas alone. */
  readonly tools: ToolSet;
  /** False: it must come to an end with words. */
  readonly mayUseTools: boolean;
  readonly maxOutputTokens: number;
  /** Which of the model's own calls of tools go back with what it thought. */
  readonly thoughts: Thoughts;
  readonly signal: AbortSignal;
  readonly onText: (delta: string) => void;
  /** Something came that is not shown: a thought, the arguments of a tool. */
  readonly onSign: () => void;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** Null: what came is no JSON object. */
  readonly input: Readonly<Record<string, unknown>> | null;
}

export interface CallEnd {
  /** Without thoughts. */
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly finish: Exclude<Finish, 'broken'>;
  /** What to add to the conversation; each of its calls needs a result behind it. */
  readonly message: ModelMessage;
  /** Thoughts stood before the text that nothing had announced. */
  readonly thoughtAloud: boolean;
}

/** It is full before the first word: as good as refused for its length. */
class NoRoom extends Error {
  override readonly name = 'NoRoom';
  readonly code = 'context_length_exceeded';
}

/** Throws what the provider threw, before the stream or in the middle of it (errors.ts reads it). */
export async function callModel(call: Call): Promise<CallEnd> {
  const result = streamText({
    model: call.model,
    instructions: asInstructions(call.instructions),
    messages: withCacheMarks(fitForAll(call.messages, call.thoughts)),
    tools: call.tools,
    toolChoice: call.mayUseTools ? 'auto' : 'none',
    stopWhen: isStepCount(1),
    maxOutputTokens: call.maxOutputTokens,
    // Whether and when to try again depends on the turn (errors.ts).
    maxRetries: 0,
    providerOptions: PROVIDER_OPTIONS,
    abortSignal: call.signal,
    onError: () => undefined,
  });
  let raw = '';
  let end: End | null = null;
  const called: ToolCall[] = [];
  let isUnwanted = false;
  for await (const part of result.stream) {
    if (part.type === 'error') {
      if (!isUnwantedCall(part.error)) throw part.error;
      isUnwanted = true;
    }
    if (part.type === 'abort') throw call.signal.reason;
    if (part.type === 'text-delta') {
      raw += part.text;
      call.onText(part.text);
    } else call.onSign();
    if (part.type === 'tool-call') called.push(toCall(part));
    if (part.type === 'finish-step') {
      const known = isUnwanted ? 'stop' : part.finishReason;
      end = { known, said: part.rawFinishReason };
    }
  }
  const { text: spoken, isOrphan } = withoutThoughts(raw);
  const text = spoken.toWellFormed();
  const calls = call.mayUseTools ? called : [];
  const finish = settle(end, text, calls);
  const answer = (await result.response).messages.find(({ role }) => role === 'assistant');
  return {
    text,
    calls,
    finish,
    thoughtAloud: isOrphan,
    message: toKeep(answer, raw === text ? null : text, calls),
  };
}

interface End {
  readonly known: string;
  readonly said: string | undefined;
}

/** A clean end without any mark of one: what was said is an answer, what was to be done may have been cut off. */
const UNMARKED = 'interrupted';

function settle(end: End | null, text: string, calls: readonly ToolCall[]): CallEnd['finish'] {
  const isNothing = text.trim() === '' && calls.length === 0;
  if (end === null) throw new Unreadable('it has no end');
  if (end.known === UNMARKED && calls.length > 0)
    throw new Unreadable('it breaks off behind the call of a tool');
  if (end.known === UNMARKED && isNothing) throw new Unreadable('there is nothing in it');
  const finish = end.known === UNMARKED ? 'stop' : finishOf(end.known, end.said);
  if (finish === 'broken') throw new Unreadable(`it ended with "${end.said ?? end.known}"`, end.said);
  if (finish === 'length' && isNothing && /context|window/i.test(end.said ?? ''))
    throw new NoRoom('it has no room left');
  return finish;
}

/** Arguments that are JSON within JSON are taken as what they are; what is no object at all is nothing. */
function toCall(part: {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
}): ToolCall {
  return { id: part.toolCallId, name: part.toolName, input: asObject(part.input) };
}

function asObject(input: unknown): ToolCall['input'] {
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input as ToolCall['input'];
  if (typeof input !== 'string') return null;
  try {
    const parsed: unknown = JSON.parse(input);
    return typeof parsed === 'string' ? null : asObject(parsed);
  } catch (notJson) {
    if (notJson instanceof SyntaxError) return null;
    throw notJson;
  }
}

type AnswerPart = Exclude<AssistantContent, string>[number];

/** @param text in place of what was said; null: as it was. */
function toKeep(
  answer: ModelMessage | undefined,
  text: string | null,
  calls: readonly ToolCall[],
): ModelMessage {
  const content = answer?.role === 'assistant' && typeof answer.content !== 'string' ? answer.content : [];
  const kept = content.flatMap((part): AnswerPart[] => {
    if (part.type === 'text') return text === null ? [part] : [];
    if (part.type !== 'tool-call') return part.type === 'tool-result' ? [] : [part];
    const call = calls.find(({ id }) => id === part.toolCallId);
    return call ? [{ ...part, input: call.input ?? {} }] : [];
  });
  const words = text === null ? [] : [{ type: 'text', text } as const];
  // Behind thoughts, which some want first.
  const at = kept.findIndex(({ type }) => type === 'tool-call');
  return { role: 'assistant', content: kept.toSpliced(at < 0 ? kept.length : at, 0, ...words) };
}

/** Told to call no tool, it did: its words count, the call does not. */
function isUnwantedCall(error: unknown): boolean {
  return error instanceof Error && error.name === 'AI_ToolChoiceViolationError';
}
