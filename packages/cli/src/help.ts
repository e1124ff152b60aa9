/** Help in 80 columns: the list of commands, and one page for each. Pure text out of the table. */
import { COMMON_OPTIONS, type OptionSpec } from './args.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { UsageError } from './errors.ts';
import type { Style } from './style.ts';

const INTRO = 'Bellhop hosts AI assistants; each conversation gets its own room.';

/** help and version have no row of their own in the table: they need neither data folder nor host. */
const BUILT_IN: readonly (readonly [string, string])[] = [
  ['help [COMMAND]', 'this list, or all about one command'],
  ['version', 'print the version'],
];

export function overview(style: Style): string {
  const rows = [...COMMANDS.map((row) => [row.usage, row.summary] as const), ...BUILT_IN];
  return [
    INTRO,
    '',
    style.bold('Usage: ./bellhop COMMAND'),
    '',
    ...table(rows),
    '',
    'On every command:',
    ...optionTable({ data: COMMON_OPTIONS.data as OptionSpec }),
    '',
    'Exit codes: 0 answered, 1 failed, 2 usage, 3 host not running, 4 timeout.',
    'First steps: ./bellhop up, then in another terminal: ./bellhop ask help',
    '',
  ].join('\n');
}

export function helpOn(name: string, style: Style): string {
  const command = COMMANDS.find((row) => row.name === name);
  if (!command) throw unknownCommand(name);
  return [
    `${style.bold(`Usage: ./bellhop ${command.usage}`)}`,
    '',
    sentence(command),
    '',
    ...optionTable({ ...command.options, ...COMMON_OPTIONS }),
    '',
  ].join('\n');
}

export function unknownCommand(name: string): UsageError {
  return new UsageError(`There is no command "${name}".`, 'See what there is: ./bellhop help');
}

function sentence(command: Command): string {
  return `${command.summary[0]?.toUpperCase() ?? ''}${command.summary.slice(1)}.`;
}

function optionTable(options: Readonly<Record<string, OptionSpec>>): string[] {
  return table(
    Object.entries(options).map(([name, spec]) => {
      const short = spec.short === undefined ? '' : `-${spec.short}, `;
      return [`${short}--${name}${spec.value === '' ? '' : ` ${spec.value}`}`, spec.help] as const;
    }),
  );
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
