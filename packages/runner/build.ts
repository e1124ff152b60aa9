/** Bundles one of the runner's programs into one file: `node build.ts main|light OUT`. Run by the host when the sources have changed. */
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const [program, outFile] = process.argv.slice(2);
if (!program || !outFile) throw new Error('usage: node build.ts main|light OUT');

await build({
  input: fileURLToPath(new URL(`./src/${program}.ts`, import.meta.url)),
  platform: 'node',
  // One file, also where a library imports a part of itself when it needs it.
  output: { file: outFile, format: 'esm', minify: program === 'light', codeSplitting: false },
  logLevel: 'warn',
});
