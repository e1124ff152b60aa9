/** What a command is, and what it gets to run in. The table of them is commands.ts. */
import type { OptionSpec, Parsed } from './args.ts';
import type { World } from './world.ts';

export interface Context {
  readonly world: World;
  /** The data folder, absolute. */
  readonly data: string;
  readonly parsed: Parsed;
}

export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly takesWords: boolean;
  /** Returns the exit code, or throws a CliError that carries it. */
  readonly run: ((context: Context) => Promise<number>) | null;
}
