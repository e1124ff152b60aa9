/**
 * The command line, parsed once by the table in commands.ts. Whatever is not in the table is a usage error that says
 * which help to read.
 */
import { type ParseArgsOptionDescriptor, parseArgs } from 'node:util';
import { UsageError } from './errors.ts';

export interface OptionSpec extends ParseArgsOptionDescriptor {
  /** What stands behind the option in help; '' for a switch. */
  readonly value: string;
  readonly help: string;
}

export interface Parsed {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly words: readonly string[];
}

/** On every command; `--data` may also stand before it. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  data: { type: 'string', value: 'DIR', help: 'the data folder (default $BELLHOP_DATA or ~/.bellhop)' },
  help: { type: 'boolean', short: 'h', value: '', help: 'help on this command' },
};

export interface Split {
  readonly command: string | undefined;
  readonly data: string | undefined;
  readonly rest: readonly string[];
}

export function splitCommand(argv: readonly string[]): Split {
  const [first, second, ...rest] = argv;
  if (first === '--data') return { command: rest[0], data: second ?? '', rest: rest.slice(1) };
  if (first?.startsWith('--data=')) {
    return { command: second, data: first.slice('--data='.length), rest };
  }
  return { command: first, data: undefined, rest: argv.slice(1) };
}

export function parseCommand(
  name: string,
  options: Readonly<Record<string, OptionSpec>>,
  takesWords: boolean,
  args: readonly string[],
): Parsed {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...COMMON_OPTIONS, ...options },
      allowPositionals: takesWords,
      strict: true,
    });
    return { values, words: positionals };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!code.startsWith('ERR_PARSE_ARGS_')) throw error;
    // Node's own sentence goes on to explain `--`; its first one says what is wrong.
    const sentence = (error as Error).message.split('. ')[0] ?? '';
    throw new UsageError(`${sentence.replace(/\.$/, '')}.`, `See: ./bellhop help ${name}`);
  }
}

export function text(parsed: Parsed, option: string, command: string): string | undefined {
  const value = parsed.values[option];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.trim() === '') {
    throw new UsageError(`--${option} is empty.`, `See: ./bellhop help ${command}`);
  }
  return value;
}

export function texts(parsed: Parsed, option: string): string[] {
  const value = parsed.values[option];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

export function flag(parsed: Parsed, option: string): boolean {
  return parsed.values[option] === true;
}
