/** One thing the demo harness can do: one row of its table. */
import type { TurnInput, TurnMessage, TurnResult, TurnTools } from '../../harness.ts';

export interface VerbContext {
  readonly message: TurnMessage;
  readonly input: TurnInput;
  readonly tools: TurnTools;
  readonly workDir: string;
  /** For programs: the sandbox's own, with its way out. */
  readonly env: NodeJS.ProcessEnv;
  readonly table: readonly Verb[];
}

export interface Verb {
  /** What to type; null for what is not typed (a pressed button, a due task). */
  readonly usage: string | null;
  readonly what: string;
  matches(message: TurnMessage): boolean;
  run(context: VerbContext): Promise<TurnResult>;
}

/** Matches a text that begins with these words, whatever their case. */
export function says(pattern: RegExp): (message: TurnMessage) => boolean {
  return (message) => message.kind !== 'task' && message.answer === null && pattern.test(message.text.trim());
}

/** The groups of the pattern in the message's text. */
export function words(context: VerbContext, pattern: RegExp): readonly string[] {
  return (pattern.exec(context.message.text.trim()) ?? []).slice(1);
}

export function reply(...texts: string[]): TurnResult {
  return { texts };
}
