/**
 * How a program that `./bellhop` starts beside the product ends: 2 with a hint for wrong words, 1 with what broke it. The
 * last line is a sentence, whatever stack stands above it.
 */

/** Runs `main` on the words behind the command, and leaves with its exit code. */
export async function runProgram(
  command: string,
  main: (argv: readonly string[]) => Promise<number>,
): Promise<never> {
  try {
    process.exit(await main(process.argv.slice(2)));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS')) {
      console.error(error);
      console.error(`${command} failed: ${message.split('\n')[0]}`);
      process.exit(1);
    }
    console.error(`bellhop: ${message.split('. ')[0]}\n  See: ./bellhop help ${command}`);
    process.exit(2);
  }
}
