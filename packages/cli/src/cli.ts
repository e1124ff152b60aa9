/**
 * One run of the `bellhop` command: find the command, parse, run, and turn whatever was thrown into words and an exit
 * code. Nothing leaves this function but a number.
 */
import { join, resolve } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { flag, parseCommand, splitCommand, text } from './args.ts';
import { COMMANDS } from './commands.ts';
import { CliError, UsageError } from './errors.ts';
import { helpOn, overview, unknownCommand } from './help.ts';
import { styleFor } from './style.ts';
import { oneLine } from './text.ts';
import type { World } from './world.ts';

export async function runCli(argv: readonly string[], world: World): Promise<number> {
  try {
    return await dispatch(argv, world);
  } catch (error) {
    const style = styleFor(world.stderr, world.env);
    if (!(error instanceof CliError)) {
      world.stderr.write(
        `${style.red('bellhop:')} ${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
      );
      return 1;
    }
    world.stderr.write(`${style.red('bellhop:')} ${oneLine(error.message)}\n  ${oneLine(error.hint)}\n`);
    return error.exitCode;
  }
}

async function dispatch(argv: readonly string[], world: World): Promise<number> {
  const split = splitCommand(argv);
  const style = styleFor(world.stdout, world.env);
  switch (split.command) {
    case undefined:
    case '-h':
    case '--help':
      world.stdout.write(overview(style));
      return 0;
    case 'help':
      world.stdout.write(split.rest[0] === undefined ? overview(style) : helpOn(split.rest[0], style));
      return 0;
    case '--version':
    case 'version':
      world.stdout.write(`bellhop ${manifest.version}\n`);
      return 0;
  }
  const command = COMMANDS.find((row) => row.name === split.command);
  if (!command) throw unknownOrOption(split.command);
  const parsed = parseCommand(command.name, command.options, command.takesWords, split.rest);
  if (flag(parsed, 'help')) {
    world.stdout.write(helpOn(command.name, style));
    return 0;
  }
  if (!command.run)
    throw new UsageError(`"${command.name}" is started by the launcher.`, `./bellhop ${command.name}`);
  const data = dataFolder(text(parsed, 'data', command.name) ?? split.data, world);
  return command.run({ world, data, parsed });
}

function unknownOrOption(word: string): UsageError {
  if (!word.startsWith('-')) return unknownCommand(word);
  return new UsageError(
    `There is no option "${word}" before the command.`,
    'See what there is: ./bellhop help',
  );
}

function dataFolder(option: string | undefined, world: World): string {
  if (option === '') throw new UsageError('--data is empty.', 'As in: ./bellhop --data DIR status');
  // An empty variable counts as none, as in a shell's ${BELLHOP_DATA:-…}.
  return resolve(world.cwd, option ?? (world.env.BELLHOP_DATA || join(world.home, '.bellhop')));
}
