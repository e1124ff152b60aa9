/**
 * One turn: call the model, let its tools work, take up what came meanwhile, until it answers.
 *
 *   messages --call--> tools used --follow-ups--> call … --> words --> blocks sent, the rest is the answer
 *
 * Nothing of a turn is kept before its end: what it sends is in the outbox at once, and its retry is shown that (M7);
 * its conversation is returned and committed with the answer (M6). A failed call is judged by errors.ts.
 */
import type { LanguageModel, ModelMessage } from 'ai';
import {
  type TurnFailed as Failed,
  HERE,
  type Place,
  TurnFailed,
  type TurnInput,
  TurnLater,
  type TurnResult,
  type TurnTools,
} from '../../harness.ts';
import type { ModelConfig } from '../../protocol.ts';
import { BrokenStream, type CallEnd, callModel } from './call.ts';
import { type Budget, isFull, joined, plainSummary, SUMMARY_REQUEST, split, transcript } from './compact.ts';
import { classify, decide } from './errors.ts';
import { estimateTokens, readHistory, writeHistory } from './history.ts';
import { userContent } from './images.ts';
import { buildInstructions } from './instructions.ts';
import { LiveText } from './live.ts';
import { parseOutput } from './output.ts';
import { renderMessages, renderNote, renderTurn } from './prompt.ts';
import { type Toolbox, toolbox } from './tools/manifest.ts';

/** Calls of the model in one turn; the last one must end it. */
const MAX_STEPS = 100;
const SUMMARY_TOKENS = 2_000;
/** What tools weigh in a request, roughly: their descriptions and schemas. */
const TOOL_TOKENS = 3_500;

export interface Mind {
  readonly place: Place;
  readonly config: ModelConfig;
  readonly model: LanguageModel;
  readonly zone: string;
  /** Rejects when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export async function runTurn(mind: Mind, input: TurnInput, tools: TurnTools): Promise<TurnResult> {
  const names = await tools.destinations();
  const instructions = await buildInstructions(mind.place, input.agentName, names);
  const turn = new LightTurn(mind, tools, instructions, readHistory(input.continuation));
  await turn.hear(renderTurn(input, mind.zone), [...input.context, ...input.messages]);
  return turn.answer(names);
}

class LightTurn {
  readonly #mind: Mind;
  readonly #tools: TurnTools;
  readonly #toolbox: Toolbox;
  readonly #instructions: string;
  #messages: ModelMessage[];
  /** Where this turn begins in `#messages`. */
  #taskAt: number;
  /** Its first words, once they are in a summary's message: the next one takes them from here, to the letter. */
  #task: string | null = null;
  #steps = 0;

  constructor(mind: Mind, tools: TurnTools, instructions: string, history: ModelMessage[]) {
    this.#mind = mind;
    this.#tools = tools;
    this.#instructions = instructions;
    this.#messages = history;
    this.#taskAt = history.length;
    this.#toolbox = toolbox({ place: mind.place, tools });
  }

