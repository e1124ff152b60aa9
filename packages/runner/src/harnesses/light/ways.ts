/**
 * How one model is asked: what it has shown of itself, and what it has refused. Kept for the life of a runner; what a
 * conversation must bring along is in its history, too.
 */
import type { ModelMessage } from 'ai';
import type { ModelConfig } from '../../protocol.ts';
import type { Thoughts } from './conversation.ts';
import type { Way } from './errors.ts';

/** These speak Chat Completions, where thoughts have a field, or none, as each server likes. */
const BY_FIELD: readonly ModelConfig['provider'][] = ['compatible', 'openrouter', 'ollama'];
const WANTED = 'reasoning_content';

export class Ways {
  readonly #config: ModelConfig;
  #thoughts: Thoughts;
  #isRefused = false;
  /** It writes its thoughts into its answer, with a mark behind them alone. */
  thinksAloud = false;
  takesPictures: boolean;

  constructor(config: ModelConfig) {
    this.#config = config;
    this.#thoughts = BY_FIELD.includes(config.provider) ? 'none' : 'as they are';
    this.takesPictures = config.images;
  }

  get thoughts(): Thoughts {
    return this.#thoughts;
  }

  /** Whose words a conversation holds. */
  get name(): string {
    return `${this.#config.provider}/${this.#config.model}`;
  }

  /** Who sends them in the field of that name wants them there; OpenRouter takes it for its own. */
  onThought(field: string): void {
    if (field === WANTED || this.#config.provider === 'openrouter') this.#keep();
  }

  /** A conversation that goes on with this model. */
  onHistory(messages: readonly ModelMessage[]): void {
    const isThought = ({ content }: ModelMessage) =>
      typeof content !== 'string' && content.some(({ type }) => type === 'reasoning');
    if (messages.some(isThought)) this.#keep();
  }

  adapt(way: Way): void {
    if (way === 'no_pictures') this.takesPictures = false;
    else if (BY_FIELD.includes(this.#config.provider)) {
      this.#isRefused = way === 'thoughts_refused';
      this.#thoughts = this.#isRefused ? 'none' : 'all';
    }
  }

  #keep(): void {
    if (this.#thoughts === 'none' && !this.#isRefused) this.#thoughts = 'kept';
  }
}
