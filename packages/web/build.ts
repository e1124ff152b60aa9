/**
 * Builds the page: `node build.ts OUTDIR` writes index.html and assets/NAME-HASH.{js,css}, each also as .gz.
 *
 * An asset's name changes with its bytes, so that a browser may keep it for ever; index.html names them. No inline
 * script or style: the page's Content-Security-Policy allows neither.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'rolldown';

const [outDir] = process.argv.slice(2);
if (!outDir) throw new Error('usage: node build.ts OUTDIR');

const here = import.meta.dirname;
const assets = join(outDir, 'assets');
await rm(assets, { recursive: true, force: true });
await mkdir(assets, { recursive: true });

const { output } = await build({
  input: { page: join(here, 'src/main.ts') },
  platform: 'browser',
  tsconfig: join(here, 'tsconfig.json'),
  output: {
    dir: assets,
    format: 'esm',
    minify: true,
    entryFileNames: '[name]-[hash].js',
    chunkFileNames: '[name]-[hash].js',
  },
  logLevel: 'warn',
});
const script = output.find((file) => file.type === 'chunk' && file.isEntry)?.fileName;
if (script === undefined) throw new Error('the bundle has no entry');

const css = await styles();
const style = `page-${createHash('sha256').update(css).digest('base64url').slice(0, 8)}.css`;
await writeFile(join(assets, style), css);

const template = await readFile(join(here, 'index.html'), 'utf8');
await writeFile(
  join(outDir, 'index.html'),
  template.replace('{{style}}', style).replace('{{script}}', script),
);
for (const file of ['index.html', ...(await readdir(assets)).map((name) => join('assets', name))]) {
  await writeFile(join(outDir, `${file}.gz`), gzipSync(await readFile(join(outDir, file)), { level: 9 }));
}

/** The order is that of the names in style/index.css: tokens first. */
async function styles(): Promise<string> {
  const index = await readFile(join(here, 'src/style/index.css'), 'utf8');
  const names = [...index.matchAll(/@import "(.+?)"/g)].map(([, name]) => name ?? '');
  const texts = await Promise.all(names.map((name) => readFile(join(here, 'src/style', name), 'utf8')));
  // Comments and indentation are all that is worth taking away; gzip does the rest.
  return texts
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\n\s*/g, '\n')
    .replace(/\n+/g, '\n');
}