  /** Adds what people said. */
  async hear(text: string, from: Parameters<typeof userContent>[1]): Promise<void> {
    const content = await userContent(text, from, this.#mind.config.images);
    this.#messages.push({ role: 'user', content });
  }

  async answer(names: readonly string[]): Promise<TurnResult> {
    let nudged = false;
    for (;;) {
      const end = await this.#work(names);
      const { blocks, rest } = parseOutput(end.text);
      const unknown = blocks.filter(({ to }) => !names.includes(to)).map(({ to }) => to);
      const texts = blocks.length === 0 ? [answerText(end, rest)] : await this.#sendOthers(blocks, names);
      const note = nudgeFor(unknown, names);
      if (note !== null && !nudged) {
        nudged = true;
        for (const text of texts) await this.#tools.send(text);
        this.#messages.push({ role: 'user', content: note });
        continue;
      }
      // Told, if only in its next turn: a drop is never silent (L9).
      if (note !== null) this.#messages.push({ role: 'user', content: note });
      return { texts: texts.filter((text) => text !== ''), continuation: writeHistory(this.#messages) };
    }
  }

  /** Calls until one ends without tools. What earlier ones addressed to somebody is sent at once. */
  async #work(names: readonly string[]): Promise<CallEnd> {
    for (;;) {
      const end = await this.#call();
      this.#steps += 1;
      this.#messages.push(...end.messages);
      const ending: Failed | null = this.#toolbox.ending();
      if (ending) throw ending;
      if (!end.usedTools) return end;
      const { blocks } = parseOutput(end.text);
      for (const { to, body } of blocks) if (names.includes(to)) await this.#tools.send(body, to);
      const unknown = blocks.filter(({ to }) => !names.includes(to)).map(({ to }) => to);
      const note = nudgeFor(unknown, names);
      if (note !== null) this.#messages.push({ role: 'user', content: note });
      const more = await this.#tools.followUps();
      if (more.length > 0) await this.hear(renderMessages(more, this.#mind.zone), more);
    }
  }

  /** Sends what goes elsewhere; returns what goes to the chat that asked, for the turn's commit. */
  async #sendOthers(
    blocks: readonly { readonly to: string; readonly body: string }[],
    names: readonly string[],
  ): Promise<string[]> {
    for (const { to, body } of blocks) {
      if (to !== HERE && names.includes(to)) await this.#tools.send(body, to);
    }
    return blocks.filter(({ to }) => to === HERE).map(({ body }) => body);
  }

  /** One call that succeeds, after waits and shortenings if need be; TurnLater or TurnFailed else. */
  async #call(): Promise<CallEnd> {
    let compactions = 0;
    if (isFull(this.#messages, this.#budget())) await this.#compact(0);
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#callOnce();
      } catch (error) {
        this.#tools.signal.throwIfAborted();
        const problem = classify(error, this.#mind.place.now());
        const decision = decide(problem, { steps: this.#steps, tries, compactions });
        if (decision.kind === 'later') {
          throw new TurnLater(decision.words, problem.class, decision.retryAfterMs);
        }
        if (decision.kind === 'fail') throw new TurnFailed(decision.words, problem.class);
        if (decision.kind === 'compact') {
          compactions += 1;
          await this.#compact(compactions);
        } else {
          this.#tools.progress();
          await this.#mind.wait(decision.ms, this.#tools.signal);
        }
      }
    }
  }

  #callOnce(): Promise<CallEnd> {
    const live = new LiveText();
    const mayUseTools = this.#steps < MAX_STEPS - 1;
    const note: ModelMessage[] = mayUseTools
      ? []
      : [
          {
            role: 'user',
            content: renderNote('This is the last step of this turn. Say how far you have got.'),
          },
        ];
    return callModel({
      model: this.#mind.model,
      instructions: this.#instructions,
      messages: [...this.#messages, ...note],
      tools: this.#toolbox.set,
      mayUseTools,
      maxOutputTokens: this.#mind.config.maxOutputTokens,
      signal: this.#tools.signal,
      onSign: () => this.#tools.progress(),
      onText: (delta) => {
        const shown = live.add(delta);
        if (shown === '') this.#tools.progress();
        else this.#tools.live(shown);
      },
    });
  }

  #budget(): Budget {
    const { contextTokens, maxOutputTokens } = this.#mind.config;
    return { contextTokens, maxOutputTokens, fixedTokens: estimateTokens(this.#instructions) + TOOL_TOKENS };
  }

  async #compact(pressure: number): Promise<void> {
    const budget = this.#budget();
    const parts = split(this.#messages, this.#taskAt, budget, pressure);
    if (parts.old.length === 0) {
      // One message alone fills it: only its tool results can give way.
      this.#messages = [...parts.recent];
      return;
    }
    if (parts.task !== null) this.#task ??= parts.task;
    const task = parts.task === null ? null : this.#task;
    this.#messages = joined(await this.#summarise(parts.old, budget), { ...parts, task });
    this.#taskAt = parts.task === null ? Math.max(0, this.#taskAt - parts.old.length + 1) : 0;
  }

  async #summarise(old: readonly ModelMessage[], budget: Budget): Promise<string> {
    const text = `${transcript(old, budget.contextTokens / 2)}\n\n---\n\n${SUMMARY_REQUEST}`;
    try {
      const end = await callModel({
        model: this.#mind.model,
        instructions: 'You summarise conversations.',
        messages: [{ role: 'user', content: text }],
        tools: {},
        mayUseTools: false,
        maxOutputTokens: Math.min(SUMMARY_TOKENS, budget.maxOutputTokens),
        signal: this.#tools.signal,
        onSign: () => this.#tools.progress(),
        onText: () => this.#tools.progress(),
      });
      if (end.text.trim() === '') throw new BrokenStream('an empty summary');
      return end.text.trim();
    } catch {
      this.#tools.signal.throwIfAborted();
      // Whatever it was: the next call meets it again if it is still there, and says so.
      return plainSummary(old);
    }
  }
}

function answerText(end: CallEnd, rest: string): string {
  if (end.finish === 'refused' && rest === '') {
    throw new TurnFailed('the model declined to answer this', 'refused');
  }
  return end.finish === 'length'
    ? `${rest}\n\n[cut off: the answer was longer than the model may write]`
    : rest;
}

function nudgeFor(unknown: readonly string[], names: readonly string[]): string | null {
  if (unknown.length === 0) return null;
  const to = unknown.map((name) => `"${name}"`).join(', ');
  return renderNote(
    `Your response was not delivered — there is no destination ${to}. You may send to: ${names.join(', ')}.`,
  );
}
