/**
 * The conversation with the model: what has been said, and one call that succeeds, after waits, shortenings and other ways of
 * asking if need be. A failed call is judged by errors.ts.
 */
import type { LanguageModel, ModelMessage, ToolSet } from 'ai';
import { type Place, TurnFailed, TurnLater, type TurnMessage, type TurnTools } from '../../harness.ts';
import type { ModelConfig } from '../../protocol.ts';
import { type CallEnd, callModel } from './call.ts';
import { type Budget, isFull, joined, plainSummary, SUMMARY_REQUEST, split, transcript } from './compact.ts';
import { classify, decide, type Way } from './errors.ts';
import { estimateTokens, writeHistory } from './history.ts';
import { hasPictures, picturesOf, withoutPictures, withPictures } from './images.ts';
import { LiveText } from './live.ts';
import { renderNote } from './prompt.ts';
import { Unreadable } from './unreadable.ts';
import type { Ways } from './ways.ts';

/** Calls of the model in one turn; the last one must end it. */
const MAX_STEPS = 100;
const SUMMARY_TOKENS = 2_000;
/** What tools weigh in a request, roughly: their descriptions and schemas. */
const TOOL_TOKENS = 3_500;

const LAST_STEP = 'This is the last step of this turn. Say how far you have got.';
const BLIND_NOTE =
  'You take no pictures: you know where one lies, not what it shows. Say so where it matters.';
/** To people, in the agent's chat. */
export const BLIND_WORDS =
  '[the model takes no pictures: it learns that there is one, and not what it shows]';

export interface Mind {
  readonly place: Place;
  readonly config: ModelConfig;
  readonly model: LanguageModel;
  readonly ways: Ways;
  readonly zone: string;
  /** Rejects when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export class Dialogue {
  readonly #mind: Mind;
  readonly #tools: TurnTools;
  readonly #instructions: string;
  readonly #toolSet: ToolSet;
  #messages: ModelMessage[];
  /** Where this turn begins in `#messages`. */
  #taskAt: number;
  /** Its first words, once they are in a summary's message: the next one takes them from here, to the letter. */
  #task: string | null = null;
  #steps = 0;
  /** In which ways its model has refused to be asked. */
  readonly #refused: Way[] = [];
  /** What people see of this turn while it is written; and of that, what came with answers that have their end. */
  #shown = '';
  #said = '';
  #isBlindTold = false;

  /** @param history what was said before this turn. */
  constructor(mind: Mind, tools: TurnTools, instructions: string, toolSet: ToolSet, history: ModelMessage[]) {
    this.#mind = mind;
    this.#tools = tools;
    this.#instructions = instructions;
    this.#toolSet = toolSet;
    this.#messages = history;
    this.#taskAt = history.length;
  }

  /** Adds what people said. That a picture is not seen is told before the model is asked about it. */
  async hear(text: string, from: readonly TurnMessage[]): Promise<void> {
    const { takesPictures } = this.#mind.ways;
    const pictures = await picturesOf(from);
    const isBlind = pictures.length > 0 && !takesPictures;
    if (isBlind) await this.#tellBlind();
    const words = isBlind ? `${text}\n\n${renderNote(BLIND_NOTE)}` : text;
    this.add({ role: 'user', content: takesPictures ? withPictures(words, pictures) : words });
  }

  /** Adds a word of Bellhop's own. */
  note(words: string): void {
    this.add({ role: 'user', content: renderNote(words) });
  }

  add(message: ModelMessage): void {
    this.#messages.push(message);
  }

  /** What is kept of it for the next turn. */
  history(): string {
    const { thoughts, name } = this.#mind.ways;
    return writeHistory(this.#messages, name, thoughts === 'kept' || thoughts === 'all');
  }

  async #tellBlind(): Promise<void> {
    if (this.#isBlindTold) return;
    this.#isBlindTold = true;
    await this.#tools.send(BLIND_WORDS);
  }

  /** One call that succeeds, its answer added; TurnLater or TurnFailed else. */
  async ask(): Promise<CallEnd> {
    let compactions = 0;
    if (isFull(this.#messages, this.#budget())) await this.#compact(0);
    for (let tries = 0; ; tries += 1) {
      try {
        const end = await this.#askOnce();
        this.#steps += 1;
        this.#messages.push(end.message);
        return end;
      } catch (error) {
        this.#tools.signal.throwIfAborted();
        const problem = classify(error, this.#mind.place.now());
        const facts = { steps: this.#steps, tries, compactions, ways: this.#refused };
        const decision = decide(problem, { ...facts, pictures: hasPictures(this.#messages) });
        if (decision.kind === 'later') {
          throw new TurnLater(decision.words, problem.class, decision.retryAfterMs);
        }
        if (decision.kind === 'fail') throw new TurnFailed(decision.words, problem.class);
        if (decision.kind === 'adapt') await this.#adapt(decision.to);
        else if (decision.kind === 'compact') {
          compactions += 1;
          await this.#compact(compactions);
        } else {
          this.#tools.progress();
          await this.#mind.wait(decision.ms, this.#tools.signal);
        }
      }
    }
  }

  async #adapt(way: Way): Promise<void> {
    this.#refused.push(way);
    this.#mind.ways.adapt(way);
    if (way !== 'no_pictures') return;
    await this.#tellBlind();
    this.#messages = withoutPictures(this.#messages);
    this.note(BLIND_NOTE);
  }

  async #askOnce(): Promise<CallEnd> {
    const { ways, model, config } = this.#mind;
    const live = new LiveText(ways.thinksAloud);
    // What a call that failed had begun to say is not what will be said.
    if (this.#shown !== this.#said) this.#show(this.#said, true);
    const mayUseTools = this.#steps < MAX_STEPS - 1;
    const note: ModelMessage[] = mayUseTools ? [] : [{ role: 'user', content: renderNote(LAST_STEP) }];
    const end = await callModel({
      model,
      thoughts: ways.thoughts,
      instructions: this.#instructions,
      messages: [...this.#messages, ...note],
      tools: this.#toolSet,
      mayUseTools,
      maxOutputTokens: config.maxOutputTokens,
      signal: this.#tools.signal,
      onSign: () => this.#tools.progress(),
      onText: (delta) => {
        const text = live.add(delta);
        if (live.isAnew) this.#show(this.#said + text, true);
        else if (text === '') this.#tools.progress();
        else this.#show(text, false);
      },
    });
    this.#said = this.#shown;
    ways.thinksAloud ||= end.thoughtAloud;
    return end;
  }

  #show(text: string, isAnew: boolean): void {
    this.#shown = isAnew ? text : this.#shown + text;
    this.#tools.live(text, isAnew);
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
        thoughts: this.#mind.ways.thoughts,
        tools: {},
        mayUseTools: false,
        maxOutputTokens: Math.min(SUMMARY_TOKENS, budget.maxOutputTokens),
        signal: this.#tools.signal,
        onSign: () => this.#tools.progress(),
        onText: () => this.#tools.progress(),
      });
      if (end.text.trim() === '') throw new Unreadable('an empty summary');
      return end.text.trim();
    } catch {
      this.#tools.signal.throwIfAborted();
      // Whatever it was: the next call meets it again if it is still there, and says so.
      return plainSummary(old);
    }
  }
}
