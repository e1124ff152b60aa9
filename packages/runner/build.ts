/** Bundles the runner into one file: `node build.ts OUT`. Run by the host when the sources have changed. */
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const [outFile] = process.argv.slice(2);
if (!outFile) throw new Error('usage: node build.ts OUT');

await build({
  input: fileURLToPath(new URL('./src/main.ts', import.meta.url)),
  platform: 'node',
  output: { file: outFile, format: 'esm', minify: false },
  logLevel: 'warn',
});
