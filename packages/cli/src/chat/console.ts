/**
 * Where the lines of a chat come from and where its text goes: a terminal with a prompt, or a pipe.
 *
 * The terminal's prompt gives way to whatever is printed and comes back below it with what was typed so far; while live
 * text stands in mid-line it stays away. A pipe is read as bytes, so that a line that is not UTF-8 is refused.
 */
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import { UsageError } from '../errors.ts';
import { linesOf, utf8 } from '../text.ts';
import type { World } from '../world.ts';

export interface Console {
  /** Ends at end of input or Ctrl-C. */
  lines(): AsyncIterable<string>;
  /** `midLine`: more of the same line will follow. */
  print(text: string, midLine: boolean): void;
  close(): void;
}

export function terminalConsole(world: World): Console {
  const { stdin, stdout } = world;
  const rl = createInterface({
    input: stdin,
    output: stdout,
    terminal: true,
    prompt: '> ',
    historySize: 200,
  });
  let prompted = false;
  rl.on('SIGINT', () => rl.close());
  const hidePrompt = () => {
    if (!prompted) return;
    moveCursor(stdout, 0, -rl.getCursorPos().rows);
    cursorTo(stdout, 0);
    clearScreenDown(stdout);
    prompted = false;
  };
  const showPrompt = () => {
    rl.prompt(true);
    prompted = true;
  };
  return {
    lines: () => typedLines(rl, showPrompt),
    print: (text, midLine) => {
      if (text === '') return;
      hidePrompt();
      stdout.write(text);
      if (!midLine) showPrompt();
    },
    close: () => {
      hidePrompt();
      rl.close();
    },
  };
}

async function* typedLines(rl: Interface, showPrompt: () => void): AsyncGenerator<string> {
  showPrompt();
  for await (const line of rl) {
    yield line;
    showPrompt();
  }
}

export function pipeConsole(world: World): Console {
  return {
    lines: () => pipedLines(world),
    print: (text) => {
      world.stdout.write(text);
    },
    close: () => {},
  };
}

async function* pipedLines(world: World): AsyncGenerator<string> {
  let number = 0;
  for await (const bytes of linesOf(world.stdin)) {
    number += 1;
    const line = utf8(bytes);
    if (line === null) {
      throw new UsageError(
        `Line ${number} is not valid UTF-8; it and what follows was not sent.`,
        'Convert it first, as in: iconv -f latin1 -t utf-8',
      );
    }
    yield line.replace(/\r$/, '');
  }
}
