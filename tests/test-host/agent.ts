/**
 * What thinks in a test's host: a script. Each rule says what a message that matches does; the newest rule that matches
 * plays. A message that none matches is said back, so that a test that is about something else needs no rule.
 */
import {
  type Harness,
  type Place,
  TurnFailed,
  type TurnInput,
  type TurnMessage,
  type TurnText,
  type TurnTools,
} from '../../packages/runner/src/harness.ts';

/** One message, and what its turn can do about it. */
export interface Playing {
  readonly message: TurnMessage;
  readonly tools: TurnTools;
  readonly input: TurnInput;
  readonly place: Place;
  /** Shows this text word by word while it is written, as a model's stream does. */
  write(text: string): void;
  /** Ends the turn as failed, with these words for the sender. */
  fail(words: string): never;
}

/** Returns the answer, or several; nothing for none. */
export type Play = (turn: Playing) => Promise<Said> | Said;
type Said = string | readonly string[] | undefined;

interface Rule {
  readonly matches: (text: string) => boolean;
  readonly play: Play;
}

export class ScriptedAgent {
  readonly #rules: Rule[] = [];

  /** @param words the whole text of a message, or what it must match. */
  on(words: string | RegExp, play: Play): this {
    const matches = (text: string) => (typeof words === 'string' ? text === words : words.test(text));
    this.#rules.unshift({ matches, play });
    return this;
  }

  /** A fresh harness for one sandbox. */
  harness(name: string): Harness {
    const started: { place: Place | null } = { place: null };
    return {
      name,
      start(place) {
        started.place = place;
      },
      run: async (input, tools) => {
        const texts: TurnText[] = [];
        for (const message of input.messages) {
          tools.answering(message.seq);
          const said = await this.#play(playing(input, message, tools, started.place));
          const all = typeof said === 'string' ? [said] : (said ?? []);
          texts.push(...all.map((text) => ({ text, answers: message.seq })));
        }
        return { texts };
      },
    };
  }

  async #play(turn: Playing): Promise<Said> {
    const { answer, text } = turn.message;
    if (answer !== null) return `You chose: ${answer.option}`;
    const rule = this.#rules.find(({ matches }) => matches(text));
    return rule ? rule.play(turn) : `You said: ${text}`;
  }
}

function playing(input: TurnInput, message: TurnMessage, tools: TurnTools, place: Place | null): Playing {
  if (!place) throw new Error('the agent was not started');
  return {
    message,
    tools,
    input,
    place,
    write(text) {
      for (const word of text.split(/(?<= )/)) tools.live(word);
    },
    fail(words) {
      throw new TurnFailed(words, 'test');
    },
  };
}
