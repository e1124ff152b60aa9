/** The port of one command to Bellhop itself, and which of them a text is. */
import type { Sql } from '../store/port.ts';
import type { Agent, Session } from '../types.ts';

export interface CommandAnswer {
  readonly text: string;
  /** Done when the answer is durable; lost if the host dies in between. */
  readonly after?: () => void;
}

export interface Command {
  /** All of the text, but for white space around it; `[…]` after it stands for one word that may follow. */
  readonly name: string;
  readonly takes?: string;
  readonly what: string;
  /** Runs in the transaction that accepts the command: it happens once, however often a platform redelivers. */
  run(sql: Sql, said: SaidCommand): Promise<CommandAnswer>;
}

export interface SaidCommand {
  readonly session: Session;
  readonly agent: Agent;
  /** As the channel authenticated it. */
  readonly user: string;
  /** The word behind the name. */
  readonly word: string | null;
}

/** The command that a text is, to the letter; null for what only looks like one: that is the agent's. */
export function commandIn(
  commands: readonly Command[],
  text: string,
): { readonly command: Command; readonly word: string | null } | null {
  const [name = '', ...words] = text.trim().split(' ');
  const command = commands.find((one) => one.name === name);
  if (!command || words.length > (command.takes === undefined ? 0 : 1)) return null;
  const [word = null] = words;
  return word === null || WORD.test(word) ? { command, word } : null;
}

const WORD = /^[\w.:@/+-]{1,200}$/;
